public import UNETRSupport

/// Everything that defines a Swin UNETR. The defaults are those of the published network with 62 million parameters.
///
/// As JSON it names what differs from the defaults: `{"classes": 4, "inputChannels": 4, "patchSize": [128, 128, 128]}`.
public struct SwinUNETRConfiguration: FieldCoded {
    /// In which order patch merging puts the eight neighbors side by side.
    public enum Merging: String, Codable, Sendable, CaseIterable {
        /// As MONAI 1.6 does by default.
        case monai
        /// As MONAI's `mergingv2`: the last axis fastest.
        case lexicographic
        /// As MONAI did from 0.9 to its correction: two neighbors twice, two others never. Weights published then were trained with it.
        case beforeCorrection

        /// Offsets [d, h, w] of the neighbors.
        package var offsets: [Size3] {
            switch self {
            case .monai:
                [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
            case .lexicographic:
                [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]]
            case .beforeCorrection:
                [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 1, 1]]
            }
        }
    }

    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 14
    /// The patch [D, H, W] of training; the network takes any size divisible by 32.
    public var patchSize: Size3 = [96, 96, 96]
    /// Channels of a token, f; the stages have f, 2f, 4f, 8f, and the bottleneck 16f.
    public var featureSize = 48
    /// Transformer blocks of each stage; every second one looks through shifted windows.
    public var depths = [2, 2, 2, 2]
    /// Attention heads of each stage.
    public var heads = [3, 6, 12, 24]
    /// Side of a window in tokens.
    public var window = 7
    /// Channels between the two linear layers of a block, in those of its tokens.
    public var feedForwardRatio = 4.0
    /// How patches are merged between stages.
    public var merging = Merging.monai
    /// True for Swin UNETR V2: a residual block of convolutions before each stage (He et al., MICCAI 2023; MONAI's `use_v2`).
    public var v2 = false
    /// Dropout of embeddings and linear layers.
    public var dropout = 0.0
    /// Probability that an attention weight is dropped in training.
    public var attentionDropout = 0.0
    /// Stochastic depth of the last block; it grows evenly from 0 at the first.
    public var pathDropout = 0.0

    /// The published settings.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("featureSize", \.featureSize), .init("depths", \.depths), .init("heads", \.heads), .init("window", \.window),
            .init("feedForwardRatio", \.feedForwardRatio), .init("merging", \.merging), .init("v2", \.v2), .init("dropout", \.dropout),
            .init("attentionDropout", \.attentionDropout), .init("pathDropout", \.pathDropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try validateSizes(unit: [32, 32, 32])
        try demand((1...512).contains(featureSize), "featureSize", featureSize, "from 1 to 512")
        try demand(depths.count == 4 && depths.allSatisfy { (1...64).contains($0) }, "depths", depths, "four numbers from 1 to 64")
        try demand(
            heads.count == 4 && heads.enumerated().allSatisfy { $1 > 0 && stageChannels($0).isMultiple(of: $1) }, "heads", heads,
            "four divisors of the stages' channels, \((0..<4).map(stageChannels))")
        try demand((1...16).contains(window), "window", window, "from 1 to 16")
        try demand((0.01...64).contains(feedForwardRatio), "feedForwardRatio", feedForwardRatio, "from 0.01 to 64")
        try demandProbability(dropout, "dropout")
        try demandProbability(attentionDropout, "attentionDropout")
        try demandProbability(pathDropout, "pathDropout")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// Channels of stage 0…3, and of the bottleneck as stage 4.
    package func stageChannels(_ stage: Int) -> Int { featureSize << stage }

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }

    /// The windows of a stage's block on a token grid: along an axis that is no longer than a window they are as long as it, and stay put.
    package func windows(on grid: Size3, shifted: Bool) -> WindowGrid {
        WindowGrid(
            grid: grid, window: Size3 { min(grid[$0], window) }, shift: Size3 { shifted && grid[$0] > window ? window / 2 : 0 })
    }

    /// The settings of a stage's blocks, each with its stochastic depth.
    package func blocks(stage: Int) -> [WindowBlockSettings] {
        StochasticDepth.rates(upTo: pathDropout, depths: depths)[stage].map { rate in
            .init(
                heads: heads[stage], window: Size3(window, window, window), feedForwardRatio: feedForwardRatio, dropout: dropout,
                attentionDropout: attentionDropout, pathDropout: rate)
        }
    }
}

extension SwinUNETRConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        [["swinViT.patch_embed", "encoder1"]]
            + (1...4).map { ["swinViT.layers\($0)", "swinViT.layers\($0)c", "encoder\($0 == 4 ? 10 : $0 + 1)"] }
    }
}
