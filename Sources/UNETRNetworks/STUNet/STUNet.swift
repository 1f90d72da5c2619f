public import UNETRArchitectures
public import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// STU-Net (Huang et al., 2023): residual blocks in encoder and decoder, strides for pooling, nearest neighbors for the way back.
/// Parameters and keys are those of the published trainer for nnU-Net 2.
public final class STUNet: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: STUNetConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let encoder: [[STUNetBlock]]
    /// These three: coarsest first.
    private let upsamplings: [Convolution]
    private let decoder: [[STUNetBlock]]
    private let heads: [Convolution]

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: STUNetConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, features = configuration.features
        func blocks(_ scope: Scope, _ stage: Int, from inputs: Int, stride: Size3) throws -> [STUNetBlock] {
            let outputs = features[stage], kernel = configuration.kernels[stage]
            return try (0..<configuration.depths[stage]).map { index in
                let isFirst = index == 0
                return try STUNetBlock(
                    scope / index, from: isFirst ? inputs : outputs, to: outputs, kernel: kernel, stride: isFirst ? stride : Size3(1, 1, 1),
                    isFirst: isFirst)
            }
        }
        encoder = try features.indices.map { stage in
            let inputs = stage == 0 ? configuration.inputChannels : features[stage - 1]
            let stride = stage == 0 ? Size3(1, 1, 1) : configuration.strides[stage - 1]
            return try blocks(root / "conv_blocks_context" / stage, stage, from: inputs, stride: stride)
        }
        // The keys lie apart: all up-samplings, then all blocks, then all heads.
        let stages = Array(configuration.decoderStages.enumerated())
        upsamplings = try stages.map { index, stage in
            try Convolution(
                root / "upsample_layers" / index / "conv", from: features[stage + 1], to: features[stage], kernel: [1, 1, 1], bias: true)
        }
        decoder = try stages.map { index, stage in
            try blocks(root / "conv_blocks_localization" / index, stage, from: 2 * features[stage], stride: [1, 1, 1])
        }
        heads = try stages.map { index, stage in
            try Convolution(root / "seg_outputs" / index, from: features[stage], to: configuration.classes, kernel: [1, 1, 1], bias: true)
        }
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, …], finest first; the coarser ones only where `deepSupervision` asks for them.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = true) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            var x = try input.contiguous(.channelsLast)
            var skips: [Tensor] = []
            for (index, blocks) in encoder.enumerated() {
                x = try pass.show("conv_blocks_context.\(index)", blocks.reduce(x) { try $1($0, pass) })
                skips.append(x)
            }
            skips.removeLast()
            var logits: [Tensor] = []
            for (index, stage) in configuration.decoderStages.enumerated() {
                let skip = skips.removeLast()
                // Voxel by voxel, so it may as well come before the voxels are repeated, as it does not in the published code.
                let raised = try pass.show(
                    "upsample_layers.\(index)", upsamplings[index](x).upsampledNearest(to: Array(skip.shape.dropFirst(2))))
                x = try decoder[index].reduce(Tensor.concatenated([raised, skip], axis: 1)) { try $1($0, pass) }
                pass.show("conv_blocks_localization.\(index)", x)
                if stage == 0 || deepSupervision { logits.append(try pass.show("logits\(stage)", heads[index](x))) }
            }
            return logits.reversed()
        }
    }
}

/// Two convolutions with normalization and a shortcut around them, which in a stage's first block is a convolution without one.
private struct STUNetBlock {
    let conv1, conv2: Convolution
    let norm1, norm2: InstanceNorm
    let shortcut: Convolution?

    init(_ scope: Scope, from inputs: Int, to outputs: Int, kernel: Size3, stride: Size3, isFirst: Bool) throws {
        let padding = kernel.map { $0 / 2 }
        conv1 = try Convolution(
            scope / "conv1", from: inputs, to: outputs, kernel: Array(kernel), stride: Array(stride), padding: padding, bias: true)
        norm1 = try InstanceNorm(scope / "norm1", channels: outputs)
        conv2 = try Convolution(scope / "conv2", from: outputs, to: outputs, kernel: Array(kernel), padding: padding, bias: true)
        norm2 = try InstanceNorm(scope / "norm2", channels: outputs)
        shortcut =
            try isFirst
            ? Convolution(
                scope / "conv3", from: inputs, to: outputs, kernel: [1, 1, 1], stride: Array(stride), padding: [0, 0, 0], bias: true) : nil
    }

    /// [N, inputs, D, H, W] → [N, outputs, D′, H′, W′].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: conv1.weight.dtype) { x in
            let inner = try norm1(conv1(x))
            try inner.leakyReLUInPlace()
            let sum = try norm2(conv2(inner))
            try sum.addInPlace(shortcut.map { try $0(x) } ?? x)
            try sum.leakyReLUInPlace()
            return sum
        }
    }
}
