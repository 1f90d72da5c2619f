public import UNETRSupport

/// Everything that defines a Swin-Unet: the shifted windows of Swin-T down and up again, for one slice at a time.
///
/// As JSON it names what differs from the defaults: `{"classes": 4, "patchSize": [1, 256, 256], "window": 8}`.
public struct SwinUNetConfiguration: FieldCoded {
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 9
    /// The patch [1, H, W]; H and W are divisible by 32. No window is filled up where they are divisible by 32 · window.
    public var patchSize: Size3 = [1, 224, 224]
    /// Channels of a token, f; the stages have f, 2f, 4f and 8f.
    public var featureSize = 96
    /// Transformer blocks of each stage, of the encoder as of the decoder; every second one looks through shifted windows.
    public var depths = [2, 2, 2, 2]
    /// Attention heads of each stage.
    public var heads = [3, 6, 12, 24]
    /// Side of a window in tokens.
    public var window = 7
    /// Channels between the two linear layers of a block, in those of its tokens.
    public var feedForwardRatio = 4.0
    /// Dropout of embeddings and linear layers.
    public var dropout = 0.0
    /// Probability that an attention weight is dropped in training.
    public var attentionDropout = 0.0
    /// Stochastic depth of the coarsest stage's last block; it grows evenly from 0 at the first.
    public var pathDropout = 0.2

    /// The published settings.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("featureSize", \.featureSize), .init("depths", \.depths), .init("heads", \.heads), .init("window", \.window),
            .init("feedForwardRatio", \.feedForwardRatio), .init("dropout", \.dropout), .init("attentionDropout", \.attentionDropout),
            .init("pathDropout", \.pathDropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try validateSlice(side: Self.side)
        try demand((1...512).contains(featureSize), "featureSize", featureSize, "from 1 to 512")
        try demand(depths.count == 4 && depths.allSatisfy { (1...64).contains($0) }, "depths", depths, "four numbers from 1 to 64")
        try demand(
            heads.count == 4 && heads.enumerated().allSatisfy { $1 > 0 && channels(stage: $0).isMultiple(of: $1) }, "heads", heads,
            "four divisors of the stages' channels, \((0..<4).map(channels))")
        try demand((1...16).contains(window), "window", window, "from 1 to 16")
        try demand((0.01...64).contains(feedForwardRatio), "feedForwardRatio", feedForwardRatio, "from 0.01 to 64")
        try demandProbability(dropout, "dropout")
        try demandProbability(attentionDropout, "attentionDropout")
        try demandProbability(pathDropout, "pathDropout")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// Voxels [d, h, w] of a token.
    package static let token: Size3 = [1, 4, 4]

    /// Tokens [d, h, w] that become one between stages.
    package static let merged: Size3 = [1, 2, 2]

    /// In which order they stand side by side, as offsets [d, h, w].
    package static let neighbors: [Size3] = [[0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1]]

    /// What H and W are divisible by.
    static let side = 32

    /// Channels of stage 0…3.
    package func channels(stage: Int) -> Int { featureSize << stage }

    /// The token grid [1, h, w] of a stage.
    package func grid(stage: Int) -> Size3 { patchSize.divided(by: [1, 4 << stage, 4 << stage]) }

    /// The windows of a stage's block: no longer than the shorter side of the grid, where all stay put.
    package func windows(stage: Int, shifted: Bool) -> WindowGrid {
        let grid = grid(stage: stage), shorter = min(grid.height, grid.width), side = min(shorter, window)
        let shift = shifted && shorter > window ? window / 2 : 0
        return WindowGrid(grid: grid, window: [1, side, side], shift: [0, shift, shift])
    }

    /// The settings of a stage's blocks, each with its stochastic depth; encoder and decoder have the same.
    package func blocks(stage: Int) -> [WindowBlockSettings] {
        StochasticDepth.rates(upTo: pathDropout, depths: depths)[stage].map { rate in
            .init(
                heads: heads[stage], window: windows(stage: stage, shifted: false).window, feedForwardRatio: feedForwardRatio,
                feedForwardNames: ("fc1", "fc2"), dropout: dropout, attentionDropout: attentionDropout, pathDropout: rate)
        }
    }

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }
}

extension SwinUNetConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        [["patch_embed"]] + (0..<4).map { ["layers.\($0)"] + ($0 == 3 ? ["norm"] : []) }
    }
}
