public import UNETRSupport

/// Everything that defines a CoTr: a residual encoder, a transformer with deformable attention over its two coarsest maps, and a decoder.
///
/// As JSON it names what differs from the defaults: `{"classes": 4, "layers": 3}`.
public struct CoTrConfiguration: FieldCoded {
    /// The published network, or one that its paper compares it with and nobody published: those are ours.
    public enum Form: String, Codable, Sendable, CaseIterable {
        /// As published.
        case published
        /// Without the convolutional encoder: the tokens are blocks of the scan, and the decoder has no finer maps to read.
        case patches
        /// Atrous convolutions side by side, as in DeepLabv3+, in the place of the transformer, over the coarsest map.
        case pyramid = "aspp"
    }

    /// As published, or without the encoder, or without the transformer.
    public var form = Form.published
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 14
    /// The patch [D, H, W]; D is divisible by 8, H and W by 16.
    public var patchSize: Size3 = [48, 192, 192]
    /// Channels of the first convolution, of the first stage, and of the two stages whose voxels are the tokens.
    public var features = [64, 192, 384]
    /// Channels between the two linear layers of a transformer block.
    public var feedForwardSize = 1536
    /// Attention heads of each block.
    public var heads = 6
    /// Transformer blocks.
    public var layers = 6
    /// Dropout of the transformer's linear layers.
    public var dropout = 0.1

    /// The published settings.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("form", \.form), .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("features", \.features), .init("feedForwardSize", \.feedForwardSize), .init("heads", \.heads), .init("layers", \.layers),
            .init("dropout", \.dropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try validateSizes(unit: [8, 16, 16])
        try demand(features.count == 3 && features.allSatisfy { (1...4096).contains($0) }, "features", features, "three numbers from 1 to 4096")
        try demand(
            hiddenSize.isMultiple(of: 6), "features", features, "a multiple of 6 last: a token's position takes pairs of channels along three axes")
        try demand((1...32768).contains(feedForwardSize), "feedForwardSize", feedForwardSize, "from 1 to 32768")
        try demand(
            (1...64).contains(heads) && hiddenSize.isMultiple(of: heads), "heads", heads, "a divisor of the last of features, \(hiddenSize)")
        try demand((1...64).contains(layers), "layers", layers, "from 1 to 64")
        try demandProbability(dropout, "dropout")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// Channels of a token.
    package var hiddenSize: Int { features[2] }

    /// Channels of a level, 0 that of the first convolution; 2 and 3 are the tokens'.
    package func channels(_ level: Int) -> Int { features[min(level, 2)] }

    /// The size [D, H, W] of a level's tensors. The first convolution keeps the slices apart.
    package func size(_ level: Int) -> Size3 { patchSize.divided(by: block(level)) }

    /// How many voxels [d, h, w] of the patch one of a level is.
    package func block(_ level: Int) -> Size3 { [1 << level, 2 << level, 2 << level] }

    /// The levels whose voxels are the tokens, finest first.
    package static let tokenLevels = [2, 3]

    /// The grids of those levels.
    package var grids: [Size3] { Self.tokenLevels.map(size) }

    /// Residual blocks of the stages at levels 1, 2 and 3.
    package static let depths = [3, 3, 2]

    /// How far apart the voxels are that the atrous convolutions read. A third of DeepLabv3+'s, as the coarsest maps are a third as large.
    package static let rates = [2, 4, 6]

    /// Places at which a head reads each level.
    package static let points = 4

    /// Sizes [D, H, W] of the outputs, finest first.
    public var outputSizes: [Size3] { [patchSize] + (0..<3).map(size) }
}

extension CoTrConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        let root = "U_ResTran3D", backbone = "\(root).backbone"
        let first = form == .patches ? [["\(root).patches"]] : [["\(backbone).conv1", "\(backbone).norm1"]] + (1...3).map { ["\(backbone).layer\($0)"] }
        return first + [[form == .pyramid ? "\(root).aspp" : "\(root).encoder_Detrans"]]
    }
}
