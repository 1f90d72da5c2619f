import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// A stack of transformer blocks over the tokens of a volume, with a learned vector for each position (MONAI's `ViT`).
struct VisionTransformer {
    private let positions: Tensor
    private let embedding: PatchEmbedding
    private let blocks: [VisionTransformerBlock]
    private let norm: LayerNorm
    private let dropout: Double

    init(_ scope: Scope, _ configuration: UNETRConfiguration) throws {
        let channels = configuration.hiddenSize
        let place = scope / "patch_embedding"
        positions = try place.parameter(
            "position_embeddings", [1, configuration.grid.voxels, channels], .truncatedNormal(deviation: 0.02))
        let layer = place / "patch_embeddings"
        embedding =
            switch configuration.embedding {
            case .convolution:
                try PatchEmbedding(convolution: layer, from: configuration.inputChannels, to: channels, block: [16, 16, 16])
            case .perceptron:
                try PatchEmbedding(perceptron: layer / 1, from: configuration.inputChannels, to: channels, block: [16, 16, 16])
            }
        blocks = try (0..<configuration.layers).map { try VisionTransformerBlock(scope / "blocks" / $0, configuration) }
        norm = try LayerNorm(scope / "norm", channels: channels)
        dropout = configuration.dropout
    }

    /// [N, channels, D, H, W] → tokens [N, T, C] after each block, and the last ones normalized.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> (hidden: [Tensor], last: Tensor) {
        var tokens = try pass.dropped(embedding(x).flattened(from: 1, to: 3) + positions, dropout)
        let hidden = try blocks.enumerated().map { index, block in
            tokens = try block(tokens, pass)
            return pass.show("vit.blocks.\(index)", tokens)
        }
        return (hidden, try norm(tokens))
    }
}
