import TestSupport
import Testing
import UNETRPlanning
import UNETRSupport

@testable import UNETRPreparation

/// How a line of samples becomes a longer or shorter one: positions, weights, and sums against plain matrices.
struct LineRuleTests {
    private static let lengths = [(1, 1), (1, 5), (5, 1), (4, 8), (8, 4), (3, 7), (7, 3), (9, 10), (13, 13), (2, 11)]

    /// The weight of each input for each output.
    private func matrix(_ filter: LineFilter) -> [[Float]] {
        (0..<filter.outputCount).map { output in
            var row = [Float](repeating: 0, count: filter.inputCount)
            for tap in 0..<filter.taps { row[filter.starts[output] + tap] += filter.weights[output * filter.taps + tap] }
            return row
        }
    }

    @Test func `Without a step the outer edges of a line stay where they are`() {
        // 4 samples to 8: each is half as wide, so the first center lies a quarter before the first input's.
        let finer = SampleLine(inputCount: 4, outputCount: 8, step: nil)
        #expect((0..<8).map(finer.position) == [-0.25, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25])
        let coarser = SampleLine(inputCount: 8, outputCount: 4, step: nil)
        #expect((0..<4).map(coarser.position) == [0.5, 2.5, 4.5, 6.5])
        #expect(SampleLine(inputCount: 9, outputCount: 1, step: nil).position(0) == 4)
    }

    @Test func `With a step the first samples lie at one place`() {
        for (inputs, outputs, step) in [(4, 8, 0.5), (8, 4, 2), (10, 3, 1.7), (5, 1, 1), (7, 12, 0.55)] {
            let line = SampleLine(inputCount: inputs, outputCount: outputs, step: step)
            for index in 0..<outputs { #expect(abs(line.position(index) - Double(index) * step) < 1e-13, "\(inputs) → \(outputs), \(index)") }
        }
    }

    @Test func `A cell is the two samples around a place, and the ends stand for what is beyond them`() {
        let line = CellLine(from: 4, to: 8, nearest: false)
        #expect(line.low == [0, 0, 0, 1, 1, 2, 2, 3] && line.high == [0, 1, 1, 2, 2, 3, 3, 3])
        #expect(line.weight == [0.75, 0.25, 0.75, 0.25, 0.75, 0.25, 0.75, 0.25])
        // Outputs 0 needs input 0 alone, 1 and 2 also input 1, 3 and 4 input 2, …
        #expect((1...4).map(line.count) == [1, 3, 5, 8] && line.count(within: 0) == 0)
        let nearest = CellLine(from: 8, to: 4, nearest: true)
        #expect(nearest.low == [1, 3, 5, 7] && nearest.high == nearest.low && nearest.weight == [0, 0, 0, 0], "halfway the later one")
        #expect((0...8).map(nearest.count) == [0, 0, 1, 1, 2, 2, 3, 3, 4])
    }

    @Test(arguments: lengths) func `Weights of a linear filter are the distances to the neighbors`(inputs: Int, outputs: Int) {
        let found = matrix(.linear(from: inputs, to: outputs))
        for output in 0..<outputs {
            let place = (Double(output) + 0.5) * Double(inputs) / Double(outputs) - 0.5
            // A tent around the place; what is beyond an end counts for the end.
            var expected = [Double](repeating: 0, count: inputs)
            for sample in -3..<(inputs + 3) { expected[min(max(sample, 0), inputs - 1)] += max(0, 1 - abs(Double(sample) - place)) }
            #expect(zip(found[output], expected).allSatisfy { abs(Double($0) - $1) < 1e-7 }, "\(inputs) → \(outputs), \(output)")
        }
    }

    @Test(arguments: lengths) func `Weights of every filter add up to 1, and no filter changes a line of its own length`(inputs: Int, outputs: Int) {
        let filters: [(String, (Int, Int) -> LineFilter)] = [
            ("linear", { .linear(from: $0, to: $1) }), ("nearest", { .nearest(from: $0, to: $1) }),
            ("convolution", { .cubicConvolution(from: $0, to: $1) }), ("spline", { .cubicSpline(from: $0, to: $1) }),
        ]
        for (name, make) in filters {
            for row in matrix(make(inputs, outputs)) { #expect(abs(row.reduce(0) { $0 + Double($1) } - 1) < 1e-6, "\(name) \(inputs) → \(outputs)") }
            for (output, row) in matrix(make(inputs, inputs)).enumerated() {
                #expect(row.enumerated().allSatisfy { abs($1 - ($0 == output ? 1 : 0)) < 1e-6 }, "\(name) of \(inputs)")
            }
        }
    }

    @Test(arguments: lengths) func `The nearest sample is the one at the smallest distance`(inputs: Int, outputs: Int) {
        for (output, row) in matrix(.nearest(from: inputs, to: outputs)).enumerated() {
            let place = (Double(output) + 0.5) * Double(inputs) / Double(outputs) - 0.5
            let distances = (0..<inputs).map { abs(Double($0) - place) }, least = distances.min()!
            // Of two at the same distance the later one.
            #expect(row.firstIndex(of: 1) == distances.lastIndex { $0 < least + 1e-9 } && row.reduce(0, +) == 1)
        }
    }

    /// Keys' convolution reproduces parabolas, splines cubics, far from the ends (where the spline's memory of them has decayed to 0.27²⁰).
    @Test func `Cubic filters reproduce the polynomials that they should`() {
        for outputs in [60, 97, 41] {
            let places = (0..<outputs).map { (Double($0) + 0.5) * 60 / Double(outputs) - 0.5 }
            func largestError(_ filter: LineFilter, _ power: Int) -> Double {
                func value(_ x: Double) -> Double { (0..<power).reduce(1) { product, _ in product * (x / 60) } }
                let line = (0..<60).map { value(Double($0)) }
                let errors = matrix(filter).enumerated().map { output, row -> Double in
                    let found = zip(row, line).reduce(0) { $0 + Double($1.0) * $1.1 }
                    return places[output] > 20 && places[output] < 40 ? abs(found - value(places[output])) : 0
                }
                return errors.max()!
            }
            for power in 0...2 { #expect(largestError(.cubicConvolution(from: 60, to: outputs), power) < 2e-7) }
            for power in 0...3 { #expect(largestError(.cubicSpline(from: 60, to: outputs), power) < 2e-7) }
            for power in 0...1 { #expect(largestError(.linear(from: 60, to: outputs), power) < 2e-7) }
            // A line between the samples misses a parabola: ¼ of (1/60)² at most, halfway.
            if outputs != 60 { #expect(largestError(.linear(from: 60, to: outputs), 2) > 1e-5) }
        }
    }

    // Widths on both sides of what a thread takes at once, and of the eight numbers of a register.
    @Test(arguments: [(1, 1), (3, 1), (1, 5), (2, 9), (2, 1030)])
    func `A filter along any axis is its matrix`(outer: Int, inner: Int) {
        let rule = ParityRule("line")
        for filter in [LineFilter.cubicSpline(from: 11, to: 7), .linear(from: 4, to: 9), .nearest(from: 5, to: 5)] {
            let rows = matrix(filter)
            var source = (0..<(outer * filter.inputCount * inner)).map { Float(rule.signed($0)) }
            var target = [Float](repeating: 9, count: outer * filter.outputCount * inner)
            source.withUnsafeMutableBufferPointer { source in
                target.withUnsafeMutableBufferPointer { target in
                    filter.apply(SharedPointer(source), to: SharedPointer(target), outer: outer, inner: inner, threads: 2)
                }
            }
            var worst = 0.0
            for block in 0..<outer {
                for output in 0..<filter.outputCount {
                    for column in 0..<inner {
                        let expected = (0..<filter.inputCount).reduce(0.0) {
                            $0 + Double(rows[output][$1]) * Double(source[(block * filter.inputCount + $1) * inner + column])
                        }
                        worst = max(worst, abs(expected - Double(target[(block * filter.outputCount + output) * inner + column])))
                    }
                }
            }
            #expect(worst < 1e-6)
        }
    }
}

/// Labels on another grid: the weights of eight corners, added up label by label.
struct LabelVoteTests {
    /// The share of each label at an output voxel.
    private func shares(_ labels: [Int16], _ from: Size3, _ to: Size3, _ voxel: [Int], coarse: Int?) -> [Int16: Double] {
        let places = (0..<3).map { (Double(voxel[$0]) + 0.5) * Double(from[$0]) / Double(to[$0]) - 0.5 }
        var found: [Int16: Double] = [:]
        for d in -1...from[0] {
            for h in -1...from[1] {
                for w in -1...from[2] {
                    var weight = 1.0
                    for (axis, index) in [d, h, w].enumerated() {
                        let nearest = (places[axis] + 0.5).rounded(.down)
                        weight *= axis == coarse ? (Double(index) == nearest ? 1 : 0) : max(0, 1 - abs(Double(index) - places[axis]))
                    }
                    func clamped(_ index: Int, _ axis: Int) -> Int { min(max(index, 0), from[axis] - 1) }
                    if weight > 0 { found[labels[(clamped(d, 0) * from[1] + clamped(h, 1)) * from[2] + clamped(w, 2)], default: 0] += weight }
                }
            }
        }
        return found
    }

    @Test(
        arguments: [
            ([3, 4, 5], [5, 3, 8], nil), ([3, 4, 5], [5, 3, 8], 0), ([2, 6, 6], [4, 9, 4], 0), ([4, 4, 4], [2, 2, 2], nil), ([1, 5, 7], [1, 8, 3], nil),
        ]
            as [(Size3, Size3, Int?)])
    func `Each output takes the label with the largest share, or with half of it`(from: Size3, to: Size3, coarse: Int?) {
        let rule = ParityRule("votes \(from)"), labels = (0..<from.voxels).map { Int16(rule.unit($0) * 5) - 1 }
        let grid = ResamplingGrid(from: from, to: to, coarseAxis: coarse)
        let most = LabelResampling.resample(labels, grid: grid, vote: .most, threads: 2),
            half = LabelResampling.resample(labels, grid: grid, vote: .half, threads: 1)
        var decided = 0
        for at in 0..<to.voxels {
            let shares = shares(labels, from, to, [at / (to[1] * to[2]), at / to[2] % to[1], at % to[2]], coarse: coarse)
            let order = shares.sorted { $0.value > $1.value }
            // Ties hang on the last bit, but for the rule that says what they give.
            if order.count == 1 || order[0].value > order[1].value + 1e-9 {
                #expect(most[at] == order[0].key)
                decided += 1
            }
            if order.allSatisfy({ abs($0.value - 0.5) > 1e-9 }) { #expect(half[at] == (order[0].value > 0.5 ? order[0].key : 0)) }
        }
        #expect(decided * 3 >= to.voxels)
    }

    @Test func `Where shares are equal, the smaller label wins the largest share, and the larger one the half`() {
        // Between a 7 and a 3, exactly halfway.
        let grid = ResamplingGrid(from: [1, 1, 2], to: [1, 1, 1])
        #expect(LabelResampling.resample([7, 3], grid: grid, compatibility: .modern) == [3])
        #expect(LabelResampling.resample([7, 3], grid: grid, compatibility: .unetrPlusPlus) == [7])
        // Four labels with a quarter each: none has half.
        let four = ResamplingGrid(from: [1, 2, 2], to: [1, 1, 1])
        #expect(LabelResampling.resample([9, 4, 6, 5], grid: four, compatibility: .modern) == [4])
        #expect(LabelResampling.resample([9, 4, 6, 5], grid: four, compatibility: .unetrPlusPlus) == [0])
        // Labels below 0 are labels like others.
        #expect(LabelResampling.resample([-1, -1, -1, 2], grid: four, compatibility: .modern) == [-1])
        #expect(LabelResampling.resample([1, 2, 3], grid: ResamplingGrid(from: [1, 1, 3], to: [1, 1, 3]), compatibility: .modern) == [1, 2, 3])
    }
}
