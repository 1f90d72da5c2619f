public import UNETRSupport

/// Everything that defines a UNETR. The defaults are those of the paper's network on the Synapse data.
///
/// As JSON it names what differs from the defaults: `{"classes": 4, "patchSize": [64, 128, 128]}`.
public struct UNETRConfiguration: FieldCoded {
    /// How a block of 16³ voxels becomes a token.
    public enum Embedding: String, Codable, Sendable, CaseIterable {
        /// A linear layer over the block's voxels.
        case perceptron
        /// A convolution whose kernel is its stride.
        case convolution
    }

    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 14
    /// The patch [D, H, W]; each size is divisible by 16.
    public var patchSize: Size3 = [96, 96, 96]
    /// Channels at full resolution, f; the decoder has 2f, 4f, 8f at the coarser ones.
    public var featureSize = 16
    /// Channels of a token.
    public var hiddenSize = 768
    /// Channels between the two linear layers of a transformer block.
    public var feedForwardSize = 3072
    /// Attention heads of each layer.
    public var heads = 12
    /// Transformer blocks; the decoder reads the tokens after blocks L/4 + 1, 2L/4 + 1 and 3L/4 + 1, and after the last.
    public var layers = 12
    /// How patches become tokens.
    public var embedding = Embedding.perceptron
    /// True if queries, keys and values have a bias.
    public var attentionBias = false
    /// Dropout of embeddings, attention and linear layers.
    public var dropout = 0.0

    /// The published settings.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("featureSize", \.featureSize), .init("hiddenSize", \.hiddenSize), .init("feedForwardSize", \.feedForwardSize),
            .init("heads", \.heads), .init("layers", \.layers), .init("embedding", \.embedding),
            .init("attentionBias", \.attentionBias), .init("dropout", \.dropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try validateSizes(unit: [16, 16, 16])
        try demand((1...512).contains(featureSize), "featureSize", featureSize, "from 1 to 512")
        try demand((1...8192).contains(hiddenSize), "hiddenSize", hiddenSize, "from 1 to 8192")
        try demand((1...32768).contains(feedForwardSize), "feedForwardSize", feedForwardSize, "from 1 to 32768")
        try demand((1...64).contains(heads) && hiddenSize.isMultiple(of: heads), "heads", heads, "a divisor of hiddenSize, \(hiddenSize)")
        try demand((4...64).contains(layers) && layers.isMultiple(of: 4), "layers", layers, "a multiple of 4 from 4 to 64")
        try demandProbability(dropout, "dropout")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// The token grid [d, h, w].
    public var grid: Size3 { patchSize.divided(by: [16, 16, 16]) }

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }

    /// The blocks, counted from 0, whose tokens the decoder reads besides the last's.
    ///
    /// 3, 6 and 9 as in MONAI's code, one later than in the paper, which counts from 1.
    package var skipLayers: [Int] { [1, 2, 3].map { $0 * layers / 4 } }
}

extension UNETRConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        [["vit.patch_embedding"]] + (0..<layers).map { ["vit.blocks.\($0)"] + ($0 == layers - 1 ? ["vit.norm"] : []) }
    }

    /// Those of tokens with parameters of their own.
    public var tokenGrids: [Size3] { [grid] }
}
