import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

@testable import UNETRNetworks

/// Windows of tokens and the attention in them, against the definition written out token by token.
struct WindowBlockTests {
    /// Tokens [1, d, h, w, 1] that hold their own number, from 1.
    private func numbered(_ grid: Size3) throws -> Tensor {
        try Tensor((1...grid.voxels).map(Double.init), shape: [1] + grid + [1])
    }

    private static let grids: [WindowGrid] = [
        WindowGrid(grid: [2, 2, 4], window: [1, 2, 2], shift: [0, 0, 0]), WindowGrid(grid: [2, 4, 4], window: [2, 2, 2], shift: [1, 1, 1]),
        WindowGrid(grid: [3, 5, 4], window: [2, 2, 3], shift: [1, 1, 1]), WindowGrid(grid: [4, 2, 6], window: [2, 2, 3], shift: [1, 0, 1], masked: false),
    ]

    /// Depth, row and column of the place of that number.
    private func places(_ number: Int, in sizes: Size3) -> [Int] {
        let (row, column) = (number / sizes[2], number % sizes[2])
        return [row / sizes[1], row % sizes[1], column]
    }

    /// For each token of each window the number of the token that lies there, 0 for what fills up.
    private func members(_ grid: WindowGrid) -> [[Int]] {
        func member(_ number: Int, _ token: Int) -> Int {
            let corner = places(number, in: grid.counts), inside = places(token, in: grid.window)
            let place = (0..<3).map { axis -> Int in (corner[axis] * grid.window[axis] + inside[axis] + grid.shift[axis]) % grid.padded[axis] }
            guard (0..<3).allSatisfy({ place[$0] < grid.grid[$0] }) else { return 0 }
            return (place[0] * grid.grid[1] + place[1]) * grid.grid[2] + place[2] + 1
        }
        return (0..<grid.counts.voxels).map { number in (0..<grid.window.voxels).map { token in member(number, token) } }
    }

    @Test("A grid is cut into windows after the shift, filled up with zeros, and put together again", arguments: grids)
    func partition(grid: WindowGrid) throws {
        let tokens = try numbered(grid.grid), windows = try grid.partition(tokens)
        #expect(windows.shape == [grid.counts.voxels, grid.tokens, 1])
        #expect(try windows.array(of: Double.self).map { Int($0) } == members(grid).flatMap { $0 })
        let merged = try grid.merge(windows)
        #expect(merged.shape == tokens.shape)
        #expect(try merged.array(of: Double.self) == tokens.array(of: Double.self))
        // Two samples and three channels stay apart.
        let x = try Tensor(ParityRule("tokens").values(2 * grid.grid.voxels * 3, scale: 1), shape: [2] + grid.grid + [3])
        #expect(try grid.partition(x).shape == [2 * grid.counts.voxels, grid.tokens, 3])
        #expect(try grid.merge(grid.partition(x)).array(of: Float.self) == x.array(of: Float.self))
    }

    @Test("The mask keeps those apart that only the roll brought into one window", arguments: grids)
    func mask(grid: WindowGrid) throws {
        let mask = try grid.mask(like: Tensor.zeros([1], .float64))
        guard grid.masked, grid.isShifted else {
            #expect(mask == nil)
            return
        }
        let found = try #require(mask), tokens = grid.tokens
        #expect(found.shape == [grid.counts.voxels, 1, tokens, tokens])
        let values = try found.array(of: Double.self)
        // Along each axis a rolled place is of the same region as another if both, or neither, came around the end; places of the window before
        // the last count as one region.
        func region(_ window: Int, _ token: Int) -> [Int] {
            let corner = places(window, in: grid.counts), inside = places(token, in: grid.window)
            return (0..<3).map { axis -> Int in
                let place = corner[axis] * grid.window[axis] + inside[axis]
                return grid.shift[axis] > 0 && place + grid.shift[axis] >= grid.padded[axis] ? 1 : 0
            }
        }
        for window in 0..<grid.counts.voxels {
            for one in 0..<tokens {
                for other in 0..<tokens {
                    let expected = region(window, one) == region(window, other) ? 0.0 : -100
                    #expect(values[(window * tokens + one) * tokens + other] == expected, "window \(window), \(one) and \(other)")
                }
            }
        }
    }

    /// Soft-max attention of one head, written out.
    private func attention(_ query: [[Double]], _ key: [[Double]], _ value: [[Double]], bias: (Int, Int) -> Double) -> [[Double]] {
        query.enumerated().map { row, q in
            let scores = key.enumerated().map { column, k in
                zip(q, k).reduce(0) { $0 + $1.0 * $1.1 } / Double(q.count).squareRoot() + bias(row, column)
            }
            let largest = scores.max()!, weights = scores.map { exponential($0 - largest) }, sum = weights.reduce(0, +)
            return value[0].indices.map { channel in zip(weights, value).reduce(0) { $0 + $1.0 * $1.1[channel] } / sum }
        }
    }

    private func exponential(_ x: Double) -> Double { (try? Tensor(x, dtype: .float64).exp().item()) ?? .nan }

    private func rows(_ tensor: Tensor) throws -> [[Double]] {
        let width = tensor.shape.last!, values = try tensor.detached().array(of: Double.self)
        return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<($0 + width)]) }
    }

    @Test("Attention in shifted windows adds the bias of relative positions, and tokens of other regions do not count")
    func windowAttention() throws {
        let grid = WindowGrid(grid: [2, 2, 4], window: [2, 2, 2], shift: [0, 0, 1]), channels = 4, heads = 2, width = 2
        let store = ParameterStore(dtype: .float64)
        let layer = try WindowAttention(store.root, channels: channels, heads: heads, window: grid.window)
        try store.fillByRule()
        let x = try Tensor(ParityRule("tokens").values(2 * 8 * channels, scale: 2), shape: [2, 8, channels]).to(.float64)
        let found = try rows(layer(x, in: grid, .evaluation))

        #expect(store.entries.map(\.key) == ["relative_position_bias_table", "relative_position_index", "qkv.weight", "qkv.bias", "proj.weight", "proj.bias"])
        let table = try rows(store["relative_position_bias_table"]!)  // [3 · 3 · 3, heads]
        #expect(table.count == 27)
        let joined = try rows(x.linear(store["qkv.weight"]!, bias: store["qkv.bias"]!))
        func place(_ token: Int) -> [Int] { [token / 4, token / 2 % 2, token % 2] }
        var mixed = [[Double]](repeating: [], count: 16)
        for window in 0..<2 {
            for head in 0..<heads {
                func part(_ number: Int) -> [[Double]] {
                    (0..<8).map { Array(joined[8 * window + $0][(number * channels + head * width)..<(number * channels + (head + 1) * width)]) }
                }
                let heads = attention(part(0), part(1), part(2)) { row, column in
                    let offset = zip(place(row), place(column)).map { $0 - $1 + 1 }
                    // Of the last window's two columns one came around the end.
                    let apart = window == 1 && place(row)[2] != place(column)[2]
                    return table[(offset[0] * 3 + offset[1]) * 3 + offset[2]][head] + (apart ? -100 : 0)
                }
                for token in 0..<8 { mixed[8 * window + token] += heads[token] }
            }
        }
        let expected = try rows(Tensor(mixed.flatMap { $0 }, shape: [2, 8, channels]).linear(store["proj.weight"]!, bias: store["proj.bias"]!))
        expectClose(found.flatMap { $0 }, expected.flatMap { $0 }, within: 1e-12, "window attention")
    }

    @Test("The table of nnFormer is read with its published strides, of given queries one layer makes keys and values only")
    func nnFormerAttention() throws {
        let grid = WindowGrid(grid: [2, 2, 2], window: [2, 2, 2], shift: [0, 0, 0])
        let store = ParameterStore(dtype: .float64)
        let layer = try WindowAttention(store.root, channels: 2, heads: 1, window: grid.window, index: .nnFormer, givenQueries: true)
        try store.fillByRule()
        // (d, h, w) has the number 5 d + 3 h + w; the offset of a pair is the difference plus 5 + 3 + 1.
        let numbers = (0..<8).map { 5 * ($0 / 4) + 3 * ($0 / 2 % 2) + $0 % 2 }
        #expect(try store["relative_position_index"]!.array(of: Int64.self) == numbers.flatMap { one in numbers.map { Int64(one - $0 + 9) } })
        let x = try Tensor(ParityRule("tokens").values(16, scale: 2), shape: [1, 8, 2]).to(.float64)
        let queries = try Tensor(ParityRule("queries").values(16, scale: 2), shape: [1, 8, 2]).to(.float64)
        let joined = try rows(x.linear(store["kv.weight"]!, bias: store["kv.bias"]!)), table = try rows(store["relative_position_bias_table"]!)
        let mixed = attention(try rows(queries), joined.map { Array($0[..<2]) }, joined.map { Array($0[2...]) }) { table[numbers[$0] - numbers[$1] + 9][0] }
        let expected = try Tensor(mixed.flatMap { $0 }, shape: [1, 8, 2]).linear(store["proj.weight"]!, bias: store["proj.bias"]!)
        expectClose(
            try layer(x, queries: queries, in: grid, .evaluation).detached().array(of: Double.self), try expected.detached().array(of: Double.self),
            within: 1e-12,
            "given queries")
    }

    @Test("Self-attention over all tokens is the definition, under the keys of each published module", arguments: ["monai", "vit", "transunet"])
    func selfAttention(kind: String) throws {
        let store = ParameterStore(dtype: .float64), channels = 6, heads = 3, width = 2, tokens = 5
        let keys: SelfAttention.Keys = kind == "monai" ? .monai : kind == "vit" ? .visionTransformer : .transUNet
        let layer = try SelfAttention(store.root, channels: channels, heads: heads, bias: true, dropout: 0, keys: keys)
        try store.fillByRule()
        let x = try Tensor(ParityRule("tokens").values(2 * tokens * channels, scale: 2), shape: [2, tokens, channels]).to(.float64)
        func map(_ name: String) throws -> Tensor { try x.linear(store["\(name).weight"]!, bias: store["\(name).bias"]!) }
        let parts: [[[Double]]]
        if kind == "transunet" {
            parts = try ["query", "key", "value"].map { try rows(map($0)) }
        } else {
            let joined = try rows(map("qkv"))
            parts = (0..<3).map { part in joined.map { Array($0[(part * channels)..<((part + 1) * channels)]) } }
        }
        var mixed = [[Double]](repeating: [], count: 2 * tokens)
        for sample in 0..<2 {
            for head in 0..<heads {
                func part(_ number: Int) -> [[Double]] {
                    (0..<tokens).map { Array(parts[number][tokens * sample + $0][(width * head)..<(width * head + width)]) }
                }
                for (token, values) in attention(part(0), part(1), part(2), bias: { _, _ in 0 }).enumerated() { mixed[tokens * sample + token] += values }
            }
        }
        let output = ["monai": "out_proj", "vit": "proj", "transunet": "out"][kind]!
        let expected = try Tensor(mixed.flatMap { $0 }, shape: [2, tokens, channels]).linear(store["\(output).weight"]!, bias: store["\(output).bias"]!)
        expectClose(
            try layer(x, .evaluation).detached().array(of: Double.self), try expected.detached().array(of: Double.self), within: 1e-12, kind)
    }
}
