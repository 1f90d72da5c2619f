public import UNETRArchitectures
public import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// MONAI's DynUNet (Futrega et al., BrainLes 2021), with the keys of MONAI 1.6.
///
/// The published network nests its parts a second time, level by level, so that every tensor but those of the last layer is saved again
/// under `skip_layers`.
public final class DynUNet: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: DynUNetConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let encoder: [ResidualBlock]
    /// Coarsest first.
    private let decoder: [UpsamplingBlock]
    /// Finest first.
    private let heads: [Convolution]

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: DynUNetConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, features = configuration.features, kernels = configuration.kernels, norm = configuration.norm.kind
        encoder = try features.indices.map { stage in
            try ResidualBlock(
                root / configuration.path(stage), from: stage == 0 ? configuration.inputChannels : features[stage - 1], to: features[stage],
                kernel: kernels[stage], stride: stage == 0 ? [1, 1, 1] : configuration.strides[stage - 1], norm: norm,
                isResidual: configuration.residual, initial: .heNormal)
        }
        decoder = try configuration.decoderStages.enumerated().map { index, stage in
            // As published with the kernel of the stage below.
            try UpsamplingBlock(
                root / "upsamples" / index, from: features[stage + 1], to: features[stage], kernel: kernels[stage + 1],
                stride: configuration.strides[stage], bias: configuration.upsamplingBias, norm: norm, isResidual: false, initial: .heNormal)
        }
        heads = try (0...configuration.coarseOutputs).map { stage in
            let place = stage == 0 ? root / "output_block" : root / "deep_supervision_heads" / (stage - 1)
            return try Convolution(
                place / "conv" / "conv", from: features[stage], to: configuration.classes, kernel: [1, 1, 1], bias: true, initial: .heNormal)
        }
        addSecondKeys(root)
    }

    private func addSecondKeys(_ root: Scope) {
        func nested(_ level: Int) -> String { "skip_layers" + String(repeating: ".next_layer", count: level) }
        for stage in encoder.indices.dropLast() { root.aliasAll("\(nested(stage)).downsample", of: configuration.path(stage)) }
        root.aliasAll(nested(encoder.count - 1), of: "bottleneck")
        for (index, stage) in configuration.decoderStages.enumerated() {
            root.aliasAll("\(nested(stage)).upsample", of: "upsamples.\(index)")
            guard (1..<heads.count).contains(stage) else { continue }
            root.aliasAll("\(nested(stage)).super_head", of: "deep_supervision_heads.\(stage - 1)")
        }
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, …], finest first; the coarser ones only where `deepSupervision` asks for them.
    ///
    /// The published network enlarges the coarser ones to the finest's size; here they stay as they are.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = true) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            var x = try input.contiguous(.channelsLast)
            var skips: [Tensor] = []
            for (stage, block) in encoder.enumerated() {
                x = try pass.show(configuration.path(stage), block(x, pass))
                skips.append(x)
            }
            skips.removeLast()
            var logits: [Tensor] = []
            for (index, stage) in configuration.decoderStages.enumerated() {
                x = try pass.show("upsamples.\(index)", decoder[index](x, skip: skips.removeLast(), pass))
                guard stage == 0 || (deepSupervision && stage < heads.count) else { continue }
                logits.append(try pass.show("logits\(stage)", heads[stage](x)))
            }
            return logits.reversed()
        }
    }
}
