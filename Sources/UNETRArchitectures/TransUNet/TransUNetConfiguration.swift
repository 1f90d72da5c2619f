public import UNETRSupport

/// Everything that defines a TransUNet: a residual network, a transformer over its coarsest map, and a decoder, for one slice at a time.
///
/// As JSON it names what differs from the defaults: `{"classes": 4, "patchSize": [1, 256, 256]}`.
public struct TransUNetConfiguration: FieldCoded {
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 9
    /// The patch [1, H, W]; H and W are divisible by 16.
    public var patchSize: Size3 = [1, 224, 224]
    /// Residual blocks of the three stages, finest first.
    public var depths = [3, 4, 9]
    /// Channels of the first convolution, a multiple of 32; the stages have 4, 8 and 16 times as many.
    public var featureSize = 64
    /// Channels of a token.
    public var hiddenSize = 768
    /// Channels between the two linear layers of a transformer block.
    public var feedForwardSize = 3072
    /// Attention heads of each block.
    public var heads = 12
    /// Transformer blocks.
    public var layers = 12
    /// Channels of the decoder's four levels, coarsest first.
    public var decoderChannels = [256, 128, 64, 16]
    /// Channels between the transformer and the decoder.
    public var headChannels = 512
    /// Dropout of the transformer's embeddings and linear layers.
    public var dropout = 0.1

    /// The published settings.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("depths", \.depths), .init("featureSize", \.featureSize), .init("hiddenSize", \.hiddenSize),
            .init("feedForwardSize", \.feedForwardSize), .init("heads", \.heads), .init("layers", \.layers),
            .init("decoderChannels", \.decoderChannels), .init("headChannels", \.headChannels), .init("dropout", \.dropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try validateSlice(side: Self.side)
        try demand(depths.count == 3 && depths.allSatisfy { (1...64).contains($0) }, "depths", depths, "three numbers from 1 to 64")
        try demand(
            (1...512).contains(featureSize) && featureSize.isMultiple(of: Self.groups), "featureSize", featureSize,
            "a multiple of \(Self.groups) from \(Self.groups) to 512")
        try transformer.validate()
        try demand(
            decoderChannels.count == 4 && decoderChannels.allSatisfy { (1...4096).contains($0) }, "decoderChannels", decoderChannels,
            "four numbers from 1 to 4096")
        try demand((1...4096).contains(headChannels), "headChannels", headChannels, "from 1 to 4096")
        try demandProbability(dropout, "dropout")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// What H and W are divisible by.
    static let side = 16

    /// Groups of channels of a normalization.
    package static let groups = 32

    /// Channels within the residual blocks of a stage, counted from 0; their outputs have four times as many.
    package func channels(stage: Int) -> Int { featureSize << stage }

    /// The size [1, H, W] of the maps from the first convolution, level 1, to the last stage, level 4.
    package func size(level: Int) -> Size3 { patchSize.divided(by: [1, 1 << level, 1 << level]) }

    /// The size of a stage's output: the pooling before the first stage loses a row and a column.
    package func size(stage: Int) -> Size3 {
        let size = size(level: stage + 2)
        return stage == 0 ? [1, size.height - 1, size.width - 1] : size
    }

    /// The transformer over the last stage's map.
    package var transformer: MapTransformerSettings {
        .init(
            channels: 4 * channels(stage: 2), grid: size(level: 4), hiddenSize: hiddenSize, feedForwardSize: feedForwardSize, heads: heads,
            layers: layers, dropout: dropout)
    }

    /// Channels that each level of the decoder reads from the encoder, coarsest first.
    package var skipChannels: [Int] { [4 * channels(stage: 1), 4 * channels(stage: 0), featureSize, 0] }

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }
}

extension TransUNetConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        let backbone = "transformer.embeddings.hybrid_model"
        return [["\(backbone).root"]] + (1...depths.count).map { ["\(backbone).body.block\($0)"] } + transformer.encoderStages
    }

    /// Those of tokens with parameters of their own.
    public var tokenGrids: [Size3] { [transformer.grid] }
}
