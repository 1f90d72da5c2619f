import TestSupport
import Testing
import UNETRTorch

/// The fused spatial attention against the same function in plain operations.
struct SpatialAttentionTests {
    /// Sizes that fill vectors and tiles, and sizes that do not: samples, tokens, channels, heads, projected tokens, width of a head.
    static let sizes = [[2, 70, 6, 3, 5, 2], [1, 130, 16, 4, 64, 4], [2, 600, 20, 2, 8, 10], [1, 3, 4, 4, 1, 1], [1, 64, 64, 1, 16, 16]]

    private struct Inputs {
        let tokens, keys, values, change: Tensor

        init(_ s: [Int], _ dtype: DType = .float64) throws {
            func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
                try Tensor(ParityRule(name).values(shape.reduce(1, *), scale: 1.5), shape: shape).to(.float64).to(dtype)
            }
            tokens = try tensor("tokens", [s[0], s[1], s[2]]).requiringGradient()
            keys = try tensor("keys", [s[0], s[3] * s[4], s[2]]).requiringGradient()
            values = try tensor("values", [s[0], s[3], s[4], s[5]]).requiringGradient()
            change = try tensor("change", [s[0], s[1], s[3] * s[5]])
        }

        /// The result and the gradients of tokens, keys and values.
        func results(_ function: (Inputs) throws -> Tensor) throws -> [Tensor] {
            for tensor in [tokens, keys, values] { try tensor.clearGradient() }
            let result = try function(self)
            try result.backward(change)
            return try [result] + [tokens, keys, values].map { try #require($0.gradient).clone() }
        }
    }

    private static func plain(_ x: Inputs, byChannel: Bool, mask: Tensor? = nil) throws -> Tensor {
        let (n, t) = (x.tokens.shape[0], x.tokens.shape[1])
        let (h, p, d) = (x.values.shape[1], x.values.shape[2], x.values.shape[3])
        var attention = try x.tokens.matmul(x.keys.transposed(1, 2)).reshaped([n, t, h, p]).softmax(-1)
        if let mask { attention = try attention * mask }
        return try byChannel
            ? x.values.transposed(2, 3).matmul(attention.permuted([0, 2, 3, 1])).transposed(1, 2).reshaped([n, t, h * d])
            : attention.permuted([0, 2, 1, 3]).matmul(x.values).transposed(1, 2).reshaped([n, t, h * d])
    }

    private func expectEqual(_ found: [Tensor], _ expected: [Tensor], within tolerance: Double, _ name: String) throws {
        for (part, (a, b)) in zip(["result", "tokens", "keys", "values"], zip(found, expected)) {
            // Over one projected token the soft-max is 1 and has no gradient: a norm of zero to compare with.
            expectClose(try a.to(.float64).array(), try b.to(.float64).array(), within: tolerance, "\(name) \(part)")
        }
    }

    @Test("In float64 results and gradients equal the plain operations'", arguments: sizes, [true, false])
    func float64(size: [Int], byChannel: Bool) throws {
        let inputs = try Inputs(size)
        let found = try inputs.results { try $0.tokens.spatialAttention(keys: $0.keys, values: $0.values, byChannel: byChannel) }
        try expectEqual(found, inputs.results { try Self.plain($0, byChannel: byChannel) }, within: 1e-12, "\(size)")
    }

    /// float32 rounds at 6e-8; sums over up to 600 tokens and 64 keys leave a few of those. bfloat16 tokens are exact inputs here, and
    /// only the stored result and token gradient round at 2⁻⁹.
    @Test("In float32 and bfloat16 they are as close as the type allows", arguments: [(DType.float32, 5e-6), (.bfloat16, 4e-3)])
    func rounding(dtype: DType, tolerance: Double) throws {
        for size in Self.sizes.dropFirst() where size[4] > 1 {
            let inputs = try Inputs(size, dtype)
            let found = try inputs.results {
                try $0.tokens.spatialAttention(keys: $0.keys.to(.float32), values: $0.values.to(.float32), byChannel: true)
            }
            let exact = try Inputs(size)
            for (a, b) in [(exact.tokens, inputs.tokens), (exact.keys, inputs.keys), (exact.values, inputs.values)] {
                try withoutGradients { try a.copyInPlace(b) }
            }
            try withoutGradients { try exact.change.copyInPlace(inputs.change) }
            try expectEqual(found, exact.results { try Self.plain($0, byChannel: true) }, within: tolerance, "\(dtype) \(size)")
        }
    }

    @Test func `Dropout keeps its share, scales what it keeps, and its gradients belong to the same mask`() throws {
        let (n, t, h, p) = (2, 3000, 4, 8)
        let inputs = try Inputs([n, t, 4, h, p, p])
        // With unit vectors as values the result is the attention itself.
        let unit = try Tensor((0..<(n * h * p * p)).map { $0 % (p * p) % (p + 1) == 0 ? 1.0 : 0 }, shape: [n, h, p, p])
        func attention(_ dropout: Double) throws -> Tensor {
            let generator = try Generator(seed: 5)
            return try inputs.tokens.detached().spatialAttention(
                keys: inputs.keys.detached(), values: unit, byChannel: false, dropout: dropout, using: generator
            ).reshaped([n, t, h, p])
        }
        let mask = try attention(0.25) / attention(0)
        let values: [Double] = try mask.array()
        #expect(values.allSatisfy { abs($0) < 1e-9 || abs($0 - 4.0 / 3) < 1e-9 })
        let kept = Double(values.filter { $0 > 1 }.count) / Double(values.count)
        // 192,000 draws: the deviation of the share is √(0.25 · 0.75 / 192,000) = 0.001.
        #expect(abs(kept - 0.75) < 0.005, "kept \(kept)")

        let found = try inputs.results {
            try $0.tokens.spatialAttention(keys: $0.keys, values: $0.values, byChannel: true, dropout: 0.25, using: Generator(seed: 5))
        }
        try expectEqual(found, inputs.results { try Self.plain($0, byChannel: true, mask: mask) }, within: 1e-12, "dropout")
    }

    @Test func `Equal generators drop the same elements with any number of threads; the next draw drops others`() throws {
        let threads = Runtime.threads
        defer { try? Runtime.setThreads(threads) }
        let inputs = try Inputs([2, 1100, 8, 2, 16, 4], .float32)
        let generator = try Generator(seed: 9)
        let state = try generator.state()
        func results() throws -> [[Float]] {
            try inputs.results {
                try $0.tokens.spatialAttention(keys: $0.keys, values: $0.values, byChannel: true, dropout: 0.1, using: generator)
            }.map { try $0.array() }
        }
        try Runtime.setThreads(1)
        let one = try results()
        #expect(try results() != one)
        try generator.restore(state)
        try Runtime.setThreads(2)
        #expect(try results() == one)
    }

    @Test func `Shapes that do not fit are refused with a sentence`() throws {
        let inputs = try Inputs([1, 8, 4, 2, 4, 2])
        #expect(throws: TorchError.self) { try inputs.tokens.spatialAttention(keys: inputs.values, values: inputs.values, byChannel: true) }
        #expect(throws: TorchError.self) { try inputs.tokens.spatialAttention(keys: inputs.keys.narrowed(1, 0..<6), values: inputs.values, byChannel: true) }
        #expect(throws: TorchError.self) {
            try inputs.tokens.spatialAttention(keys: inputs.keys, values: inputs.values, byChannel: true, dropout: 1)
        }
    }
}
