import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// Attention among the tokens of a window, with a learned bias for each relative position (Liu et al., "Swin Transformer", ICCV 2021).
struct WindowAttention {
    private let table: Tensor
    private let index: Tensor
    /// Query, key and value from the window's tokens, or key and value only.
    private let projection: Linear
    private let output: Linear
    private let heads: Int
    private let attentionDropout, outputDropout: Double

    /// - Parameter givenQueries: true if queries come from another tensor (nnFormer's skip attention).
    init(
        _ scope: Scope, channels: Int, heads: Int, window: Size3, index kind: WindowBlockSettings.PositionIndex = .unique, givenQueries: Bool = false,
        attentionDropout: Double = 0, outputDropout: Double = 0, initial: Initializer = .kaiming
    ) throws {
        table = try scope.parameter(
            "relative_position_bias_table", [WindowBlockSettings.PositionIndex.count(window), heads], .truncatedNormal(deviation: 0.02))
        let tokens = window.voxels
        index = try scope.buffer("relative_position_index", [tokens, tokens], table: kind.rows(window))
        projection =
            givenQueries
            ? try Linear(scope / "kv", from: channels, to: 2 * channels, initial: initial)
            : try Linear(scope / "qkv", from: channels, to: 3 * channels, initial: initial)
        output = try Linear(scope / "proj", from: channels, to: channels, initial: initial)
        self.heads = heads
        self.attentionDropout = attentionDropout
        self.outputDropout = outputDropout
    }

    /// Windows [N · count, T, C] → the same shape.
    /// - Parameters:
    ///   - queries: [N · count, T, C], used as they are, where the attention was made for given queries.
    ///   - mask: added to the scores, [count, T, T]; nil: the grid's own.
    func callAsFunction(
        _ x: Tensor, queries: Tensor? = nil, in grid: WindowGrid, mask: Tensor? = nil, _ pass: ForwardPass
    ) throws -> Tensor {
        let shape = x.shape
        let parts = try projection(x).reshaped([shape[0], shape[1], queries == nil ? 3 : 2, heads, -1]).permuted([2, 0, 3, 1, 4])
        let query = try queries.map { try $0.reshaped([shape[0], shape[1], heads, -1]).transposed(1, 2) } ?? parts.selected(0, 0)
        let (key, value) = try queries == nil ? (parts.selected(0, 1), parts.selected(0, 2)) : (parts.selected(0, 0), parts.selected(0, 1))
        let mixed = try HeadAttention.apply(
            query, key, value, bias: bias(windows: shape[0], grid, mask), dropout: attentionDropout, pass)
        return try pass.dropped(output(mixed), outputDropout)
    }

    /// The bias of relative positions, and the mask of a shifted grid: [1 or N · count, h, T, T].
    private func bias(windows: Int, _ grid: WindowGrid, _ stored: Tensor?) throws -> Tensor {
        // A window smaller than the table's takes the table's first rows and columns, as published.
        let tokens = grid.tokens
        let rows = try index.narrowed(0, 0..<tokens).narrowed(1, 0..<tokens).reshaped([-1])
        let bias = try table.indexed(0, by: rows).reshaped([tokens, tokens, heads]).permuted([2, 0, 1]).contiguous().unsqueezed(0)
        guard let mask = try stored?.unsqueezed(1) ?? grid.mask(like: table) else { return bias }
        let both = try bias + mask  // [count, h, T, T]
        let count = both.shape[0]
        guard windows > count else { return both }
        return try both.unsqueezed(0).expanded([windows / count] + both.shape).flattened(from: 0, to: 1)
    }
}

/// Attention within windows and two linear layers, each on normalized tokens and added to them.
struct WindowTransformerBlock {
    private let norm1, norm2: LayerNorm
    private let attention: WindowAttention
    private let feedForward: FeedForward
    private let pathDropout: Double
    /// [count, T, T], where checkpoints hold it.
    private let mask: Tensor?

    /// - Parameters:
    ///   - givenQueries: whether queries come from another tensor.
    ///   - masked: the grid whose mask the checkpoints of this network hold, if it has one.
    init(
        _ scope: Scope, channels: Int, _ settings: WindowBlockSettings, givenQueries: Bool = false, storingMaskOf masked: WindowGrid? = nil,
        initial: Initializer = .kaiming
    ) throws {
        mask = try masked?.mask(like: .zeros([1])).map { try scope.buffer("attn_mask", $0.squeezed(1)) }
        norm1 = try LayerNorm(scope / "norm1", channels: channels)
        attention = try WindowAttention(
            scope / "attn", channels: channels, heads: settings.heads, window: settings.window, index: settings.index,
            givenQueries: givenQueries, attentionDropout: settings.attentionDropout, outputDropout: settings.dropout, initial: initial)
        norm2 = try LayerNorm(scope / "norm2", channels: channels)
        feedForward = try FeedForward(
            scope / "mlp", channels: channels, hidden: Int(Double(channels) * settings.feedForwardRatio),
            names: settings.feedForwardNames, dropout: settings.dropout, initial: initial)
        pathDropout = settings.pathDropout
    }

    /// Tokens [N, d, h, w, C] → the same.
    func callAsFunction(_ x: Tensor, in grid: WindowGrid, _ pass: ForwardPass) throws -> Tensor {
        let attended = try grid.merge(attention(grid.partition(norm1(x)), in: grid, mask: mask, pass))
        return try finished(x, attended, pass)
    }

    /// The same with the queries of one tensor and the keys and values of another, added to `x`; [N, d, h, w, C] each.
    func callAsFunction(_ x: Tensor, queries: Tensor, keys: Tensor, in grid: WindowGrid, _ pass: ForwardPass) throws -> Tensor {
        let windows = try attention(
            grid.partition(norm1(keys)), queries: grid.partition(norm1(queries)), in: grid, pass)
        return try finished(x, grid.merge(windows), pass)
    }

    private func finished(_ x: Tensor, _ attended: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let sum = try x + pass.droppedPath(attended, pathDropout)
        return try sum + pass.droppedPath(feedForward(norm2(sum), pass), pathDropout)
    }
}
