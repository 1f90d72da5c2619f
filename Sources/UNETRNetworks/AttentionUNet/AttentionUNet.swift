public import UNETRArchitectures
public import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// The Attention U-Net (Oktay et al., MIDL 2018). Parameters and keys are those of MONAI 1.6, whose modules are nested: a level holds the
/// levels below it.
public final class AttentionUNet: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: AttentionUNetConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    /// Two convolutions, of which the first has the stride.
    private struct Pair {
        let first, second: MONAIConvolution

        init(_ scope: Scope, from inputs: Int, to outputs: Int, stride: Size3, _ configuration: AttentionUNetConfiguration) throws {
            first = try MONAIConvolution(scope / 0, from: inputs, to: outputs, configuration.unit(stride: stride))
            second = try MONAIConvolution(scope / 1, from: outputs, to: outputs, configuration.unit())
        }

        func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor { try second(first(x, pass), pass) }
    }

    private struct Level {
        let attention: AttentionGate
        let upsampling, merge: MONAIConvolution
        /// To the level below.
        let downward: Pair
    }

    private let first: Pair
    /// Finest first.
    private let levels: [Level]
    private let head: Convolution

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: AttentionUNetConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, channels = configuration.channels
        first = try Pair(
            root / "model" / 0 / "conv", from: configuration.inputChannels, to: channels[0], stride: [1, 1, 1], configuration)
        levels = try configuration.strides.indices.map { level in
            let place = root / configuration.path(level), here = channels[level], below = channels[level + 1]
            return Level(
                attention: try AttentionGate(place / "attention", channels: here),
                upsampling: try MONAIConvolution(place / "upconv" / "up", from: below, to: here, configuration.upsampling(level)),
                merge: try MONAIConvolution(place / "merge", from: 2 * here, to: here, configuration.merge),
                downward: try Pair(
                    root / configuration.lowerPath(level) / "conv", from: here, to: below, stride: configuration.strides[level], configuration))
        }
        head = try Convolution(root / "model" / 2 / "conv", from: channels[0], to: configuration.classes, kernel: [1, 1, 1], bias: true)
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, D, H, W], alone in the list: there are no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            var x = try pass.show("model.0", first(input.contiguous(.channelsLast), pass))
            var skips: [Tensor] = []
            for level in levels {
                skips.append(x)
                x = try level.downward(x, pass)
            }
            for (index, level) in levels.enumerated().reversed() {
                let raised = try level.upsampling(x, pass)
                let kept = try pass.show("\(configuration.path(index)).attention", level.attention(skips[index], gate: raised, pass))
                x = try pass.show(configuration.path(index), level.merge(Tensor.concatenated([kept, raised], axis: 1), pass))
            }
            return [try pass.show("logits0", head(x))]
        }
    }
}
