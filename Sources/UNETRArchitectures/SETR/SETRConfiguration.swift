public import UNETRSupport

/// Everything that defines a SETR in 3-D: the transformer of UNETR and one of the three published decoders without skips.
///
/// As JSON it names what differs from the defaults: `{"decoder": "mla", "classes": 4}`.
public struct SETRConfiguration: FieldCoded {
    /// How tokens become voxels.
    public enum Decoder: String, Codable, Sendable, CaseIterable {
        /// Naive: two maps of each token's channels, then one interpolation.
        case naive = "nup"
        /// Progressive: convolutions and interpolations to twice the size in turn.
        case progressive = "pup"
        /// Multi-level: the tokens after four blocks, each added to those of later ones.
        case multiLevel = "mla"
    }

    /// How tokens become voxels.
    public var decoder = Decoder.naive
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 14
    /// The patch [D, H, W]; each size is divisible by 16.
    public var patchSize: Size3 = [96, 96, 96]
    /// Channels of a token.
    public var hiddenSize = 768
    /// Channels between the two linear layers of a transformer block.
    public var feedForwardSize = 3072
    /// Attention heads of each layer.
    public var heads = 12
    /// Transformer blocks; the multi-level decoder reads the tokens after each quarter of them.
    public var layers = 12
    /// Channels of the decoder.
    public var decoderChannels = 256
    /// Channels of each of the multi-level decoder's four heads.
    public var headChannels = 128
    /// Dropout of embeddings, attention and linear layers.
    public var dropout = 0.0

    /// UNETR's transformer with the published decoders' widths.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("decoder", \.decoder), .init("inputChannels", \.inputChannels), .init("classes", \.classes),
            .init("patchSize", \.patchSize, rule: patchRule), .init("hiddenSize", \.hiddenSize), .init("feedForwardSize", \.feedForwardSize),
            .init("heads", \.heads), .init("layers", \.layers), .init("decoderChannels", \.decoderChannels),
            .init("headChannels", \.headChannels), .init("dropout", \.dropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try encoder.validate()
        try demand((1...4096).contains(decoderChannels), "decoderChannels", decoderChannels, "from 1 to 4096")
        try demand((1...4096).contains(headChannels), "headChannels", headChannels, "from 1 to 4096")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// The transformer, as UNETR has it.
    package var encoder: UNETRConfiguration {
        var encoder = UNETRConfiguration()
        (encoder.inputChannels, encoder.classes, encoder.patchSize) = (inputChannels, classes, patchSize)
        (encoder.hiddenSize, encoder.feedForwardSize) = (hiddenSize, feedForwardSize)
        (encoder.heads, encoder.layers, encoder.dropout) = (heads, layers, dropout)
        return encoder
    }

    /// The token grid [d, h, w].
    public var grid: Size3 { encoder.grid }

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }

    /// The blocks, counted from 0, whose tokens the decoder reads.
    package var featureLayers: [Int] { decoder == .multiLevel ? (1...4).map { $0 * layers / 4 - 1 } : [layers - 1] }
}

extension SETRConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        encoder.encoderStages
    }

    /// Those of tokens with parameters of their own.
    public var tokenGrids: [Size3] { [grid] }
}
