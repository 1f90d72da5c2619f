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

    private let stem: ConvolutionUnit?
    private let encoder: [Stage]
    private let decoder: NNUNetDecoder

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: NNUNetConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, parts = NNUNetParts(root, configuration, version: .v2)
        stem =
            try configuration.encoder == .plain
            ? nil
            : ConvolutionUnit(
                root / "encoder" / "stem" / "convs" / 0, from: configuration.inputChannels, to: configuration.features[0],
                kernel: configuration.kernels[0])
        encoder = try configuration.features.indices.map { stage in
            switch configuration.encoder {
            case .plain: .plain(try parts.plainStage(stage))
            case .residual: .residual(try Self.residualStage(root / "encoder" / "stages" / stage / "blocks", configuration, stage))
            }
        }
        root.aliasAll("decoder.encoder", of: "encoder")
        // The keys of a decoder stage lie apart: all convolutions come first, then all up-samplings, then all heads.
        decoder = NNUNetDecoder(units: try parts.decoderUnits(), upsamplings: try parts.upsamplings(), heads: try parts.heads())
    }

    private static func residualStage(_ scope: Scope, _ configuration: NNUNetConfiguration, _ stage: Int) throws -> [ResidualBlock] {
        let outputs = configuration.features[stage], inputs = configuration.features[max(stage - 1, 0)]
        return try (0..<configuration.depths[stage]).map { index in
            try ResidualBlock(
                nnUNet: scope / index, from: index == 0 ? inputs : outputs, to: outputs, kernel: configuration.kernels[stage],
                stride: index == 0 ? configuration.strides[stage] : [1, 1, 1])
        }
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, …], finest first; the coarser ones only where `deepSupervision` asks for them.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = true) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let skips = try encode(input.contiguous(.channelsLast), pass)
            return try decoder(skips, pass, supervised: deepSupervision ? configuration.supervisedOutputs : 1)
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
