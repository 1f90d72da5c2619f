public import UNETRArchitectures
public import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// TransBTS (Wang et al., MICCAI 2021): convolutions down to an eighth of the size, a transformer over all voxels there, convolutions back.
/// Parameters and keys are those of the published code.
///
/// Two things differ from it: the logits are the output, not their soft-max, and nothing is dropped after the first convolution, which the
/// published code does in evaluation too.
public final class TransBTS: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: TransBTSConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private struct Step {
        let reduction: Convolution
        let upsampling: TransposedConvolution
        let merge: Convolution
        let block: TransBTSPair
    }

    private let positions: Tensor
    private let layers: [TransBTSLayer]
    private let embedding: Convolution
    private let encoder: TransBTSEncoder
    private let norm: BatchNorm
    private let first, second: TransBTSPair
    /// Coarsest first.
    private let decoder: [Step]
    private let head: Convolution

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: TransBTSConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, hidden = configuration.hiddenSize, lowest = configuration.channels(3)
        // For patches that are cut without convolutions, which no released network does.
        _ = try Linear(root / "linear_encoding", from: lowest * configuration.inputChannels, to: hidden)
        positions = try (root / "position_encoding").parameter(
            "position_embeddings", [1, configuration.grid.voxels, hidden], .constant(0))
        layers = try (0..<configuration.layers).map { try TransBTSLayer(root / "transformer" / "net", configuration, index: $0) }
        // Its result is not used.
        _ = try LayerNorm(root / "pre_head_ln", channels: hidden)
        embedding = try Convolution(root / "conv_x", from: lowest, to: hidden, kernel: [3, 3, 3], bias: true)
        encoder = try TransBTSEncoder(root / "Unet", configuration)
        norm = try BatchNorm(root / "bn", channels: lowest)
        first = try TransBTSPair(root / "Enblock8_1", from: hidden, to: lowest, isResidual: false, keys: ["bn1", "bn2", "conv1", "conv2"])
        second = try TransBTSPair(root / "Enblock8_2", from: lowest, to: lowest, isResidual: true, keys: ["conv1", "bn1", "bn2", "conv2"])
        decoder = try (0..<3).reversed().map { level in
            let place = root / "DeUp\(level + 2)", channels = configuration.channels(level)
            return Step(
                reduction: try Convolution(place / "conv1", from: 2 * channels, to: channels, kernel: [1, 1, 1], bias: true),
                upsampling: try TransposedConvolution(place / "conv2", from: channels, to: channels, stride: [2, 2, 2], bias: true),
                merge: try Convolution(place / "conv3", from: 2 * channels, to: channels, kernel: [1, 1, 1], bias: true),
                block: try TransBTSPair(
                    root / "DeBlock\(level + 2)", from: channels, to: channels, isResidual: true, keys: ["bn1", "conv1", "conv2", "bn2"]))
        }
        head = try Convolution(root / "endconv", from: configuration.featureSize, to: configuration.classes, kernel: [1, 1, 1], bias: true)
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, D, H, W], alone in the list: there are no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            var maps = try encoder(input.contiguous(.channelsLast), pass)
            let lowest = try norm(maps.removeLast(), pass)
            try lowest.reluInPlace()
            let embedded = try pass.show("conv_x", embedding(lowest))
            var tokens = try pass.dropped(embedded.channelsToEnd().flattened(from: 1, to: 3) + positions, configuration.dropout)
            for layer in layers { tokens = try layer(tokens, pass) }
            let volume = try tokens.reshaped([input.shape[0]] + configuration.grid + [configuration.hiddenSize]).channelsToFront()
            var x = try pass.show("Enblock8_2", second(first(volume, pass), pass))
            for (index, step) in decoder.enumerated() {
                let raised = try step.upsampling(step.reduction(x))
                x = try step.block(step.merge(Tensor.concatenated([maps.removeLast(), raised], axis: 1)), pass)
                pass.show("DeBlock\(decoder.count + 1 - index)", x)
            }
            return [try pass.show("endconv", head(x))]
        }
    }
}
