public import UNETRSupport

/// Everything that defines a 3D TransUNet: the plain U-Net of nnU-Net with a transformer over its coarsest map.
///
/// As JSON it names what differs from the defaults: `{"classes": 4, "layers": 6}`.
public struct TransUNet3DConfiguration: FieldCoded {
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 17
    /// The patch [D, H, W]; each size is divisible by the product of the strides along it.
    public var patchSize: Size3 = [64, 192, 192]
    /// Channels of each stage, finest first.
    public var features = [32, 64, 128, 256, 320, 320]
    /// Kernel [d, h, w] of each stage, odd sizes.
    public var kernels: [Size3] = [[1, 3, 3]] + Array(repeating: [3, 3, 3], count: 5)
    /// Stride [d, h, w] of each stage's first convolution.
    public var strides: [Size3] = [[1, 1, 1], [1, 2, 2]] + Array(repeating: [2, 2, 2], count: 4)
    /// Channels of a token.
    public var hiddenSize = 768
    /// Channels between the two linear layers of a transformer block.
    public var feedForwardSize = 3072
    /// Attention heads of each block.
    public var heads = 12
    /// Transformer blocks.
    public var layers = 12
    /// Whether the shortcuts of the transformer's blocks have a learned factor for each channel.
    public var scalesShortcuts = true
    /// Dropout of the transformer's embeddings and linear layers.
    public var dropout = 0.1

    /// The published settings.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("features", \.features), .init("kernels", \.kernels, rule: \.unet.kernelRule),
            .init("strides", \.strides, rule: \.unet.strideRule), .init("hiddenSize", \.hiddenSize), .init("feedForwardSize", \.feedForwardSize),
            .init("heads", \.heads), .init("layers", \.layers), .init("scalesShortcuts", \.scalesShortcuts), .init("dropout", \.dropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try unet.validate()
        try transformer.validate()
        try demandProbability(dropout, "dropout")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// The U-Net around the transformer: two convolutions in each stage, all outputs trained.
    package var unet: NNUNetConfiguration {
        var unet = NNUNetConfiguration(.plain)
        (unet.inputChannels, unet.classes, unet.patchSize) = (inputChannels, classes, patchSize)
        (unet.features, unet.kernels, unet.strides) = (features, kernels, strides)
        unet.supervisedOutputs = max(features.count - 1, 1)
        unet.depths = Array(repeating: 2, count: features.count)
        unet.decoderDepths = Array(repeating: 2, count: unet.supervisedOutputs)
        return unet
    }

    /// The token grid [d, h, w].
    public var grid: Size3 { unet.size(stage: features.count - 1) }

    /// The transformer over the coarsest map.
    package var transformer: MapTransformerSettings {
        .init(
            channels: features[features.count - 1], grid: grid, hiddenSize: hiddenSize, feedForwardSize: feedForwardSize, heads: heads,
            layers: layers, scalesShortcuts: scalesShortcuts, dropout: dropout)
    }

    /// Sizes [D, H, W] of the outputs, finest first.
    public var outputSizes: [Size3] { unet.outputSizes }
}

extension TransUNet3DConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        features.indices.map { ["conv_blocks_context.\($0)"] } + transformer.encoderStages
    }

    /// Those of tokens with parameters of their own.
    public var tokenGrids: [Size3] { [grid] }
}
