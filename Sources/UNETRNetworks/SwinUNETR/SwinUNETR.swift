public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// Swin UNETR (Hatamizadeh et al., BrainLes 2021): a hierarchical encoder of shifted-window attention and a residual convolutional decoder.
/// Parameters and keys are those of MONAI 1.6.
public final class SwinUNETR: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: SwinUNETRConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let encoder: SwinEncoder
    private let encoder1, encoder2, encoder3, encoder4, bottleneck: ResidualBlock
    private let decoder5, decoder4, decoder3, decoder2, decoder1: UpsamplingBlock
    private let head: Convolution

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: SwinUNETRConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root
        let f = configuration.featureSize
        encoder = try SwinEncoder(root / "swinViT", configuration)
        encoder1 = try ResidualBlock(root / "encoder1" / "layer", from: configuration.inputChannels, to: f, norm: .instance)
        encoder2 = try ResidualBlock(root / "encoder2" / "layer", from: f, to: f, norm: .instance)
        encoder3 = try ResidualBlock(root / "encoder3" / "layer", from: 2 * f, to: 2 * f, norm: .instance)
        encoder4 = try ResidualBlock(root / "encoder4" / "layer", from: 4 * f, to: 4 * f, norm: .instance)
        bottleneck = try ResidualBlock(root / "encoder10" / "layer", from: 16 * f, to: 16 * f, norm: .instance)
        decoder5 = try UpsamplingBlock(root / "decoder5", from: 16 * f, to: 8 * f)
        decoder4 = try UpsamplingBlock(root / "decoder4", from: 8 * f, to: 4 * f)
        decoder3 = try UpsamplingBlock(root / "decoder3", from: 4 * f, to: 2 * f)
        decoder2 = try UpsamplingBlock(root / "decoder2", from: 2 * f, to: f)
        decoder1 = try UpsamplingBlock(root / "decoder1", from: f, to: f)
        head = try Convolution(root / "out" / "conv" / "conv", from: f, to: configuration.classes, kernel: [1, 1, 1], bias: true)
    }

    /// [N, inputChannels, D, H, W], sizes divisible by 32, → logits [N, classes, D, H, W], alone in the list: there are no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let x = try input.contiguous(.channelsLast)
            let stages = try encoder(x, pass)
            let lowest = try pass.show("encoder10", bottleneck(stages[4], pass))
            var y = try pass.show("decoder5", decoder5(lowest, skip: stages[3], pass))
            y = try decoder4(y, skip: encoder4(stages[2], pass), pass)
            y = try decoder3(y, skip: encoder3(stages[1], pass), pass)
            y = try decoder2(y, skip: encoder2(stages[0], pass), pass)
            y = try decoder1(y, skip: pass.show("encoder1", encoder1(x, pass)), pass)
            return [try pass.show("logits0", head(y))]
        }
    }

    private func checked(_ input: Tensor) throws -> Tensor {
        let shape = input.shape
        guard shape.count == 5, shape[1] == configuration.inputChannels, shape[2...].allSatisfy({ $0 > 0 && $0 % 32 == 0 }) else {
            throw InputShapeError(found: shape, expected: [configuration.inputChannels] + configuration.patchSize, unit: 32)
        }
        return input
    }
}
