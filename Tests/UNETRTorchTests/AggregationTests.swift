import TestSupport
import Testing
import UNETRTorch

/// The fused addition of a window's prediction against the same function in plain operations.
struct AggregationTests {
    /// Sizes that fill vectors and sizes that do not: K, D, H, W.
    static let sizes = [[14, 3, 4, 32], [3, 5, 3, 19], [1, 2, 2, 16], [40, 1, 2, 5], [2, 4, 3, 1]]
    static let mirrorings = [[], [1], [2], [3], [1, 2, 3]]

    private func tensor(_ name: String, _ shape: [Int], scale: Double = 1) throws -> Tensor {
        try Tensor(ParityRule(name).values(shape.reduce(1, *), scale: scale), shape: shape)
    }

    private func plain(_ activation: Activation, _ logits: Tensor) throws -> Tensor {
        switch activation {
        case .softmax: try logits.softmax(0)
        case .sigmoid: try logits.sigmoid()
        case .none: logits
        }
    }

    /// Values are of the order of 1 (logits: 20) and rounded at 6e-8 a few times; exponentials are right to two units in the last place.
    @Test("One pass gives what the operations give one by one", arguments: sizes, [Activation.softmax, .sigmoid, .none])
    func parity(size: [Int], activation: Activation) throws {
        let logits = try tensor("logits", size, scale: 20), weights = try tensor("weights", Array(size.dropFirst()))
        for axes in Self.mirrorings {
            // Part of a larger tensor, as in the sums over a scan.
            let whole = try tensor("sums", [size[0], size[1] + 1, size[2] + 2, size[3] + 3])
            let target = try (1..<4).reduce(whole) { try $0.narrowed($1, ($1 - 1)..<($1 - 1 + size[$1])) }
            let values = try plain(activation, logits.to(.float64)), before = try whole.to(.float64)
            let expected = try target.to(.float64) + (axes.isEmpty ? values : values.flipped(axes)) * weights.to(.float64) * 0.125
            try target.addInPlace(activation, of: logits, weights: weights, mirrored: axes, factor: 0.125)
            let difference = try (target.to(.float64) - expected).abs().max().item()
            #expect(difference < (activation == .none ? 2e-6 : 2e-7), "\(size), mirrored \(axes)")
            // Nothing beside the part may change.
            let changed = try whole.to(.float64).equals(before).to(.int64).sum().item()
            #expect(changed >= Double(whole.count - target.count))
        }
    }

    @Test func `Any order in memory is read right, and narrowed logits too`() throws {
        let logits = try tensor("logits", [1, 5, 4, 6, 7], scale: 3), weights = try Tensor.ones([2, 6, 7])
        let results = try [MemoryFormat.contiguous, .channelsLast].map { format in
            let sums = try Tensor.zeros([5, 2, 6, 7])
            let part = try logits.contiguous(format).selected(0, 0).narrowed(1, 1..<3)
            try sums.addInPlace(.softmax, of: part, weights: weights, mirrored: [2], factor: 1)
            return try sums.array(of: Float.self)
        }
        #expect(results[0] == results[1])
        let expected = try logits.selected(0, 0).narrowed(1, 1..<3).softmax(0).flipped([2]).array(of: Double.self)
        expectClose(results[0].map(Double.init), expected, within: 1e-6, "narrowed")
    }

    @Test func `Large logits do not overflow, and NaN stays NaN`() throws {
        let logits = try Tensor([Float(1e30), -1e30, .nan, 0, -1e30, 1e30, 0, 0], shape: [2, 1, 1, 4])
        for (activation, expected) in [(Activation.softmax, [Float(1), 0, .nan, 0.5, 0, 1, .nan, 0.5]), (.sigmoid, [1, 0, .nan, 0.5, 0, 1, 0.5, 0.5])] {
            let sums = try Tensor.zeros([2, 1, 1, 4])
            try sums.addInPlace(activation, of: logits, weights: Tensor.ones([1, 1, 4]), mirrored: [], factor: 1)
            let found = try sums.array(of: Float.self)
            for (a, b) in zip(found, expected) { #expect(b.isNaN ? a.isNaN : abs(a - b) < 1e-30, "\(activation): \(found)") }
        }
    }

    @Test func `Shapes that do not fit are refused`() throws {
        let sums = try Tensor.zeros([2, 3, 4, 5])
        let error = #expect(throws: TorchError.self) {
            try sums.addInPlace(.softmax, of: Tensor.zeros([2, 3, 4, 6]), weights: Tensor.ones([3, 4, 5]), mirrored: [], factor: 1)
        }
        #expect("\(error!)".contains("[2, 3, 4, 6]"))
        #expect(throws: TorchError.self) { try sums.addInPlace(.none, of: sums, weights: Tensor.ones([3, 4, 5]), mirrored: [4], factor: 1) }
        #expect(throws: TorchError.self) { try sums.addInPlace(.none, of: sums.to(.float64), weights: Tensor.ones([3, 4, 5]), mirrored: [], factor: 1) }
    }
}
