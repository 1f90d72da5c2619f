import Foundation

/// Cubic B-spline interpolation: samples → coefficients (the prefilter), coefficients → values anywhere.
///
/// Unser, "Splines: a perfect fit for signal and image processing", IEEE Signal Processing Magazine 1999. Borders are mirrored about
/// the outermost sample (d c b | a b c d | c b a).
enum CubicSpline {
    /// The pole of the prefilter, √3 − 2.
    static let pole = 3.0.squareRoot() - 2
    /// Beyond this many samples the prefilter's answer to a sample has died away: |pole|¹² = 1.4e-7, float's precision.
    static let reach = 12

    /// The weights of samples base − 1 … base + 2 for a position `t` in [0, 1] behind base.
    static func weights(_ t: Double) -> [Double] {
        let s = 1 - t
        return [s * s * s / 6, (4 - 6 * t * t + 3 * t * t * t) / 6, (4 - 6 * s * s + 3 * s * s * s) / 6, t * t * t / 6]
    }

    /// The same for four positions at once: the first, second, third and fourth weight of each.
    @inline(__always)
    static func weights(_ t: SIMD4<Float>) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
        let s = 1 - t
        let tt = t * t
        let ss = s * s
        return (
            ss * s * (1.0 / 6), (2.0 / 3) - tt + 0.5 * tt * t, (2.0 / 3) - ss + 0.5 * ss * s, tt * t * (1.0 / 6)
        )
    }

    /// Turns a line of samples into coefficients, in double precision.
    static func prefilter(_ line: inout [Double]) {
        let count = line.count
        guard count > 1 else { return }
        for index in 0..<count { line[index] *= 6 }
        // The causal start: the mirrored signal's sum, exact over one period.
        var start = line[0] + pow(pole, Double(count - 1)) * line[count - 1]
        for index in 1..<(count - 1) {
            start += (pow(pole, Double(index)) + pow(pole, Double(2 * count - 2 - index))) * line[index]
        }
        line[0] = start / (1 - pow(pole, Double(2 * count - 2)))
        for index in 1..<count { line[index] += pole * line[index - 1] }
        line[count - 1] = pole / (pole * pole - 1) * (line[count - 1] + pole * line[count - 2])
        for index in (0..<(count - 1)).reversed() { line[index] = pole * (line[index + 1] - line[index]) }
    }

    /// Turns samples `[outer, count, inner]` into coefficients along the middle axis, in place.
    ///
    /// Rows of `inner` contiguous values are filtered side by side.
    static func prefilter(_ values: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int) {
        guard count > 1 else { return }
        let starts = startWeights(count)
        if inner > 1 {
            for block in 0..<outer { prefilterRows(values + block * count * inner, count, inner, starts) }
            return
        }
        var block = 0
        while block + 4 <= outer {
            prefilterLines(values + block * count, count, starts)
            block += 4
        }
        while block < outer {
            prefilterRows(values + block * count, count, 1, starts)
            block += 1
        }
    }

    /// The weights of the first samples in the causal start value, the gain of 6 included.
    private static func startWeights(_ count: Int) -> [Float] {
        let period = 2 * count - 2
        let scale = 6 / (1 - pow(pole, Double(period)))
        return (0..<min(count, 2 * reach)).map { index in
            let mirrored = index == 0 || index == count - 1 ? 0 : pow(pole, Double(period - index))
            return Float((pow(pole, Double(index)) + mirrored) * scale)
        }
    }

    /// Filters four lines that follow each other in memory. Each step waits for the one before it; four lines keep the processor busy.
    private static func prefilterLines(_ lines: UnsafeMutablePointer<Float>, _ count: Int, _ starts: [Float]) {
        let (a, b, c, d) = (lines, lines + count, lines + 2 * count, lines + 3 * count)
        @inline(__always) func read(_ index: Int) -> SIMD4<Float> { SIMD4(a[index], b[index], c[index], d[index]) }
        @inline(__always) func write(_ value: SIMD4<Float>, _ index: Int) {
            a[index] = value[0]
            b[index] = value[1]
            c[index] = value[2]
            d[index] = value[3]
        }
        let z = Float(pole)
        var value = SIMD4<Float>.zero
        for index in 0..<starts.count { value += starts[index] * read(index) }
        write(value, 0)
        for index in 1..<count {
            value = 6 * read(index) + z * value
            write(value, index)
        }
        value = Float(pole / (pole * pole - 1)) * (value + z * read(count - 2))
        write(value, count - 1)
        for index in stride(from: count - 2, through: 0, by: -1) {
            value = z * (value - read(index))
            write(value, index)
        }
    }

    private static func prefilterRows(_ rows: UnsafeMutablePointer<Float>, _ count: Int, _ inner: Int, _ starts: [Float]) {
        let z = Float(pole)
        for x in 0..<inner { rows[x] *= starts[0] }
        for index in 1..<starts.count {
            let row = rows + index * inner
            let weight = starts[index]
            for x in 0..<inner { rows[x] += weight * row[x] }
        }
        for index in 1..<count {
            let row = rows + index * inner
            let previous = row - inner
            for x in 0..<inner { row[x] = 6 * row[x] + z * previous[x] }
        }
        let last = rows + (count - 1) * inner
        let ending = Float(pole / (pole * pole - 1))
        for x in 0..<inner { last[x] = ending * (last[x] + z * (last - inner)[x]) }
        for index in stride(from: count - 2, through: 0, by: -1) {
            let row = rows + index * inner
            let next = row + inner
            for x in 0..<inner { row[x] = z * (next[x] - row[x]) }
        }
    }
}
