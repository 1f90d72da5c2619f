public import UNETRSupport

/// Everything that defines a MISSFormer: transformer blocks at four resolutions, attention over all of them together, and a decoder, for
/// one slice at a time.
///
/// As JSON it names what differs from the defaults: `{"classes": 4, "patchSize": [1, 256, 256]}`.
public struct MISSFormerConfiguration: FieldCoded {
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 9
    /// The patch [1, H, W]; H and W are divisible by 32.
    public var patchSize: Size3 = [1, 224, 224]
    /// Channels of a token, f; the stages have f, 2f, 5f and 8f.
    public var featureSize = 64
    /// Transformer blocks of the encoder's stages.
    public var depths = [2, 2, 2, 2]
    /// Attention heads of each stage, of the encoder as of the decoder.
    public var heads = [1, 2, 5, 8]
    /// Transformer blocks of the bridge over all stages.
    public var layers = 4

    /// The published settings.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("featureSize", \.featureSize), .init("depths", \.depths), .init("heads", \.heads), .init("layers", \.layers),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try validateSlice(side: Self.side)
        try demand(
            (2...512).contains(featureSize) && featureSize.isMultiple(of: 2), "featureSize", featureSize, "an even number from 2 to 512")
        try demand(depths.count == 4 && depths.allSatisfy { (1...64).contains($0) }, "depths", depths, "four numbers from 1 to 64")
        try demand(
            heads.count == 4 && heads.enumerated().allSatisfy { $1 > 0 && channels(stage: $0).isMultiple(of: $1) }, "heads", heads,
            "four divisors of the stages' channels, \((0..<4).map(channels))")
        try demand((1...64).contains(layers), "layers", layers, "from 1 to 64")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// What H and W are divisible by.
    static let side = 32

    /// Channels of the stages, in those of the first.
    package static let widths = [1, 2, 5, 8]

    /// How many tokens along h and w become one for the keys of each stage; all stages then have as many.
    package static let reductions = [8, 4, 2, 1]

    /// How many times wider a block is inside.
    package static let expansion = 4

    /// Channels of stage 0…3.
    package func channels(stage: Int) -> Int { featureSize * Self.widths[stage] }

    /// The token grid [1, h, w] of a stage.
    package func grid(stage: Int) -> Size3 { patchSize.divided(by: [1, 4 << stage, 4 << stage]) }

    /// The grid [1, h, w] of the keys, of every stage.
    package var keyGrid: Size3 { patchSize.divided(by: [1, Self.side, Self.side]) }

    /// Kernel and stride of the convolution that makes a stage's tokens, [d, h, w]; they overlap.
    package static func embedding(stage: Int) -> (kernel: Size3, stride: Size3) { stage == 0 ? ([1, 7, 7], [1, 4, 4]) : ([1, 3, 3], [1, 2, 2]) }

    /// What the bridge sees of a stage: so many vectors of `featureSize` channels.
    package func bridgeTokens(stage: Int) -> Int { grid(stage: stage).voxels * Self.widths[stage] }

    /// The same of its keys.
    package func bridgeKeys(stage: Int) -> Int { keyGrid.voxels * Self.widths[stage] }

    /// Channels that a stage of the decoder reads: of its own tokens, and of those that come up from the stage below.
    package func decoderInputs(stage: Int) -> Int {
        // The coarsest stage has nothing below it; the published layer for it is as wide as two of its inputs, and not used.
        guard stage < 3 else { return 2 * channels(stage: 3) }
        return channels(stage: stage) + channels(stage: stage + 1) / 2
    }

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }
}

extension MISSFormerConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        (1...4).map { ["backbone.patch_embed\($0)", "backbone.block\($0)", "backbone.norm\($0)"] }
    }
}
