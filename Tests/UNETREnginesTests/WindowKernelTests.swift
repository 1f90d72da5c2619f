import CWindows
import Foundation
import TestSupport
import Testing

/// The fused addition of a window's prediction against the same function in plain double-precision arithmetic.
struct WindowKernelTests {
    /// Sizes that fill vectors and sizes that do not: K, D, H, W.
    static let sizes = [[14, 3, 4, 32], [3, 5, 3, 19], [1, 2, 2, 16], [40, 1, 2, 5], [2, 4, 3, 1]]
    static let mirrorings = [[], [0], [1], [2], [0, 1, 2]]

    private func values(_ name: String, _ shape: [Int], scale: Double = 1) -> [Float] { ParityRule(name).values(shape.reduce(1, *), scale: scale) }

    /// Probabilities [K] of the logits of one voxel.
    private func activated(_ activation: CWActivation, _ logits: [Double]) -> [Double] {
        if activation == CW_IDENTITY { return logits }
        if activation == CW_SIGMOID { return logits.map { 1 / (1 + exp(-$0)) } }
        let largest = logits.max()!, powers = logits.map { exp($0 - largest) }
        return powers.map { $0 / powers.reduce(0, +) }
    }

    private func prediction(_ activation: CWActivation, _ size: [Int], mirrored axes: [Int], factor: Float, sums: [Int]) -> CWPrediction {
        let size = size.map(Int64.init), sums = sums.map(Int64.init)
        return CWPrediction(
            activation: activation, classes: size[0], size: (size[1], size[2], size[3]),
            mirrored: (axes.contains(0), axes.contains(1), axes.contains(2)), factor: factor,
            logits_stride: (size[1] * size[2] * size[3], size[2] * size[3], size[3]), weights_stride: (size[2] * size[3], size[3]),
            sums_stride: (sums[1] * sums[2] * sums[3], sums[2] * sums[3], sums[3]))
    }

    /// Values are of the order of 1 (logits: 20) and rounded at 6e-8 a few times; exponentials are right to two units in the last place.
    @Test("One pass gives what plain arithmetic gives", arguments: sizes, [CW_SOFTMAX, CW_SIGMOID, CW_IDENTITY])
    func parity(size: [Int], activation: CWActivation) throws {
        let logits = values("logits", size, scale: 20), weights = values("weights", Array(size.dropFirst()))
        // Part of a larger array, as in the sums over a scan.
        let whole = [size[0], size[1] + 1, size[2] + 2, size[3] + 3], before = values("sums", whole)
        let voxels = size[1] * size[2] * size[3]
        for axes in Self.mirrorings {
            var sums = before
            var prediction = prediction(activation, size, mirrored: axes, factor: 0.125, sums: whole)
            let rows = Int64(size[1] * size[2])
            cw_add(&prediction, logits, weights, &sums, 0, rows / 2)
            cw_add(&prediction, logits, weights, &sums, rows / 2, rows)
            var expected = before.map(Double.init)
            for d in 0..<size[1] {
                for h in 0..<size[2] {
                    for w in 0..<size[3] {
                        let place = [d, h, w], source = (0..<3).map { axes.contains($0) ? size[$0 + 1] - 1 - place[$0] : place[$0] }
                        let voxel = (source[0] * size[2] + source[1]) * size[3] + source[2]
                        let found = activated(activation, (0..<size[0]).map { Double(logits[$0 * voxels + voxel]) })
                        for k in 0..<size[0] {
                            expected[((k * whole[1] + d) * whole[2] + h) * whole[3] + w] +=
                                0.125 * Double(weights[(d * size[2] + h) * size[3] + w]) * found[k]
                        }
                    }
                }
            }
            let difference = zip(sums, expected).map { abs(Double($0) - $1) }.max()!
            #expect(difference < (activation == CW_IDENTITY ? 2e-6 : 2e-7), "\(size), mirrored \(axes)")
            // Nothing beside the part may change.
            #expect(zip(sums, before).count { $0 == $1 } >= sums.count - size.reduce(1, *))
        }
    }

    @Test func `Large logits do not overflow, and NaN stays NaN`() {
        let logits: [Float] = [1e30, -1e30, .nan, 0, -1e30, 1e30, 0, 0]
        for (activation, expected) in [(CW_SOFTMAX, [Float(1), 0, .nan, 0.5, 0, 1, .nan, 0.5]), (CW_SIGMOID, [1, 0, .nan, 0.5, 0, 1, 0.5, 0.5])] {
            var sums = [Float](repeating: 0, count: 8)
            var prediction = prediction(activation, [2, 1, 1, 4], mirrored: [], factor: 1, sums: [2, 1, 1, 4])
            cw_add(&prediction, logits, [1, 1, 1, 1], &sums, 0, 1)
            for (a, b) in zip(sums, expected) { #expect(b.isNaN ? a.isNaN : abs(a - b) < 1e-30, "\(activation): \(sums)") }
        }
    }

    @Test func `Weights are counted, and sums divided by them, row by row`() {
        // A window of 2 × 2 × 2 at [1, 0, 1] of a volume of 3 × 2 × 4.
        let weights: [Float] = [1, 2, 3, 4, 5, 6, 7, 8]
        var counts = [Float](repeating: 1, count: 24)
        counts.withUnsafeMutableBufferPointer { cw_add_weights([2, 2, 2], weights, [4, 2], $0.baseAddress! + 9, [8, 4]) }
        let counted: [Float] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 1, 1, 4, 5, 1, 1, 6, 7, 1, 1, 8, 9, 1]
        #expect(counts == counted)
        let sums = (0..<24).map { Float($0) }
        var means = [Float](repeating: -1, count: 4)
        cw_divide(Array(sums[9...]), Array(counts[9...]), 4, 2, 2, &means)
        let expected: [Float] = [4.5, 10 / 3, 3.25, 2.8]
        #expect(means == expected)
    }
}
