import Testing
import UNETRSupport

@testable import UNETRAugmentation

/// The filters along one axis against SciPy 1.18 in float64; the calls stand beside the numbers.
@Suite struct FilterTests {
    private static let line: [Double] = [1, -2, 3, 0.5, 7, 0]

    /// A line through a filter. Filters read a little behind the end of what they filter.
    private func filtered(_ values: [Double], _ filter: AxisFilter) -> [Double] {
        let input = values.map { Float($0) } + [Float](repeating: 0, count: 16)
        var output = [Float](repeating: .nan, count: filter.outputs + 16)
        input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { filter.apply(input.baseAddress!, $0.baseAddress!, outer: 1, inner: 1) }
        }
        return output.prefix(filter.outputs).map(Double.init)
    }

    private func expect(_ found: [Double], _ expected: [Double], within tolerance: Double, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(found.count == expected.count, "\(name)", sourceLocation: sourceLocation)
        for (index, (a, b)) in zip(found, expected).enumerated() {
            #expect(abs(a - b) <= tolerance, "\(name) \(index): \(a), \(b) expected", sourceLocation: sourceLocation)
        }
    }

    // scipy.ndimage.spline_filter1d(line, 3, mode="mirror")
    @Test(
        arguments: [
            ([1, -2, 3, 0.5, 7], [4.428571429, -5.857142857, 7, -4.142857143, 12.57142857]), ([4, 1], [7, -2]), ([3.5], [3.5]),
            (
                [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                [
                    0.248711306, -0.4974226119, 1.740979142, -0.4664939551, 0.1249966785, -0.03349275907, 0.008974357746, -0.002404671912, 0.0006443299028,
                    -0.0001726476991, 4.626089346e-05, -1.239587477e-05, 3.322605607e-06, -8.945476635e-07, 2.555850467e-07, -1.277925234e-07,
                ]
            ),
        ] as [([Double], [Double])])
    func `Spline coefficients are SciPy's, in double precision, in rows and in four lines at once`(_ line: [Double], _ expected: [Double]) {
        var double = line
        CubicSpline.prefilter(&double)
        expect(double, expected, within: 1e-8, "double")
        // Float keeps seven digits of values up to 13.
        let count = line.count, scales: [Float] = [1, -2, 0.5, 3, 10]
        var lines = scales.flatMap { scale in line.map { Float($0) * scale } }
        lines.withUnsafeMutableBufferPointer { CubicSpline.prefilter($0.baseAddress!, outer: 5, count: count, inner: 1) }
        var rows = line.flatMap { value in scales.map { Float(value) * $0 } }
        rows.withUnsafeMutableBufferPointer { CubicSpline.prefilter($0.baseAddress!, outer: 1, count: count, inner: 5) }
        for (number, scale) in scales.enumerated() {
            let tolerance = 1e-5 * Double(abs(scale))
            expect((0..<count).map { Double(lines[number * count + $0]) }, expected.map { $0 * Double(scale) }, within: tolerance, "line \(number)")
            expect((0..<count).map { Double(rows[5 * $0 + number]) }, expected.map { $0 * Double(scale) }, within: tolerance, "row \(number)")
        }
    }

    @Test func `The spline through the samples passes through them, and its weights sum up to 1`() {
        for place in stride(from: 0.0, through: 1, by: 0.125) {
            let weights = CubicSpline.weights(place), four = CubicSpline.weights(SIMD4(repeating: Float(place)))
            #expect(abs(weights.reduce(0, +) - 1) < 1e-15 && weights.allSatisfy { $0 >= 0 })
            expect([four.0, four.1, four.2, four.3].map { Double($0[2]) }, weights, within: 1e-7, "at \(place)")
        }
        // β³ at 0 and ±1: 2/3 and 1/6; half-way 23/48 and 1/48.
        expect(CubicSpline.weights(0), [1 / 6.0, 2 / 3.0, 1 / 6.0, 0], within: 1e-15, "at a sample")
        expect(CubicSpline.weights(0.5), [1 / 48.0, 23 / 48.0, 23 / 48.0, 1 / 48.0], within: 1e-15, "between samples")
        var coefficients = Self.line
        CubicSpline.prefilter(&coefficients)
        for index in 1..<5 {
            let value = (0..<3).reduce(0.0) { $0 + CubicSpline.weights(0)[$1] * coefficients[index - 1 + $1] }
            #expect(abs(value - Self.line[index]) < 1e-12)
        }
    }

    // scipy.ndimage.gaussian_filter1d(line, deviation, mode="reflect")
    @Test(
        arguments: [
            (0.5, line, [0.680383819, -1.146942566, 2.20214694, 1.457265353, 5.560012062, 0.7471343919]),
            (0.8, line, [0.2938186515, -0.04904085009, 1.329286538, 2.489065506, 3.672825182, 1.764044973]),
            (1, line, [0.2274783965, 0.273546335, 1.269966459, 2.516706443, 3.097923445, 2.114378922]), (1, [5], [5]),
            (1, [5, 1], [3.582457752, 2.417542248]),
        ] as [(Double, [Double], [Double])])
    func `A Gaussian blur is SciPy's, also where its kernel is longer than the line`(_ deviation: Double, _ line: [Double], _ expected: [Double]) {
        let filter = AxisFilter.gaussian(deviation: deviation, size: line.count)
        #expect(filter.inputs == line.count && filter.outputs == line.count)
        expect(filtered(line, filter), expected, within: 1e-6, "deviation \(deviation)")
        // A constant stays what it is.
        expect(filtered(line.map { _ in 3 }, filter), line.map { _ in 3 }, within: 1e-6, "constant")
    }

    // scipy.ndimage.zoom(line[:inputs], outputs / inputs, order=3, mode="nearest", grid_mode=True)
    @Test(
        arguments: [
            (6, 9, [1.36183423, -1.130137843, -1.405148536, 2.599885875, 1.491583425, 1.28989794, 6.538882834, 4.262305788, -0.6983173352]),
            (3, 7, [1.44404824, 0.5228743786, -1.285445931, -2, -0.2408167581, 2.359026198, 3.59385695]),
            (
                6, 13,
                [
                    1.468730598, 0.2756297048, -1.709832365, -1.63631229, 1.191935941, 3.009181414, 1.491583425, 0.4143639774, 3.353226452, 6.759036935,
                    5.568088895, 1.406595994, -0.9046206112,
                ]
            ), (2, 5, [1.31168879, 0.7790614872, -0.5, -1.779061487, -2.31168879]),
        ] as [(Int, Int, [Double])])
    func `Enlarging by splines is SciPy's`(_ inputs: Int, _ outputs: Int, _ expected: [Double]) {
        let filter = AxisFilter.cubicResize(from: inputs, to: outputs)
        #expect(filter.outputs == outputs)
        expect(filtered(Array(Self.line.prefix(inputs)), filter), expected, within: 3e-6, "\(inputs) to \(outputs)")
    }

    @Test func `A filter along a middle axis does to each column what it does to a line`() {
        let filter = AxisFilter.gaussian(deviation: 0.8, size: 6), outer = 3, inner = 11
        let columns = (0..<(outer * inner)).map { number in Self.line.map { $0 * Double(number + 1) - 3 } }
        var input = [Float](repeating: 0, count: outer * 6 * inner + 16), output = input
        for block in 0..<outer {
            for index in 0..<6 { for column in 0..<inner { input[(block * 6 + index) * inner + column] = Float(columns[block * inner + column][index]) } }
        }
        input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { filter.apply(input.baseAddress!, $0.baseAddress!, outer: outer, inner: inner) }
        }
        for block in 0..<outer {
            for column in 0..<inner {
                let found = (0..<6).map { Double(output[(block * 6 + $0) * inner + column]) }
                // Values up to 33 · 7 in float.
                expect(found, filtered(columns[block * inner + column], filter), within: 3e-5, "block \(block), column \(column)")
            }
        }
    }

    @Test func `A filter of a matrix keeps to its band`() {
        // Output 0 reads input 0 alone, output 1 the mean of 1 and 2, output 2 inputs 2 and 3 with what is below 1e-9 left out.
        let filter = AxisFilter(matrix: [[1, 0, 0, 0], [0, 0.5, 0.5, 0], [1e-12, 0, 2, -1]], inputs: 4)
        #expect(filter.taps == 2 && filter.starts == [0, 1, 2] && filter.stride == 8 && filter.outputs == 3)
        expect(filtered([7, 3, 5, 11], filter), [7, 4, -1], within: 1e-6, "banded")
    }

    @Test func `A smaller volume takes the sample nearest to each center, ties upwards`() {
        func reduced(_ from: Size3, _ to: Size3) -> [Int16] {
            let source = (0..<from.voxels).map { Int16($0) }
            var target = [Int16](repeating: -1, count: to.voxels)
            NearestReduction(from: from, to: to).apply(source, to: &target)
            return target
        }
        #expect(reduced([1, 1, 6], [1, 1, 3]) == [1, 3, 5] && reduced([1, 1, 6], [1, 1, 2]) == [1, 4] && reduced([1, 1, 5], [1, 1, 2]) == [1, 3])
        #expect(reduced([1, 1, 4], [1, 1, 4]) == [0, 1, 2, 3] && reduced([3, 1, 2], [1, 1, 1]) == [3])
        // ⌊(i + ½) · 4 / 2⌋ = 1, 3 along D, ⌊(i + ½) · 3 / 2⌋ = 0, 2 along H, all along W.
        #expect(reduced([4, 3, 2], [2, 2, 2]) == [6, 7, 10, 11, 18, 19, 22, 23])
    }

    @Test func `A crop that reaches beyond the case is filled up, and one beside it is nothing but that`() {
        let size = Size3(2, 3, 4), volume = (0..<24).map { Int16($0) }
        func copied(_ view: CropView) -> [Int16] {
            var target = [Int16](repeating: -9, count: view.extent.voxels)
            view.copy(volume, to: &target, padding: -1)
            return target
        }
        #expect(copied(CropView(origin: [1, 1, 2], extent: [1, 2, 2], size: size)) == [18, 19, 22, 23])
        let corner = CropView(origin: [-1, 2, -1], extent: [2, 2, 3], size: size)
        #expect(copied(corner) == [-1, -1, -1, -1, -1, -1, -1, 8, 9, -1, -1, -1])
        #expect(corner.inside.low == [1, 0, 1] && corner.inside.high == [2, 1, 3])
        for origin in [[2, 0, 0], [-2, 0, 0], [0, 3, 0], [0, 0, -3], [0, 0, 4]] as [SIMD3<Int>] {
            #expect(copied(CropView(origin: origin, extent: [2, 2, 3], size: size)) == [Int16](repeating: -1, count: 12), "\(origin)")
        }
        // The middle of a larger crop, rounded towards the first voxel.
        let middle = CropView(origin: [0, -1, 0], extent: [2, 4, 4], size: size).center([1, 3, 1])
        #expect(middle.origin == [0, -1, 1] && middle.extent == [1, 3, 1])
        #expect(copied(middle) == [-1, 1, 5])
    }
}
