public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// SegResNet (Myronenko, BrainLes 2018): residual blocks with the normalization first, and skips that are added. Parameters and keys are
/// those of MONAI 1.6.
public final class SegResNet: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: SegResNetConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private struct Level {
        let downsampling: Convolution?
        let blocks: [PreactivationBlock]
    }

    private let first: Convolution
    /// Finest first.
    private let encoder: [Level]
    /// Coarsest first.
    private let decoder: [[PreactivationBlock]]
    private let upsamplings: [Convolution]
    private let norm: GroupNorm
    private let head: Convolution

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: SegResNetConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, groups = configuration.groups
        first = try Convolution(
            root / "convInit" / "conv", from: configuration.inputChannels, to: configuration.featureSize, kernel: [3, 3, 3])
        encoder = try configuration.depths.enumerated().map { level, depth in
            let place = root / "down_layers" / level, channels = configuration.channels(level)
            let downsampling =
                try level == 0
                ? nil : Convolution(place / 0 / "conv", from: channels / 2, to: channels, kernel: [3, 3, 3], stride: [2, 2, 2])
            return Level(
                downsampling: downsampling, blocks: try (1...depth).map { try PreactivationBlock(place / $0, channels: channels, groups: groups) })
        }
        let levels = configuration.decoderLevels
        decoder = try zip(levels, configuration.decoderDepths).enumerated().map { index, level in
            try (0..<level.1).map {
                try PreactivationBlock(root / "up_layers" / index / $0, channels: configuration.channels(level.0), groups: groups)
            }
        }
        upsamplings = try levels.enumerated().map { index, level in
            try Convolution(
                root / "up_samples" / index / 0 / "conv", from: configuration.channels(level + 1), to: configuration.channels(level), kernel: [1, 1, 1])
        }
        norm = try GroupNorm(root / "conv_final" / 0, channels: configuration.featureSize, groups: groups)
        head = try Convolution(
            root / "conv_final" / 2 / "conv", from: configuration.featureSize, to: configuration.classes, kernel: [1, 1, 1], bias: true)
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, D, H, W], alone in the list: there are no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            var x = try pass.dropped(pass.show("convInit", first(input.contiguous(.channelsLast))), configuration.dropout)
            var skips: [Tensor] = []
            for (index, level) in encoder.enumerated() {
                if let downsampling = level.downsampling { x = try downsampling(x) }
                x = try pass.show("down_layers.\(index)", level.blocks.reduce(x) { try $1($0, pass) })
                skips.append(x)
            }
            skips.removeLast()
            for (index, blocks) in decoder.enumerated() {
                let skip = skips.removeLast()
                x = try upsamplings[index](x).upsampledLinear(to: Array(skip.shape.dropFirst(2)))
                try x.addInPlace(skip)
                x = try pass.show("up_layers.\(index)", blocks.reduce(x) { try $1($0, pass) })
            }
            let last = try norm(x)
            try last.reluInPlace()
            return [try pass.show("logits0", head(last))]
        }
    }
}
