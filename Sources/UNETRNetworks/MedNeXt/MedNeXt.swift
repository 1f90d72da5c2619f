public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// MedNeXt (Roy et al., MICCAI 2023): a U-shaped network of ConvNeXt blocks whose skips are added. Parameters and keys are those of the
/// published code.
public final class MedNeXt: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: MedNeXtConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let stem: Convolution
    /// In the order of `MedNeXtConfiguration.stages`.
    private let stages: [(path: String, blocks: [MedNeXtBlock])]
    /// Finest first.
    private let heads: [TransposedConvolution]

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: MedNeXtConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root
        // The published code keeps it for its checkpoints of activations; nothing is computed from it.
        _ = try root.parameter("dummy_tensor", [1], .constant(1))
        stem = try Convolution(root / "stem", from: configuration.inputChannels, to: configuration.featureSize, kernel: [1, 1, 1], bias: true)
        stages = try configuration.stages.map { stage in
            (stage.path, try stage.blocks.map { try MedNeXtBlock(root / $0.path, $0, configuration) })
        }
        heads = try configuration.outputSizes.indices.map { level in
            try TransposedConvolution(
                root / "out_\(level)" / "conv_out", from: configuration.channels(level), to: configuration.classes, stride: [1, 1, 1], bias: true)
        }
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, …], finest first; the coarser ones only where `deepSupervision` asks for them.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = true) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            var x = try pass.show("stem", stem(input.contiguous(.channelsLast)))
            var skips: [Tensor] = [], logits: [Tensor] = []
            for (path, blocks) in stages {
                x = try pass.show(path, blocks.reduce(x) { try $1($0, pass) })
                if path.hasPrefix("enc_block") { skips.append(x) }
                if path.hasPrefix("up_") { x = try x + skips.removeLast() }
                let level = skips.count
                guard path == "bottleneck" || path.hasPrefix("dec_block"), level == 0 || (deepSupervision && level < heads.count) else { continue }
                logits.append(try pass.show("logits\(level)", heads[level](x)))
            }
            return logits.reversed()
        }
    }
}
