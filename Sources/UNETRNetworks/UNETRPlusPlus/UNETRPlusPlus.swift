public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// UNETR++ (Shaker et al., IEEE TMI 2024): an encoder–decoder of efficient paired attention for 3-D segmentation.
public final class UNETRPlusPlus: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: UNETRPlusPlusConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let encoder: HierarchicalEncoder
    private let encoder1: ResidualBlock
    private let decoder5, decoder4, decoder3, decoder2: DecoderStage
    private let heads: [Convolution]

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: UNETRPlusPlusConfiguration, device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root
        let features = configuration.featureSize
        encoder = try HierarchicalEncoder(root / "unetr_pp_encoder", configuration)
        encoder1 = try ResidualBlock(root / "encoder1", from: configuration.inputChannels, to: features, norm: .instance)
        decoder5 = try DecoderStage(root / "decoder5", configuration, stage: 2, name: "decoder5")
        decoder4 = try DecoderStage(root / "decoder4", configuration, stage: 1, name: "decoder4")
        decoder3 = try DecoderStage(root / "decoder3", configuration, stage: 0, name: "decoder3")
        decoder2 = try DecoderStage(fullResolution: root / "decoder2", configuration, name: "decoder2")
        let inputs = configuration.deepSupervision ? [features, 2 * features, 4 * features] : [features]
        heads = try inputs.enumerated().map { index, inputs in
            try Convolution(
                root / "out\(index + 1)" / "conv" / "conv", from: inputs, to: configuration.classes, kernel: [1, 1, 1], bias: true)
        }
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, …], finest first; the coarser ones only where `deepSupervision` asks for them.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = true) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let x = try input.contiguous(.channelsLast)
            let stages = try encoder(x, pass)
            let third = try decoder5(stages[3], skip: stages[2], pass)
            let second = try decoder4(third, skip: stages[1], pass)
            let first = try decoder3(second, skip: stages[0], pass)
            let fine = try decoder2(first, skip: pass.show("encoder1", encoder1(x, pass)), pass)
            let features = deepSupervision ? [fine, first, second] : [fine]
            return try zip(heads, features).enumerated().map { level, parts in
                try pass.show("logits\(level)", parts.0(parts.1))
            }
        }
    }
}
