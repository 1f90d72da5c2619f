public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// UNETR (Hatamizadeh et al., WACV 2022): a vision transformer over blocks of 16³ voxels, and a convolutional decoder that reads its tokens
/// at four depths. Parameters and keys are those of MONAI 1.6.
public final class UNETR: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: UNETRConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let transformer: VisionTransformer
    private let encoder1: ResidualBlock
    private let encoder2, encoder3, encoder4: TokenUpsampling
    private let decoder5, decoder4, decoder3, decoder2: UpsamplingBlock
    private let head: Convolution

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: UNETRConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root
        let features = configuration.featureSize, hidden = configuration.hiddenSize
        transformer = try VisionTransformer(root / "vit", configuration)
        encoder1 = try ResidualBlock(root / "encoder1" / "layer", from: configuration.inputChannels, to: features, norm: .instance)
        encoder2 = try TokenUpsampling(root / "encoder2", from: hidden, to: 2 * features, doublings: 3)
        encoder3 = try TokenUpsampling(root / "encoder3", from: hidden, to: 4 * features, doublings: 2)
        encoder4 = try TokenUpsampling(root / "encoder4", from: hidden, to: 8 * features, doublings: 1)
        decoder5 = try UpsamplingBlock(root / "decoder5", from: hidden, to: 8 * features)
        decoder4 = try UpsamplingBlock(root / "decoder4", from: 8 * features, to: 4 * features)
        decoder3 = try UpsamplingBlock(root / "decoder3", from: 4 * features, to: 2 * features)
        decoder2 = try UpsamplingBlock(root / "decoder2", from: 2 * features, to: features)
        head = try Convolution(root / "out" / "conv" / "conv", from: features, to: configuration.classes, kernel: [1, 1, 1], bias: true)
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, D, H, W], alone in the list: UNETR has no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let (hidden, last) = try transformer(input, pass)
            let skips = try configuration.skipLayers.map { try volume(hidden[$0]) }
            let full = try encoder1(input.contiguous(.channelsLast), pass)
            let half = try encoder2(skips[0], pass)
            let quarter = try encoder3(skips[1], pass)
            let eighth = try encoder4(skips[2], pass)
            var x = try decoder5(volume(last), skip: eighth, pass)
            x = try decoder4(x, skip: quarter, pass)
            x = try decoder3(x, skip: half, pass)
            x = try decoder2(x, skip: full, pass)
            return [try pass.show("logits0", head(x))]
        }
    }

    /// Tokens [N, T, C] as [N, C, d, h, w], in channels-last memory.
    private func volume(_ tokens: Tensor) throws -> Tensor {
        try tokens.reshaped([tokens.shape[0]] + configuration.grid + [configuration.hiddenSize]).channelsToFront()
    }
}

/// Tokens brought to a finer grid by transposed convolutions, each but the first followed by a residual block (MONAI's `UnetrPrUpBlock`).
struct TokenUpsampling {
    private let first: TransposedConvolution
    private let rest: [(upsampling: TransposedConvolution, block: ResidualBlock)]

    init(_ scope: Scope, from inputs: Int, to outputs: Int, doublings: Int) throws {
        first = try TransposedConvolution(scope / "transp_conv_init" / "conv", from: inputs, to: outputs, stride: [2, 2, 2])
        rest = try (0..<(doublings - 1)).map { index in
            let place = scope / "blocks" / index
            return (
                try TransposedConvolution(place / 0 / "conv", from: outputs, to: outputs, stride: [2, 2, 2]),
                try ResidualBlock(place / 1, from: outputs, to: outputs, norm: .instance)
            )
        }
    }

    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try rest.reduce(first(x)) { x, step in try step.block(step.upsampling(x), pass) }
    }
}
