public import UNETRArchitectures
public import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// The U-Nets of nnU-Net (Isensee et al., Nature Methods 2021; residual encoders: MICCAI 2024), with the keys of version 2.
///
/// The published decoder holds the encoder as a part, so that every encoder tensor is saved again under `decoder.encoder`.
public final class NNUNet: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: NNUNetConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private enum Stage {
        case plain([ConvolutionUnit])
        case residual([ResidualBlock])
    }

    private struct DecoderStage {
        let upsampling: TransposedConvolution
        let units: [ConvolutionUnit]
        let head: Convolution
    }

    private let stem: ConvolutionUnit?
    private let encoder: [Stage]
    /// Coarsest first.
    private let decoder: [DecoderStage]

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: NNUNetConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root
        let place = root / "encoder"
        let features = configuration.features
        stem =
            try configuration.encoder == .plain
            ? nil
            : ConvolutionUnit(
                place / "stem" / "convs" / 0, from: configuration.inputChannels, to: features[0], kernel: configuration.kernels[0])
        encoder = try features.indices.map { stage in
            let first = configuration.encoder == .plain ? configuration.inputChannels : features[0]
            return try Self.stage(place / "stages" / stage, configuration, stage, from: stage == 0 ? first : features[stage - 1])
        }
        root.aliasAll("decoder.encoder", of: "encoder")
        decoder = try Self.decoder(root / "decoder", configuration)
    }

    private static func stage(_ scope: Scope, _ configuration: NNUNetConfiguration, _ stage: Int, from inputs: Int) throws -> Stage {
        let outputs = configuration.features[stage], kernel = configuration.kernels[stage]
        let layers = (0..<configuration.depths[stage]).map { index in
            (index: index, inputs: index == 0 ? inputs : outputs, stride: index == 0 ? configuration.strides[stage] : [1, 1, 1])
        }
        switch configuration.encoder {
        case .plain:
            return .plain(
                try layers.map {
                    try ConvolutionUnit(scope / 0 / "convs" / $0.index, from: $0.inputs, to: outputs, kernel: kernel, stride: $0.stride)
                })
        case .residual:
            return .residual(
                try layers.map {
                    try ResidualBlock(nnUNet: scope / "blocks" / $0.index, from: $0.inputs, to: outputs, kernel: kernel, stride: $0.stride)
                })
        }
    }

    /// The keys of a decoder stage lie apart: all convolutions come first, then all up-samplings, then all heads.
    private static func decoder(_ scope: Scope, _ configuration: NNUNetConfiguration) throws -> [DecoderStage] {
        let features = configuration.features
        // The stage of the encoder whose size decoder stage `index` has.
        let levels = Array(features.indices.dropLast().reversed())
        let units = try levels.enumerated().map { index, level in
            try (0..<configuration.decoderDepths[index]).map { unit in
                try ConvolutionUnit(
                    scope / "stages" / index / "convs" / unit, from: (unit == 0 ? 2 : 1) * features[level], to: features[level],
                    kernel: configuration.kernels[level])
            }
        }
        let upsamplings = try levels.enumerated().map { index, level in
            try TransposedConvolution(
                scope / "transpconvs" / index, from: features[level + 1], to: features[level], stride: Array(configuration.strides[level + 1]),
                bias: true, initial: .heNormal)
        }
        let heads = try levels.enumerated().map { index, level in
            try Convolution(
                scope / "seg_layers" / index, from: features[level], to: configuration.classes, kernel: [1, 1, 1], bias: true,
                initial: .heNormal)
        }
        return levels.indices.map { DecoderStage(upsampling: upsamplings[$0], units: units[$0], head: heads[$0]) }
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, …], finest first; the coarser ones only where `deepSupervision` asks for them.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = true) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let skips = try encode(input.contiguous(.channelsLast), pass)
            var x = skips[skips.count - 1]
            var logits: [Tensor] = []
            for (index, stage) in decoder.enumerated() {
                let level = decoder.count - 1 - index
                x = try Tensor.concatenated([stage.upsampling(x), skips[level]], axis: 1)
                for unit in stage.units { x = try unit(x, pass) }
                if level == 0 || (deepSupervision && level < configuration.supervisedOutputs) {
                    logits.append(try pass.show("logits\(level)", stage.head(x)))
                }
            }
            return logits.reversed()
        }
    }

    /// The outputs of the encoder's stages, finest first.
    private func encode(_ x: Tensor, _ pass: ForwardPass) throws -> [Tensor] {
        var x = try stem.map { try $0(x, pass) } ?? x
        return try encoder.enumerated().map { index, stage in
            switch stage {
            case .plain(let units): for unit in units { x = try unit(x, pass) }
            case .residual(let blocks): for block in blocks { x = try block(x, pass) }
            }
            return pass.show("encoder.stage\(index)", x)
        }
    }
}
