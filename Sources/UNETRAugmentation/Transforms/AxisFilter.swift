import Foundation

/// A linear map along one axis whose every output reads a short run of inputs: a banded matrix.
///
/// Blurring and enlarging are such maps along each axis in turn, with what happens at the border folded into the numbers.
struct AxisFilter {
    let inputs: Int
    let outputs: Int
    /// Inputs read per output.
    let taps: Int
    /// `taps` rounded up to a multiple of 8; the rest of each row of `weights` is 0.
    let stride: Int
    /// The first input of each output.
    let starts: [Int]
    /// `[outputs, stride]`.
    let weights: [Float]

    /// Makes a filter of its full matrix `[outputs][inputs]`, leaving out entries below 1e-9 outside of the band.
    init(matrix: [[Double]], inputs: Int) {
        let spans = matrix.map { row -> (Int, Int) in
            let used = row.indices.filter { abs(row[$0]) > 1e-9 }
            return (used.first ?? 0, (used.last ?? 0) + 1)
        }
        let taps = spans.map { $0.1 - $0.0 }.max() ?? 1
        let stride = (taps + 7) / 8 * 8
        var starts: [Int] = []
        var weights = [Float](repeating: 0, count: matrix.count * stride)
        for (output, span) in spans.enumerated() {
            let start = min(span.0, inputs - taps)
            starts.append(start)
            for tap in 0..<taps { weights[output * stride + tap] = Float(matrix[output][start + tap]) }
        }
        self.inputs = inputs
        outputs = matrix.count
        self.taps = taps
        self.stride = stride
        self.starts = starts
        self.weights = weights
    }

    /// Gaussian blur, cut at 4 deviations, the image mirrored about its border's edge (d c b a | a b c d | d c b a).
    static func gaussian(deviation: Double, size: Int) -> AxisFilter {
        let radius = Int(4 * deviation + 0.5)
        var kernel = (-radius...radius).map { exp(-0.5 * Double($0 * $0) / (deviation * deviation)) }
        let sum = kernel.reduce(0, +)
        kernel = kernel.map { $0 / sum }
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
        for output in 0..<size {
            for (tap, weight) in kernel.enumerated() {
                var position = (output + tap - radius) % (2 * size)
                if position < 0 { position += 2 * size }
                matrix[output][position < size ? position : 2 * size - 1 - position] += weight
            }
        }
        return AxisFilter(matrix: matrix, inputs: size)
    }

    /// Enlarging by a cubic B-spline that passes through the samples, voxel edges aligned: output i reads (i + ½)·n/m − ½.
    ///
    /// At the border the samples are repeated 12 times, then mirrored, which is what the reference's library does.
    static func cubicResize(from inputs: Int, to outputs: Int) -> AxisFilter {
        let repeats = 12
        let padded = inputs + 2 * repeats
        // Column `input` of the map from samples to spline coefficients.
        let columns = (0..<inputs).map { input -> [Double] in
            var line = (0..<padded).map { min(max($0 - repeats, 0), inputs - 1) == input ? 1.0 : 0.0 }
            CubicSpline.prefilter(&line)
            return line
        }
        let matrix = (0..<outputs).map { output -> [Double] in
            let position = (Double(output) + 0.5) * Double(inputs) / Double(outputs) - 0.5 + Double(repeats)
            let base = Int(position.rounded(.down))
            let weights = CubicSpline.weights(position - Double(base))
            return columns.map { column in
                (0..<4).reduce(0) { $0 + weights[$1] * column[min(max(base - 1 + $1, 0), padded - 1)] }
            }
        }
        return AxisFilter(matrix: matrix, inputs: inputs)
    }

    /// Filters `[outer, inputs, inner]` to `[outer, outputs, inner]`. Both buffers need 8 readable values behind their end.
    func apply(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, outer: Int, inner: Int) {
        weights.withUnsafeBufferPointer { weights in
            for block in 0..<outer {
                let input = source + block * inputs * inner
                let output = target + block * outputs * inner
                for index in 0..<outputs {
                    let row = weights.baseAddress! + index * stride
                    if inner == 1 {
                        output[index] = dot(input + starts[index], row)
                    } else {
                        combine(input + starts[index] * inner, row, output + index * inner, inner)
                    }
                }
            }
        }
    }

    @inline(__always)
    private func dot(_ values: UnsafePointer<Float>, _ row: UnsafePointer<Float>) -> Float {
        var sum = SIMD8<Float>.zero
        var tap = 0
        while tap < stride {
            sum += values.lanes(at: tap) * row.lanes(at: tap)
            tap += 8
        }
        return sum.sum()
    }

    @inline(__always)
    private func combine(
        _ values: UnsafePointer<Float>, _ row: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ inner: Int
    ) {
        var position = 0
        while position + 8 <= inner {
            var sum = SIMD8<Float>.zero
            for tap in 0..<taps { sum += values.lanes(at: tap * inner + position) * row[tap] }
            output.store(sum, at: position)
            position += 8
        }
        while position < inner {
            var sum: Float = 0
            for tap in 0..<taps { sum += values[tap * inner + position] * row[tap] }
            output[position] = sum
            position += 1
        }
    }
}
