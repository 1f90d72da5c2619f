import UNETRSupport

/// Reads an image channel on a rotated and scaled grid by cubic B-splines; positions outside of the crop give 0.
///
/// Same as filtering the whole padded crop, but only the part that the patch can see, and that is not padding, is filtered: with a
/// border of 12 samples, behind which the filter's answer has sunk below float's precision.
struct SplineResampling {
    private let grid: SamplingGrid
    private let isPlanar: Bool
    /// The part of the case whose coefficients are computed.
    private let view: CropView
    /// The filtered box in coordinates of the crop, closed: positions outside of it give 0.
    private let low: SIMD3<Int>
    private let high: SIMD3<Int>

    init(_ grid: SamplingGrid, crop: CropView, inPlane: Bool) {
        self.grid = grid
        isPlanar = inPlane
        let bounds = grid.bounds
        let inside = crop.inside
        var low = SIMD3<Int>()
        var high = SIMD3<Int>()
        for axis in 0..<3 {
            let margin = inPlane && axis == 0 ? 0 : CubicSpline.reach + 2
            let size = Double(crop.extent[axis])
            let first = Int(min(max(bounds.low[axis].rounded(.down), 0), size)) - margin
            let last = Int(min(max(bounds.high[axis].rounded(.up), -1), size - 1)) + margin
            low[axis] = max(0, max(first, inside.low[axis] - margin))
            high[axis] = min(crop.extent[axis] - 1, min(last, inside.high[axis] - 1 + margin))
        }
        let isEmpty = (0..<3).contains { inside.high[$0] <= inside.low[$0] || high[$0] < low[$0] }
        self.low = low
        self.high = isEmpty ? low &- 1 : high
        let extent = isEmpty ? Size3(0, 0, 0) : Size3(high.x - low.x + 1, high.y - low.y + 1, high.z - low.z + 1)
        view = crop.part(from: low, extent)
    }

    /// Resamples one channel of the case into `output`, of the patch's size.
    func apply(_ channel: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>, _ scratch: Scratch) {
        output.update(repeating: 0, count: grid.patch.voxels)
        guard view.extent.voxels > 0 else { return }
        let size = view.extent
        // One coefficient more on either side of each interpolated axis, where the mirrored border is written out. Four coefficients are
        // read wherever an interpolation starts, so an axis of one sample, which starts from it, needs a fourth: it has weight 0, but
        // 0 × whatever lies behind the buffer may be NaN.
        let padded = Size3(
            isPlanar ? size.depth : max(size.depth, 2) + 2, max(size.height, 2) + 2, max(size.width, 2) + 2)
        let coefficients = scratch.floats(Slot.coefficients, padded.voxels)
        let samples = scratch.floats(Slot.first, size.voxels)
        view.copy(channel, to: samples, padding: 0)
        CubicSpline.prefilter(samples, outer: size.depth * size.height, count: size.width, inner: 1)
        CubicSpline.prefilter(samples, outer: size.depth, count: size.height, inner: size.width)
        if !isPlanar { CubicSpline.prefilter(samples, outer: 1, count: size.depth, inner: size.height * size.width) }
        mirrorBorders(samples, size, into: coefficients, padded)
        for plane in 0..<grid.patch.depth {
            for row in 0..<grid.patch.height {
                interpolateRow(plane, row, coefficients, padded, output + (plane * grid.patch.height + row) * grid.patch.width)
            }
        }
    }

    private func mirrorBorders(
        _ source: UnsafePointer<Float>, _ size: Size3, into target: UnsafeMutablePointer<Float>, _ padded: Size3
    ) {
        /// The sample that stands at a padded index: −1 stands for 1, n for n − 2. A single sample stands everywhere.
        func mirrored(_ index: Int, _ count: Int) -> Int {
            let position = index - 1
            if count == 1 { return 0 }
            return position < 0 ? 1 : position == count ? count - 2 : position
        }
        for plane in 0..<padded.depth {
            let sourcePlane = isPlanar ? plane : mirrored(plane, size.depth)
            for row in 0..<padded.height {
                let input = source + (sourcePlane * size.height + mirrored(row, size.height)) * size.width
                let output = target + (plane * padded.height + row) * padded.width
                output[0] = input[mirrored(0, size.width)]
                (output + 1).update(from: input, count: size.width)
                for column in (size.width + 1)..<padded.width { output[column] = input[mirrored(column, size.width)] }
            }
        }
    }

    /// The last sample an interpolation may start from: with n samples, positions in [n − 2, n − 1] start from n − 2.
    /// In-plane, planes are read as they are.
    private var lastBase: SIMD3<Int> {
        var last = pointwiseMax(high &- low &- 1, .zero)
        if isPlanar { last.x = high.x - low.x }
        return last
    }

    private func interpolateRow(
        _ plane: Int, _ row: Int, _ coefficients: UnsafePointer<Float>, _ padded: Size3, _ output: UnsafeMutablePointer<Float>
    ) {
        let begin = grid.start(plane: plane, row: row)
        let step = grid.step
        let corner = SIMD3<Double>(low)
        let voxels = grid.voxels(from: begin, within: corner, SIMD3<Double>(high))
        let last = lastBase
        let planeStride = padded.height * padded.width
        let rowStride = padded.width
        let offset = begin - corner
        for x in voxels {
            let position = offset + Double(x) * step
            let z = min(Int(position.x), last.x)
            let y = min(Int(position.y), last.y)
            let w = min(Int(position.z), last.z)
            let base = coefficients + (z * planeStride + y * rowStride + w)
            // The weights of all three axes side by side; element k of `taps.n` is tap n of axis k.
            let taps = CubicSpline.weights(
                SIMD4(Float(position.x - Double(z)), Float(position.y - Double(y)), Float(position.z - Double(w)), 0))
            let across = SIMD4(taps.0[1], taps.1[1], taps.2[1], taps.3[1])
            let along = SIMD4(taps.0[2], taps.1[2], taps.2[2], taps.3[2])
            if isPlanar {
                output[x] = (plane4(base, rowStride, across) * along).sum()
            } else {
                var sum = plane4(base, rowStride, across) * taps.0[0]
                sum += plane4(base + planeStride, rowStride, across) * taps.1[0]
                sum += plane4(base + 2 * planeStride, rowStride, across) * taps.2[0]
                sum += plane4(base + 3 * planeStride, rowStride, across) * taps.3[0]
                output[x] = (sum * along).sum()
            }
        }
    }

    /// Four rows of four coefficients, weighted and added.
    @inline(__always)
    private func plane4(_ base: UnsafePointer<Float>, _ stride: Int, _ weights: SIMD4<Float>) -> SIMD4<Float> {
        let lower = base.quad(at: 0) * weights[0] + base.quad(at: stride) * weights[1]
        return lower + base.quad(at: 2 * stride) * weights[2] + base.quad(at: 3 * stride) * weights[3]
    }
}
