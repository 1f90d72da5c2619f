public import UNETRSupport

/// Everything that defines a TransBTS: a convolutional encoder and decoder with a transformer over the coarsest map.
///
/// As JSON it names what differs from the defaults: `{"inputChannels": 1, "patchSize": [64, 128, 128]}`.
public struct TransBTSConfiguration: FieldCoded {
    /// Channels of a scan.
    public var inputChannels = 4
    /// Outputs, background included.
    public var classes = 4
    /// The patch [D, H, W]; each size is divisible by 8.
    public var patchSize: Size3 = [128, 128, 128]
    /// Channels at full resolution, f; the coarser levels have 2f, 4f, 8f.
    public var featureSize = 16
    /// Channels of a token.
    public var hiddenSize = 512
    /// Channels between the two linear layers of a transformer block.
    public var feedForwardSize = 4096
    /// Attention heads of each block.
    public var heads = 8
    /// Transformer blocks.
    public var layers = 4
    /// Dropout of embeddings and linear layers.
    public var dropout = 0.1
    /// Probability that an attention weight is dropped in training.
    public var attentionDropout = 0.1

    /// The published settings.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("featureSize", \.featureSize), .init("hiddenSize", \.hiddenSize), .init("feedForwardSize", \.feedForwardSize),
            .init("heads", \.heads), .init("layers", \.layers), .init("dropout", \.dropout), .init("attentionDropout", \.attentionDropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try validateSizes(unit: [8, 8, 8])
        try demand(
            (8...512).contains(featureSize) && featureSize.isMultiple(of: 8), "featureSize", featureSize, "a multiple of 8 from 8 to 512")
        try demand((1...8192).contains(hiddenSize), "hiddenSize", hiddenSize, "from 1 to 8192")
        try demand((1...32768).contains(feedForwardSize), "feedForwardSize", feedForwardSize, "from 1 to 32768")
        try demand((1...64).contains(heads) && hiddenSize.isMultiple(of: heads), "heads", heads, "a divisor of hiddenSize, \(hiddenSize)")
        try demand((1...64).contains(layers), "layers", layers, "from 1 to 64")
        try demandProbability(dropout, "dropout")
        try demandProbability(attentionDropout, "attentionDropout")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// The token grid [d, h, w].
    public var grid: Size3 { size(3) }

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }

    /// Channels of a level, 0 the finest.
    package func channels(_ level: Int) -> Int { featureSize << level }

    /// The size [D, H, W] of a level's tensors.
    package func size(_ level: Int) -> Size3 { Size3 { patchSize[$0] >> level } }

    /// The keys of the encoder's blocks at each level, finest first.
    package static let blocks = [
        ["EnBlock1"], ["EnBlock2_1", "EnBlock2_2"], ["EnBlock3_1", "EnBlock3_2"], ["EnBlock4_1", "EnBlock4_2", "EnBlock4_3", "EnBlock4_4"],
    ]

    /// Groups of channels of the encoder's normalizations.
    package static let groups = 8
}

extension TransBTSConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        let levels = Self.blocks.enumerated().map { level, names in
            ([level == 0 ? "InitConv" : "EnDown\(level)"] + names).map { "Unet.\($0)" }
        }
        return levels + [["conv_x", "bn", "position_encoding"]]
            + (0..<layers).map { ["transformer.net.\(2 * $0)", "transformer.net.\(2 * $0 + 1)"] }
    }

    /// Those of tokens with parameters of their own.
    public var tokenGrids: [Size3] { [grid] }
}
