import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// Tokens of squares that overlap: a convolution with a stride, and a normalization.
struct OverlappingEmbedding {
    private let convolution: Convolution
    private let norm: LayerNorm

    init(_ scope: Scope, from inputs: Int, to channels: Int, _ settings: (kernel: Size3, stride: Size3)) throws {
        convolution = try Convolution(
            scope / "proj", from: inputs, to: channels, kernel: Array(settings.kernel), stride: Array(settings.stride), bias: true)
        norm = try LayerNorm(scope / "norm", channels: channels)
    }

    /// [N, inputs, 1, H, W] → tokens [N, 1, h, w, C].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try norm(inSafePrecision(x, pass, parameters: convolution.weight.dtype) { try convolution($0) }.channelsToEnd())
    }
}

/// Attention of queries over the keys and values of other tokens.
struct QueryAttention {
    private let query, keyValue, output: Linear
    private let heads: Int

    init(_ scope: Scope, channels: Int, heads: Int, initial: Initializer = .kaiming) throws {
        query = try Linear(scope / "q", from: channels, to: channels, initial: initial)
        keyValue = try Linear(scope / "kv", from: channels, to: 2 * channels, initial: initial)
        output = try Linear(scope / "proj", from: channels, to: channels, initial: initial)
        self.heads = heads
    }

    /// [N, T, C] and [N, S, C] → [N, T, C].
    func callAsFunction(_ x: Tensor, keys: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let queries = try query(x).reshaped([x.shape[0], x.shape[1], heads, -1]).transposed(1, 2)
        let pair = try keyValue(keys).reshaped([x.shape[0], keys.shape[1], 2, heads, -1]).permuted([2, 0, 3, 1, 4])
        return try output(HeadAttention.apply(queries, pair.selected(0, 0), pair.selected(0, 1), dropout: 0, pass))
    }
}

/// Two linear layers with a convolution of each channel between them, added to its input and normalized.
struct MixedFeedForward {
    private let first, second: Linear
    private let convolution: Convolution
    private let norm: LayerNorm

    init(_ scope: Scope, channels: Int, initial: Initializer = .kaiming) throws {
        let hidden = MISSFormerConfiguration.expansion * channels
        first = try Linear(scope / "fc1", from: channels, to: hidden, initial: initial)
        convolution = try Convolution(
            scope / "dwconv" / "dwconv", from: hidden, to: hidden, kernel: [1, 3, 3], groups: hidden, bias: true, initial: initial)
        second = try Linear(scope / "fc2", from: hidden, to: channels, initial: initial)
        norm = try LayerNorm(scope / "norm1", channels: hidden)
        // Not used, but every checkpoint holds them.
        for name in ["norm2", "norm3"] { _ = try LayerNorm(scope / name, channels: hidden) }
    }

    /// Tokens [N, 1, h, w, C] → the same.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let inner = try first(x)
        let mixed = try inSafePrecision(inner.channelsToFront(), pass, parameters: convolution.weight.dtype) { try convolution($0) }
        return try second(norm(mixed.channelsToEnd() + inner).gelu())
    }
}

/// Self-attention with fewer keys than tokens, and linear layers, each on normalized tokens and added to them.
struct MISSFormerBlock {
    private let norm1, norm2: LayerNorm
    private let attention: QueryAttention
    /// What makes the keys' tokens, where there are fewer.
    private let reduction: (convolution: Convolution, norm: LayerNorm)?
    private let feedForward: MixedFeedForward

    init(_ scope: Scope, _ configuration: MISSFormerConfiguration, stage: Int, initial: Initializer = .kaiming) throws {
        let channels = configuration.channels(stage: stage), side = MISSFormerConfiguration.reductions[stage], place = scope / "attn"
        norm1 = try LayerNorm(scope / "norm1", channels: channels)
        attention = try QueryAttention(place, channels: channels, heads: configuration.heads[stage], initial: initial)
        reduction =
            try side == 1
            ? nil
            : (
                Convolution(
                    place / "sr", from: channels, to: channels, kernel: [1, side, side], stride: [1, side, side], bias: true, initial: initial),
                LayerNorm(place / "norm", channels: channels)
            )
        norm2 = try LayerNorm(scope / "norm2", channels: channels)
        feedForward = try MixedFeedForward(scope / "mlp", channels: channels, initial: initial)
    }

    /// Tokens [N, 1, h, w, C] → the same.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let normalized = try norm1(x)
        let keys =
            try reduction.map { reduction in
                let map = try inSafePrecision(normalized.channelsToFront(), pass, parameters: reduction.convolution.weight.dtype) {
                    try reduction.convolution($0)
                }
                return try reduction.norm(map.channelsToEnd())
            } ?? normalized
        let attended = try attention(normalized.flattened(from: 1, to: 3), keys: keys.flattened(from: 1, to: 3), pass)
        let sum = try x + attended.reshaped(x.shape)
        return try sum + feedForward(norm2(sum), pass)
    }
}
