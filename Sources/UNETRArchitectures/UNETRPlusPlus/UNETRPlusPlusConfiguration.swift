public import UNETRSupport

/// Everything that defines a UNETR++: the four published variants, and any other size, are values of this type.
///
/// As JSON it names a variant and overrides what differs: `{"variant": "acdc", "classes": 4, "featureSize": 8}`.
public struct UNETRPlusPlusConfiguration: Equatable, Sendable {
    /// The published settings this one starts from.
    public enum Variant: String, Codable, Sendable, CaseIterable {
        /// As published for Synapse and BTCV.
        case synapse
        /// As published for ACDC.
        case acdc
        /// As published for lung tumors.
        case lung
        /// As published for BraTS.
        case tumor
    }

    /// How keys and spatial values of T tokens are projected to a few.
    public enum Projection: String, Codable, Sendable, CaseIterable {
        /// One linear layer for both, saved under two names `E` and `F`.
        case shared
        /// Two linear layers `E` and `F`.
        case separate
        /// One matrix `EF` without bias for both.
        case matrix
    }

    /// How the spatial and the channel branch become one.
    public enum Fusion: String, Codable, Sendable, CaseIterable {
        /// Each through a linear layer of half the width, side by side.
        case concatenate
        /// Added, without layers.
        case sum
    }

    /// The order in which the spatial branch's result is read as tokens.
    public enum SpatialOrder: String, Codable, Sendable, CaseIterable {
        /// As the released code does: [d, heads, T] in memory read as [T, C], which mixes positions and channels. All published weights
        /// were trained with it.
        case published
        /// Every value at its own position.
        case positionPreserving
    }

    /// The published network that this one follows.
    public var variant: Variant
    /// Channels of the scan.
    public var inputChannels: Int
    /// Classes, background included.
    public var classes: Int
    /// The patch [D, H, W] the network takes; each size is divisible by the stem's × 8.
    public var patchSize: Size3
    /// Kernel and stride of the first convolution [d, h, w].
    public var stem: Size3
    /// Channels of the scan by which the first normalization is grouped; nil: `inputChannels`, as published. A network that is tuned on scans with other
    /// channels keeps the groups it was trained with.
    public var normChannels: Int?
    /// Channels at full resolution, f; the four stages have 2f, 4f, 8f, 16f.
    public var featureSize: Int
    /// Transformer blocks in each encoder stage.
    public var depths: [Int]
    /// Transformer blocks in each decoder stage.
    public var decoderDepth: Int
    /// Attention heads in every block.
    public var heads: Int
    /// Tokens that keys and spatial values are projected to, in the encoder's stages.
    public var projectedTokens: [Int]
    /// The same in the decoder's stages.
    public var decoderProjectedTokens: Int
    /// How keys and values are projected to fewer tokens.
    public var projection: Projection
    /// How the two branches of attention are joined.
    public var fusion: Fusion
    /// The order of axes in the spatial branch.
    public var spatialOrder: SpatialOrder
    /// Residual convolution blocks after the attention: `conv51`, and `conv52` when 2.
    public var residualBlocks: Int
    /// Probability that an attention weight is dropped in training.
    public var attentionDropout: Double
    /// Dropout of whole channels before each block's last convolution.
    public var channelDropout: Double
    /// First value of `gamma`, which scales the attention's contribution.
    public var layerScale: Double
    /// True if the two coarser outputs exist (they are needed for training and belong to the checkpoint).
    public var deepSupervision: Bool

    /// The settings of a published variant.
    public init(_ variant: Variant) {
        self.variant = variant
        inputChannels = variant == .tumor ? 4 : 1
        classes =
            switch variant {
            case .synapse: 14;
            case .acdc, .tumor: 4;
            case .lung: 2
            }
        patchSize =
            switch variant {
            case .synapse: [64, 128, 128]
            case .acdc: [16, 160, 160]
            case .lung: [32, 192, 192]
            case .tumor: [128, 128, 128]
            }
        stem =
            switch variant {
            case .synapse: [2, 4, 4];
            case .acdc, .lung: [1, 4, 4];
            case .tumor: [4, 4, 4]
            }
        featureSize = 16
        depths = [3, 3, 3, 3]
        decoderDepth = 3
        heads = 4
        projectedTokens = [64, 64, 64, 32]
        decoderProjectedTokens = 64
        projection =
            switch variant {
            case .synapse: .shared;
            case .acdc, .lung: .separate;
            case .tumor: .matrix
            }
        fusion = variant == .tumor ? .sum : .concatenate
        spatialOrder = .published
        residualBlocks = variant == .acdc || variant == .lung ? 2 : 1
        attentionDropout = variant == .synapse ? 0.15 : 0.1
        channelDropout = 0.1
        layerScale = 1e-6
        deepSupervision = true
    }

    /// The same network for scans with other channels.
    public mutating func adapt(inputChannels count: Int) {
        if count != inputChannels { normChannels = normChannels ?? inputChannels }
        inputChannels = count
        if normChannels == count { normChannels = nil }
    }

    // MARK: Derived sizes

    /// Channels of stage 0…3.
    public var stageChannels: [Int] { [2, 4, 8, 16].map { $0 * featureSize } }

    /// The token grid [d, h, w] of stage 0…3.
    public func grid(stage: Int) -> Size3 {
        Size3 { (patchSize[$0] / stem[$0]) >> stage }
    }

    /// Number of tokens of stage 0…3.
    public func tokens(stage: Int) -> Int { grid(stage: stage).voxels }

    /// Sizes [D, H, W] of the outputs, finest first.
    public var outputSizes: [Size3] { deepSupervision ? [patchSize, grid(stage: 0), grid(stage: 1)] : [patchSize] }

    /// The groups of the normalization before a stage. The published networks have one for each input channel; where these do not divide the channels,
    /// as many as divide both.
    package func normGroups(stage: Int) -> Int {
        var (a, b) = (stageChannels[stage], stage == 0 ? normChannels ?? inputChannels : stageChannels[stage - 1])
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}

extension UNETRPlusPlusConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        (0..<4).map { stage in
            ["unetr_pp_encoder.downsample_layers.\(stage)", "unetr_pp_encoder.stages.\(stage)"] + (stage == 0 ? ["encoder1"] : [])
        }
    }

    /// Those of tokens with parameters of their own.
    public var tokenGrids: [Size3] { (0..<4).map { grid(stage: $0) } }
}
