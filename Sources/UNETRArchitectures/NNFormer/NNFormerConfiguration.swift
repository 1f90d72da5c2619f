public import UNETRSupport

/// Everything that defines an nnFormer: the three published variants, and any other size, are values of this type.
///
/// As JSON it names a variant and overrides what differs: `{"variant": "acdc", "classes": 3}`.
public struct NNFormerConfiguration: FieldCoded {
    /// The published settings this one starts from.
    public enum Variant: String, Codable, Sendable, CaseIterable {
        /// As published for Synapse.
        case synapse
        /// As published for ACDC.
        case acdc
        /// As published for BraTS.
        case tumor
    }

    /// How a window that is asked for fits a token grid.
    public enum Windowing: String, Codable, Sendable, CaseIterable {
        /// Cubes: where the shortest side of the grid is no longer than a cube's, cubes take that side and are not shifted; tokens that only
        /// the shift brought together do not see each other.
        case cubes
        /// Boxes: shifted unless the grid is one window; all tokens in a window see each other.
        case boxes
    }

    /// The published network that this one follows.
    public var variant: Variant
    /// Channels of the scan.
    public var inputChannels: Int
    /// Classes, background included.
    public var classes: Int
    /// The patch [D, H, W] the network takes; each size is divisible by the stem's.
    public var patchSize: Size3
    /// Voxels of a token [d, h, w], 1, 2 or 4 each.
    public var stem: Size3
    /// Channels of a token in the first stage, C; the stages have C, 2C, 4C, 8C.
    public var embeddingSize: Int
    /// Transformer blocks of each encoder stage, finest first; the decoder has as many at the three finer ones.
    public var depths = [2, 2, 2, 2]
    /// Attention heads of each encoder stage.
    public var heads: [Int]
    /// Attention heads of each decoder stage, finest first.
    public var decoderHeads: [Int]
    /// The window [d, h, w] of each stage.
    public var windows: [Size3]
    /// How windows are shifted.
    public var windowing: Windowing
    /// Stride [d, h, w], 1 or 2 each, from each stage to the next.
    public var strides: [Size3]
    /// Channels between the two linear layers of a block, in those of its tokens.
    public var feedForwardRatio = 4.0
    /// Dropout of embeddings and linear layers.
    public var dropout = 0.0
    /// Probability that an attention weight is dropped in training.
    public var attentionDropout = 0.0
    /// Stochastic depth of the last block of encoder and decoder; it grows evenly from 0 at their first.
    public var pathDropout = 0.2
    /// True if the two coarser outputs exist (they are needed for training and belong to the checkpoint).
    public var deepSupervision = true

    /// The settings of a published variant.
    public init(_ variant: Variant = .synapse) {
        self.variant = variant
        inputChannels = variant == .tumor ? 4 : 1
        classes = variant == .synapse ? 14 : 4
        patchSize =
            switch variant {
            case .synapse: [64, 128, 128];
            case .acdc: [14, 160, 160];
            case .tumor: [128, 128, 128]
            }
        stem =
            switch variant {
            case .synapse: [2, 4, 4];
            case .acdc: [1, 4, 4];
            case .tumor: [4, 4, 4]
            }
        embeddingSize = variant == .synapse ? 192 : 96
        heads = variant == .synapse ? [6, 12, 24, 48] : [3, 6, 12, 24]
        // The tumor network's decoder was released with the heads of the next coarser stage.
        decoderHeads =
            switch variant {
            case .synapse: [6, 12, 24];
            case .acdc: [3, 6, 12];
            case .tumor: [6, 12, 24]
            }
        if variant == .acdc {
            windows = [[3, 5, 5], [3, 5, 5], [7, 10, 10], [3, 5, 5]]
            windowing = .boxes
            strides = [[1, 2, 2], [2, 2, 2], [2, 2, 2]]
        } else {
            windows = [[4, 4, 4], [4, 4, 4], [8, 8, 8], [4, 4, 4]]
            windowing = .cubes
            strides = Array(repeating: [2, 2, 2], count: 3)
        }
    }

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("variant", \.variant), .init("inputChannels", \.inputChannels), .init("classes", \.classes),
            .init("patchSize", \.patchSize, rule: patchRule), .init("stem", \.stem, rule: stemRule), .init("embeddingSize", \.embeddingSize),
            .init("depths", \.depths), .init("heads", \.heads), .init("decoderHeads", \.decoderHeads),
            .init("windows", \.windows, rule: { _ in windowRule }), .init("windowing", \.windowing),
            .init("strides", \.strides, rule: { _ in strideRule }), .init("feedForwardRatio", \.feedForwardRatio), .init("dropout", \.dropout),
            .init("attentionDropout", \.attentionDropout), .init("pathDropout", \.pathDropout),
            .init("deepSupervision", \.deepSupervision),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) throws -> Self {
        Self(try values.decodeIfPresent(Variant.self, forKey: ConfigurationKey("variant")) ?? .synapse)
    }

    // MARK: Derived sizes

    /// Channels of stage 0…3.
    public func channels(_ stage: Int) -> Int { embeddingSize << stage }

    /// The token grid [d, h, w] of stage 0…3. A stride of 2 leaves out the last slice of an odd side.
    public func grid(_ stage: Int) -> Size3 {
        strides.prefix(stage).reduce(patchSize.divided(by: stem)) { $0.divided(by: $1) }
    }

    /// What the convolution from a stage to the next is padded by: where the stride is 1 nothing is mixed; where the side is odd its last
    /// slice is left out.
    package func reductionPadding(_ stage: Int) -> Size3 {
        let (stride, grid) = (strides[stage], grid(stage))
        return Size3 { stride[$0] == 2 && grid[$0].isMultiple(of: 2) ? 1 : 0 }
    }

    /// Sizes [D, H, W] of the outputs, finest first.
    public var outputSizes: [Size3] {
        (0..<(deepSupervision ? 3 : 1)).map { grid($0).multiplied(by: stem) }
    }

    /// The windows of a stage's blocks.
    package func windows(stage: Int, shifted: Bool) -> WindowGrid {
        let grid = grid(stage), asked = windows[stage], still = Size3(0, 0, 0)
        let half = asked.divided(by: [2, 2, 2])
        switch windowing {
        case .cubes:
            let shortest = grid.min() ?? 0
            guard shortest > asked[0] else { return WindowGrid(grid: grid, window: Size3(shortest, shortest, shortest), shift: still) }
            return WindowGrid(grid: grid, window: asked, shift: shifted ? half : still)
        case .boxes:
            let moves = shifted && grid != asked && !half.contains(0)
            return WindowGrid(grid: grid, window: asked, shift: moves ? half : still, masked: false)
        }
    }

    /// The settings of a stage's blocks, but for their stochastic depth.
    package func blocks(stage: Int, heads: Int) -> WindowBlockSettings {
        .init(
            heads: heads, window: windows(stage: stage, shifted: false).window, index: .nnFormer, feedForwardRatio: feedForwardRatio,
            feedForwardNames: ("fc1", "fc2"), dropout: dropout, attentionDropout: attentionDropout)
    }
}

extension NNFormerConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        [["model_down.patch_embed"]] + (0..<4).map { ["model_down.layers.\($0)", "model_down.norm\($0)"] }
    }
}
