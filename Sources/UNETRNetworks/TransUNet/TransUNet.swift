public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// TransUNet (Chen et al., 2021): a residual network over a slice, a transformer over its coarsest map, and a decoder with skips from the
/// residual network. Parameters and keys are those of the published code.
public final class TransUNet: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: TransUNetConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let backbone: TransUNetBackbone
    private let transformer: MapTransformer
    private let first: BatchUnit
    /// Coarsest first.
    private let decoder: [(BatchUnit, BatchUnit)]
    private let head: Convolution

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: TransUNetConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let place = store.root / "transformer"
        let positions = try MapTransformer.positions(place, configuration.transformer)
        backbone = try TransUNetBackbone(place / "embeddings" / "hybrid_model", configuration)
        transformer = try MapTransformer(place, configuration.transformer, positions: positions)
        let parts = store.root / "decoder", outputs = configuration.decoderChannels, inputs = [configuration.headChannels] + outputs
        first = try BatchUnit(parts / "conv_more", from: configuration.hiddenSize, to: configuration.headChannels, kernel: [1, 3, 3])
        decoder = try outputs.indices.map { index in
            let block = parts / "blocks" / index
            return (
                try BatchUnit(
                    block / "conv1", from: inputs[index] + configuration.skipChannels[index], to: outputs[index], kernel: [1, 3, 3]),
                try BatchUnit(block / "conv2", from: outputs[index], to: outputs[index], kernel: [1, 3, 3])
            )
        }
        head = try Convolution(
            store.root / "segmentation_head" / 0, from: outputs[3], to: configuration.classes, kernel: [1, 3, 3], bias: true)
    }

    /// [N, inputChannels, 1, H, W] → logits [N, classes, 1, H, W], alone in the list: there are no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try configuration.image(configuration.checked(input))
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let (skips, last) = try backbone(input.contiguous(.channelsLast), pass)
            var x = try pass.show("decoder.conv_more", first(transformer(last, pass), pass))
            for (index, units) in decoder.enumerated() {
                let size = configuration.size(level: 3 - index)
                x = try x.upsampledLinear(to: Array(size), aligningCorners: true)
                if index < skips.count { x = try Tensor.concatenated([x, skips[skips.count - 1 - index]], axis: 1) }
                x = try pass.show("decoder.blocks.\(index)", units.1(units.0(x, pass), pass))
            }
            return [pass.show("logits0", try inSafePrecision(x, pass, parameters: head.weight.dtype) { try head($0) })]
        }
    }
}
