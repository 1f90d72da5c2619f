public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// nnFormer (Zhou et al., IEEE TIP 2023): attention within windows and, where a window is the whole grid, over the volume, with skip
/// attention between encoder and decoder.
public final class NNFormer: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: NNFormerConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let encoder: NNFormerEncoder
    /// Finest first.
    private let decoder: [NNFormerDecoderStage]
    private let heads: [TransposedConvolution]

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: NNFormerConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root
        encoder = try NNFormerEncoder(root / "model_down", configuration)
        decoder = try (0..<3).map { try NNFormerDecoderStage(root / "decoder" / "layers" / $0, configuration, stage: $0) }
        heads = try configuration.outputSizes.indices.map { level in
            try TransposedConvolution(
                root / "final" / level / "up", from: configuration.channels(level), to: configuration.classes, stride: Array(configuration.stem),
                bias: true)
        }
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, …], finest first; the coarser ones only where `deepSupervision` asks for them.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = true) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let skips = try encoder(input.contiguous(.channelsLast), pass)
            var x = skips[3]
            if configuration.dropout > 0 { x = try pass.dropped(x, configuration.dropout) }
            var features: [Tensor] = []
            for stage in (0..<3).reversed() {
                x = try decoder[stage](x, skip: skips[stage], pass)
                features.insert(x, at: 0)
            }
            return try zip(heads, features).prefix(deepSupervision ? heads.count : 1).enumerated().map { level, parts in
                try pass.show("logits\(level)", parts.0(parts.1.channelsToFront()))
            }
        }
    }
}
