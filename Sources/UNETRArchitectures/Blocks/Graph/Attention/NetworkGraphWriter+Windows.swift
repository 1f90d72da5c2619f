import UNETRGraphs
import UNETRSupport

/// The windows of a grid as numbers of tokens, which never change: a graph has one patch size.
extension WindowGrid {
    /// What the windows are like whose tokens may not all see each other, for each window: in bits 4, 2 and 1 whether it is the last along d,
    /// h and w. Windows of one kind have one mask; those of kind 0 have none.
    private var kinds: [Int] {
        counts.places.map { place in
            guard masked else { return 0 }
            return (0..<3).reduce(0) { 2 * $0 + (shift[$1] > 0 && place[$1] == counts[$1] - 1 ? 1 : 0) }
        }
    }

    /// The windows, those of one kind together.
    var ofKinds: [(kind: Int, windows: [Int])] {
        Dictionary(grouping: counts.places.indices, by: { [kinds] in kinds[$0] }).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The token at each place of these windows; one past the last where the grid is filled up.
    func tokens(in windows: [Int]) -> [Int] {
        let (all, within) = (counts.places, window.places)
        return windows.flatMap { index in
            within.map { place in
                let source = Size3 { (all[index][$0] * window[$0] + place[$0] + shift[$0]) % padded[$0] }
                return (0..<3).allSatisfy { source[$0] < grid[$0] } ? grid.index(of: source) : grid.voxels
            }
        }
    }

    /// What is added to the scores [T, T] in windows of a kind: −100 for tokens that only the shift brought together.
    func mask(ofKind kind: Int) -> [Float] {
        let regions = (0..<3).map(regions)
        let ids = window.places.map { place in
            (0..<3).reduce(0) { id, axis in
                let start = kind >> (2 - axis) & 1 == 1 ? padded[axis] - window[axis] : 0
                return 3 * id + regions[axis][start + place[axis]]
            }
        }
        return ids.flatMap { query in ids.map { $0 == query ? 0 : -100 } }
    }

    /// Tells this grid from others in the names of constants.
    private var name: String { "\(grid), \(window), \(shift)" }

    /// The number of each token among those of `windows`, where the windows stand in this order.
    fileprivate func placesOfTokens(in windows: [Int]) -> [Int] {
        var places = Array(repeating: 0, count: grid.voxels + 1)
        for (place, token) in tokens(in: windows).enumerated() { places[token] = place }
        return places.dropLast()
    }

    fileprivate func constantName(_ what: String) -> String { "\(what) of \(name)" }
}

extension NetworkGraphWriter {
    /// `WindowTransformerBlock`: attention within windows and two linear layers, each on normalized tokens [N, T, C] and added to them.
    ///
    /// - Parameter given: queries, and the tokens of keys and values, where they are not of `x`.
    func windowTransformerBlock(
        _ x: Graph.Value, _ scope: String, channels: Int, _ settings: WindowBlockSettings, in grid: WindowGrid,
        given: (queries: Graph.Value, keys: Graph.Value)? = nil
    ) throws -> Graph.Value {
        try builder.in(scope) {
            let scale = try constant("\(scope).norm1.weight", [channels]), bias = try constant("\(scope).norm1.bias", [channels])
            let layout = WindowLayout(self, grid)
            func windows(_ x: Graph.Value) -> Graph.Value {
                layout.windows(builder.layerNorm(x, scale: scale, bias: bias, epsilon: Self.epsilon), channels)
            }
            let parts =
                try given.map { try givenQueries(windows($0.queries), windows($0.keys), "\(scope).attn", channels: channels, heads: settings.heads) }
                ?? queriesKeysValues(windows(x), .joined("\(scope).attn"), channels: channels, heads: settings.heads)
            let attended = layout.attention(
                parts, bias: try positionBias("\(scope).attn", settings, in: grid), channels: channels, heads: settings.heads)
            // Only the grid's own tokens go through the layer.
            let sum = builder.add(x, try linear(layout.tokens(attended), "\(scope).attn.proj", from: channels, to: channels))
            let hidden = Int(Double(channels) * settings.feedForwardRatio)
            let inner = try feedForward(
                layerNorm(sum, "\(scope).norm2", channels), "\(scope).mlp", channels: channels, hidden: hidden, names: settings.feedForwardNames)
            return builder.add(sum, inner)
        }
    }

    /// Queries as they are, keys and values by a layer; the scale of the queries is the keys' in the fast form.
    private func givenQueries(_ queries: Graph.Value, _ x: Graph.Value, _ scope: String, channels: Int, heads: Int) throws -> [Graph.Value] {
        let scale = 1 / Float(channels / heads).squareRoot(), key = "\(scope).kv"
        guard form == .fast else {
            let both = try linear(x, key, from: channels, to: 2 * channels)
            let parts = (0..<2).map { builder.sliced(both, $0 * channels..<($0 + 1) * channels, axis: -1) }
            return [builder.multiply(queries, builder.constant(scale))] + parts
        }
        return try [queries]
            + (0..<2).map { part in
                try linear(
                    x, key, rows: part * channels..<(part + 1) * channels, of: 2 * channels, from: channels, scale: part == 0 ? scale : 1)
            }
    }

    /// The bias of relative positions, [1, h, T, T]: rows of a table.
    private func positionBias(_ scope: String, _ settings: WindowBlockSettings, in grid: WindowGrid) throws -> Graph.Value {
        let key = "\(scope).relative_position_bias_table", rows = WindowBlockSettings.PositionIndex.count(settings.window)
        let tokens = grid.tokens, heads = settings.heads, all = settings.window.voxels
        // A window smaller than the table's takes the table's first rows and columns, as published.
        func index() -> [Int] {
            let whole = settings.index.rows(settings.window)
            return (0..<tokens).flatMap { whole[$0 * all..<$0 * all + tokens] }
        }
        guard form == .fast else {
            let index = builder.numbers("positions of \(settings.window), \(grid.window)", [tokens * tokens], index)
            let bias = builder.reshape(builder.gathered(try constant(key, [rows, heads]), index, axis: 0), [tokens, tokens, heads])
            return builder.unsqueeze(builder.transpose(bias, [2, 0, 1]), 0)
        }
        let table = GraphMatrix(try floats(key, [rows, heads]), rows: rows, columns: heads).transposed.values, places = index()
        return builder.constant(
            (0..<heads).flatMap { head in places.map { table[head * rows + $0] } }, [1, heads, tokens, tokens], key: "\(key), by pairs of tokens")
    }
}

/// The tokens of a grid in windows, those of one kind together, as they are read and written by number.
private struct WindowLayout {
    private let writer: NetworkGraphWriter
    private let grid: WindowGrid
    private let kinds: [(kind: Int, windows: [Int])]
    private var builder: GraphBuilder { writer.builder }
    private var order: [Int] { kinds.flatMap(\.windows) }

    init(_ writer: NetworkGraphWriter, _ grid: WindowGrid) {
        (self.writer, self.grid, kinds) = (writer, grid, grid.ofKinds)
    }

    /// Tokens [N, T, C] → windows [N, count, tokens, C], filled up with zeros.
    func windows(_ x: Graph.Value, _ channels: Int) -> Graph.Value {
        let filled = grid.padded == grid.grid ? x : builder.padded(x, before: [0, 0, 0], behind: [0, 1, 0])
        let places = builder.numbers(grid.constantName("tokens"), [grid.counts.voxels, grid.tokens]) { grid.tokens(in: order) }
        return builder.gathered(filled, places, axis: 1)
    }

    /// Attention of [N, count, tokens, C] each → [N, count · tokens, C].
    func attention(_ parts: [Graph.Value], bias: Graph.Value, channels: Int, heads: Int) -> Graph.Value {
        var start = 0
        let results = kinds.map { kind, windows in
            let range = start..<start + windows.count
            start += windows.count
            let own = kinds.count == 1 ? parts : parts.map { builder.sliced($0, range, axis: 1) }
            let mask =
                kind == 0
                ? nil
                : builder.table(grid.constantName("mask \(kind)"), [1, 1, grid.tokens, grid.tokens]) { grid.mask(ofKind: kind) }
            let mixed = writer.headAttention(
                own[0], own[1], own[2], channels: channels, heads: heads, queries: grid.tokens, keys: grid.tokens, added: [bias, mask].compactMap { $0 })
            return builder.reshape(mixed, [-1, windows.count * grid.tokens, channels])
        }
        return results.count == 1 ? results[0] : builder.concatenated(results, axis: 1)
    }

    /// [N, count · tokens, C] → tokens [N, T, C] in the grid's order.
    func tokens(_ x: Graph.Value) -> Graph.Value {
        let places = builder.numbers(grid.constantName("places"), [grid.grid.voxels]) { grid.placesOfTokens(in: order) }
        return builder.gathered(x, places, axis: 1)
    }
}
