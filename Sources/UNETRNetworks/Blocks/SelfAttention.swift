import UNETRLayers
import UNETRTorch

/// Scaled dot-product attention over heads, as one operation, or with dropout in its parts.
enum HeadAttention {
    /// - Parameters:
    ///   - query, key, value: [N, h, T, d].
    ///   - bias: added to the scores before the soft-max; broadcast to [N, h, T, T].
    /// - Returns: [N, T, h · d].
    static func apply(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, bias: Tensor? = nil, dropout: Double, _ pass: ForwardPass
    ) throws -> Tensor {
        let scale = 1 / Double(query.shape[3]).squareRoot()
        guard pass.drops, dropout > 0 else {
            return try query.attention(key: key, value: value, mask: bias, scale: scale).transposed(1, 2).flattened(from: 2)
        }
        // In its parts, so that the draws come from the pass's own generator.
        let products = try (query * scale).matmul(key.transposed(-1, -2))
        let weights = try (bias.map { try products + $0 } ?? products).softmax(-1)
        return try pass.dropped(weights, dropout).matmul(value).transposed(1, 2).flattened(from: 2)
    }
}

/// Self-attention over all tokens (MONAI's `SABlock`).
struct SelfAttention {
    /// What the linear layers are called, and which comes first in the state dict.
    enum Keys {
        /// `out_proj`, `qkv`.
        case monai
        /// `qkv`, `proj`.
        case visionTransformer
        /// `query`, `key`, `value`, `out`: as four layers.
        case transUNet
    }

    private let output: Linear
    /// One layer for queries, keys and values, or one for each.
    private let projections: [Linear]
    private let heads: Int
    private let dropout, attentionDropout: Double

    /// - Parameters:
    ///   - dropout: of the output.
    ///   - attentionDropout: of the attention's weights; as the output's if nil.
    init(
        _ scope: Scope, channels: Int, heads: Int, bias: Bool, dropout: Double, attentionDropout: Double? = nil, keys: Keys = .monai
    ) throws {
        switch keys {
        case .monai:
            output = try Linear(scope / "out_proj", from: channels, to: channels)
            projections = [try Linear(scope / "qkv", from: channels, to: 3 * channels, bias: bias)]
        case .visionTransformer:
            projections = [try Linear(scope / "qkv", from: channels, to: 3 * channels, bias: bias)]
            output = try Linear(scope / "proj", from: channels, to: channels)
        case .transUNet:
            projections = try ["query", "key", "value"].map { try Linear(scope / $0, from: channels, to: channels, bias: bias) }
            output = try Linear(scope / "out", from: channels, to: channels)
        }
        self.heads = heads
        self.dropout = dropout
        self.attentionDropout = attentionDropout ?? dropout
    }

    /// [N, T, C] → [N, T, C].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let parts = try projections.flatMap { projection in
            let joined = try projection(x).reshaped([x.shape[0], x.shape[1], 3 / projections.count, heads, -1]).permuted([2, 0, 3, 1, 4])
            return try (0..<joined.shape[0]).map { try joined.selected(0, $0) }
        }
        let mixed = try HeadAttention.apply(parts[0], parts[1], parts[2], dropout: attentionDropout, pass)
        return try pass.dropped(output(mixed), dropout)
    }
}
