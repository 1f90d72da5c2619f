import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// A vision transformer whose tokens are the voxels of a map (TransUNet).
struct MapTransformer {
    private let settings: MapTransformerSettings
    private let positions: Tensor
    private let embedding: PatchEmbedding
    private let blocks: [VisionTransformerBlock]
    private let norm: LayerNorm
    private let path: String

    /// The learned vector of each position, which comes before whatever makes the map.
    static func positions(_ scope: Scope, _ settings: MapTransformerSettings) throws -> Tensor {
        try (scope / "embeddings").parameter("position_embeddings", [1, settings.grid.voxels, settings.hiddenSize], .constant(0))
    }

    init(_ scope: Scope, _ settings: MapTransformerSettings, positions: Tensor) throws {
        (self.settings, self.positions) = (settings, positions)
        embedding = try PatchEmbedding(
            convolution: scope / "embeddings" / "patch_embeddings", from: settings.channels, to: settings.hiddenSize, block: [1, 1, 1])
        blocks = try (0..<settings.layers).map { index in
            try VisionTransformerBlock(
                transUNet: scope / "encoder" / "layer" / index, channels: settings.hiddenSize, hidden: settings.feedForwardSize,
                heads: settings.heads, scalesShortcuts: settings.scalesShortcuts, dropout: settings.dropout)
        }
        norm = try LayerNorm(scope / "encoder" / "encoder_norm", channels: settings.hiddenSize, epsilon: 1e-6)
        path = (scope / "encoder").path
    }

    /// [N, channels, d, h, w] → [N, hiddenSize, d, h, w].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        var tokens = try pass.dropped(embedding(x).flattened(from: 1, to: 3) + positions, settings.dropout)
        for (index, block) in blocks.enumerated() { tokens = try pass.show("\(path).layer.\(index)", block(tokens, pass)) }
        let normalized = try pass.show(path, norm(tokens))
        return try normalized.reshaped([x.shape[0]] + settings.grid + [settings.hiddenSize]).channelsToFront()
    }
}
