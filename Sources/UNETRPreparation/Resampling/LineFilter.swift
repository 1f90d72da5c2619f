/// A linear map from the samples of a line to another number of samples of the same line, kept as a banded matrix.
///
/// Every interpolation of this module is such a matrix for each axis; `SampleLine` says where the samples lie.
struct LineFilter: Sendable {
    let inputCount: Int
    let outputCount: Int

    /// Number of weights in each row.
    let taps: Int

    /// The first input sample that each output sample needs.
    let starts: [Int]

    /// The weights, [outputCount, taps]; each row belongs to the input samples from `starts` on.
    let weights: [Float]

    /// Builds the matrix from one row of (input index, weight) pairs for each output; indices outside the line are clamped to it.
    private init(from inputCount: Int, to outputCount: Int, step: Double? = nil, row: (Double) -> [(Int, Double)]) {
        let line = SampleLine(inputCount: inputCount, outputCount: outputCount, step: step)
        var first = [Int](repeating: 0, count: outputCount)
        var rows = [[Double]]()
        rows.reserveCapacity(outputCount)
        for output in 0..<outputCount {
            let pairs = row(line.position(output))
                .map { (min(max($0.0, 0), inputCount - 1), $0.1) }
            let low = pairs.map(\.0).min() ?? 0, high = pairs.map(\.0).max() ?? 0
            var values = [Double](repeating: 0, count: high - low + 1)
            for (index, weight) in pairs { values[index - low] += weight }
            first[output] = low
            rows.append(values)
        }
        let taps = rows.map(\.count).max() ?? 1
        var weights = [Float](repeating: 0, count: outputCount * taps)
        for output in 0..<outputCount {
            // A short row near the end is moved left, so that a row never reaches past the line.
            let start = min(first[output], inputCount - taps)
            for (offset, value) in rows[output].enumerated() {
                weights[output * taps + first[output] - start + offset] = Float(value)
            }
            first[output] = start
        }
        self.inputCount = inputCount
        self.outputCount = outputCount
        self.taps = taps
        self.starts = first
        self.weights = weights
    }

    /// Linear interpolation; positions beyond the first or last sample take its value.
    ///
    /// - Parameter step: see `SampleLine`.
    static func linear(from inputCount: Int, to outputCount: Int, step: Double? = nil) -> LineFilter {
        LineFilter(from: inputCount, to: outputCount, step: step) { position in
            let cell = position.rounded(.down)
            return [(Int(cell), 1 - (position - cell)), (Int(cell) + 1, position - cell)]
        }
    }

    /// The value of the nearest sample; a position halfway between two takes the later one.
    static func nearest(from inputCount: Int, to outputCount: Int) -> LineFilter {
        LineFilter(from: inputCount, to: outputCount) { [(Int(($0 + 0.5).rounded(.down)), 1)] }
    }

    /// Cubic convolution with a = −0.5 (Keys, IEEE TASSP 1981), indices clamped.
    static func cubicConvolution(from inputCount: Int, to outputCount: Int) -> LineFilter {
        LineFilter(from: inputCount, to: outputCount) { position in
            let cell = position.rounded(.down)
            let t = position - cell, index = Int(cell)
            return [
                (index - 1, ((-0.5 * t + 1) * t - 0.5) * t),
                (index, (1.5 * t - 2.5) * t * t + 1),
                (index + 1, ((-1.5 * t + 2) * t + 0.5) * t),
                (index + 2, (0.5 * t - 0.5) * t * t),
            ]
        }
    }

    /// The cubic B-spline through the samples (Unser, IEEE SPM 1999), with the boundary of SciPy's `zoom(mode: nearest)`: the line is
    /// continued by 12 copies of its end samples, and mirrored about the last copy.
    static func cubicSpline(from inputCount: Int, to outputCount: Int) -> LineFilter {
        let margin = 12
        let system = SplineSystem(count: inputCount + 2 * margin)
        return LineFilter(from: inputCount, to: outputCount) { position in
            let cell = position.rounded(.down)
            let t = position - cell, u = 1 - t
            let atCoefficients = [
                u * u * u / 6, (4 - 6 * t * t + 3 * t * t * t) / 6,
                (4 - 6 * u * u + 3 * u * u * u) / 6, t * t * t / 6,
            ]
            return system.weights(of: atCoefficients, from: Int(cell) - 1 + margin).map { ($0.0 - margin, $0.1) }
        }
    }
}

/// The equations that make a cubic B-spline pass through `count` samples, mirrored about the first and the last.
///
/// Samples = A · coefficients with A tridiagonal: ⅔ on the diagonal, ⅙ beside it, ⅓ where a mirrored neighbor counts twice.
private struct SplineSystem {
    /// The weights decay by a factor 0.268 a sample: beyond this distance they are below 2e-8, less than float32 can show.
    private static let reach = 14

    /// What elimination from the left leaves on the diagonal of the transposed system.
    private let pivots: [Double]
    private let count: Int

    init(count: Int) {
        self.count = count
        var pivots = [Double](repeating: 4 / 6, count: count)
        for row in 1..<count {
            pivots[row] = 4 / 6 - Self.below(row) * Self.above(row - 1, count) / pivots[row - 1]
        }
        self.pivots = pivots
    }

    /// Entry (row, row − 1) of the transposed matrix.
    private static func below(_ row: Int) -> Double { row == 1 ? 2 / 6 : 1 / 6 }

    /// Entry (row, row + 1) of the transposed matrix.
    private static func above(_ row: Int, _ count: Int) -> Double { row == count - 2 ? 2 / 6 : 1 / 6 }

    /// The weights on samples that equal `weights` on the coefficients from `first` on: the solution of Aᵀ y = weights.
    func weights(of weights: [Double], from first: Int) -> [(Int, Double)] {
        let low = max(first - Self.reach, 0), high = min(first + weights.count - 1 + Self.reach, count - 1)
        var values = [Double](repeating: 0, count: high - low + 1)
        for (offset, weight) in weights.enumerated() { values[first + offset - low] = weight }
        // Nothing stands left of the first weight, so elimination may begin there.
        for row in (first + 1)..<(high + 1) {
            values[row - low] -= Self.below(row) / pivots[row - 1] * values[row - 1 - low]
        }
        // The part cut off right of `high` has decayed to nothing.
        values[high - low] /= pivots[high]
        for row in stride(from: high - 1, through: low, by: -1) {
            values[row - low] = (values[row - low] - Self.above(row, count) * values[row + 1 - low]) / pivots[row]
        }
        return values.enumerated().map { ($0.offset + low, $0.element) }
    }
}
