public import UNETRArchitectures
public import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// The U-Net of MONAI (Kerfoot et al., STACOM 2018). Parameters and keys are those of MONAI 1.6, whose modules are nested: a level holds
/// the levels below it.
public final class MONAIUNet: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: MONAIUNetConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    /// A residual unit, or a single convolution.
    private enum Block {
        case residual(ResidualUnit)
        case single(MONAIConvolution)

        func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
            switch self {
            case .residual(let unit): try unit(x, pass)
            case .single(let unit): try unit(x, pass)
            }
        }
    }

    private struct Upsampling {
        let convolution: MONAIConvolution
        let unit: ResidualUnit?
    }

    /// Finest first; the last is the bottom.
    private let encoder: [Block]
    /// Coarsest first.
    private let decoder: [Upsampling]

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: MONAIUNetConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, units = configuration.residualUnits
        func block(_ path: String, from inputs: Int, to outputs: Int, stride: Size3) throws -> Block {
            let settings = configuration.unit(stride: stride)
            return units > 0
                ? .residual(try ResidualUnit(root / path, from: inputs, to: outputs, count: units, settings))
                : .single(try MONAIConvolution(root / path, from: inputs, to: outputs, settings))
        }
        let levels = configuration.levels, channels = configuration.channels
        let downward = try levels.map { try block("\($0.path).0", from: $0.inputs, to: $0.channels, stride: $0.stride) }
        let bottom = try block(
            configuration.bottom, from: channels[channels.count - 2], to: channels[channels.count - 1], stride: [1, 1, 1])
        encoder = downward + [bottom]
        decoder = try levels.reversed().map { level in
            let place = root / "\(level.path).2", settings = configuration.unit(stride: [1, 1, 1])
            let convolution = try MONAIConvolution(
                units > 0 ? place / 0 : place, from: level.joined, to: level.outputs, configuration.upsampling(level))
            guard units > 0 else { return Upsampling(convolution: convolution, unit: nil) }
            return Upsampling(
                convolution: convolution,
                unit: try ResidualUnit(
                    place / 1, from: level.outputs, to: level.outputs, count: 1, level.isTop ? settings.bare : settings))
        }
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, D, H, W], alone in the list: there are no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            var x = try input.contiguous(.channelsLast)
            var skips: [Tensor] = []
            for (block, level) in zip(encoder, configuration.levels) {
                x = try pass.show("\(level.path).0", block(x, pass))
                skips.append(x)
            }
            x = try encoder[encoder.count - 1](x, pass)
            for (stage, level) in zip(decoder, configuration.levels.reversed()) {
                x = try stage.convolution(Tensor.concatenated([skips.removeLast(), x], axis: 1), pass)
                if let unit = stage.unit { x = try unit(x, pass) }
                pass.show("\(level.path).2", x)
            }
            return [pass.show("logits0", x)]
        }
    }
}
