import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// Self-attention and two linear layers, each on normalized tokens and added to them.
struct VisionTransformerBlock {
    private let feedForward: FeedForward
    private let norm1, norm2: LayerNorm
    private let attention: SelfAttention
    /// Factors [C] of the two shortcuts; nil: 1.
    private let scales: (Tensor, Tensor)?

    /// MONAI's, in UNETR.
    init(_ scope: Scope, _ configuration: UNETRConfiguration) throws {
        let channels = configuration.hiddenSize
        feedForward = try FeedForward(
            scope / "mlp", channels: channels, hidden: configuration.feedForwardSize, dropout: configuration.dropout)
        norm1 = try LayerNorm(scope / "norm1", channels: channels)
        attention = try SelfAttention(
            scope / "attn", channels: channels, heads: configuration.heads, bias: configuration.attentionBias,
            dropout: configuration.dropout)
        norm2 = try LayerNorm(scope / "norm2", channels: channels)
        // Not used: it is there for an attention to a second image, which UNETR does not have, but every checkpoint holds it.
        _ = try LayerNorm(scope / "norm_cross_attn", channels: channels)
        scales = nil
    }

    /// TransUNet's, in which nothing of the attention is dropped.
    ///
    /// Its factors, which start at 1e-5, stand at the shortcuts, not at the branches as usual: the published code has them there.
    init(transUNet scope: Scope, channels: Int, hidden: Int, heads: Int, scalesShortcuts: Bool, dropout: Double) throws {
        norm1 = try LayerNorm(scope / "attention_norm", channels: channels, epsilon: 1e-6)
        norm2 = try LayerNorm(scope / "ffn_norm", channels: channels, epsilon: 1e-6)
        feedForward = try FeedForward(
            scope / "ffn", channels: channels, hidden: hidden, names: ("fc1", "fc2"), dropout: dropout, initial: .glorot)
        attention = try SelfAttention(scope / "attn", channels: channels, heads: heads, bias: true, dropout: 0, keys: .transUNet)
        func scale(_ name: String) throws -> Tensor { try (scope / name).parameter("gamma", [channels], .constant(1e-5)) }
        scales = try scalesShortcuts ? (scale("ls1"), scale("ls2")) : nil
    }

    /// [N, T, C] → [N, T, C].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let attended = try (scales.map { try x * $0.0 } ?? x) + attention(norm1(x), pass)
        return try (scales.map { try attended * $0.1 } ?? attended) + feedForward(norm2(attended), pass)
    }
}
