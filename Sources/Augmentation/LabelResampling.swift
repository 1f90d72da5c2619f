/// Reads labels on a rotated and scaled grid.
///
/// Each label's indicator is interpolated linearly; the largest label that reaches one half is written, and 0 where none does.
/// Positions outside of the crop give 0 as well (the reference asks for −1 there, but its threshold turns that into 0).
struct LabelResampling {
    private let grid: SamplingGrid
    private let view: CropView
    private let low: SIMD3<Int>
    /// The closed box, in coordinates of the crop, that positions may lie in.
    private let high: SIMD3<Int>

    init(_ grid: SamplingGrid, crop: CropView) {
        self.grid = grid
        let bounds = grid.bounds
        var low = SIMD3<Int>()
        var high = SIMD3<Int>()
        for axis in 0..<3 {
            let size = Double(crop.extent[axis])
            // The bounds are computed along another path than the positions, so they are widened by more than rounding.
            low[axis] = Int(min(max((bounds.low[axis] - 1e-6).rounded(.down), 0), size))
            high[axis] = Int(min(max((bounds.high[axis] + 1e-6).rounded(.up), -1), size - 1))
        }
        let isEmpty = (0..<3).contains { high[$0] < low[$0] }
        self.low = low
        self.high = isEmpty ? low &- 1 : high
        let extent = isEmpty ? Extent(0, 0, 0) : Extent(high.x - low.x + 1, high.y - low.y + 1, high.z - low.z + 1)
        view = crop.part(from: low, extent)
    }

    func apply(_ labels: UnsafePointer<Int16>, to output: UnsafeMutablePointer<Int16>, _ scratch: Scratch) {
        output.update(repeating: 0, count: grid.patch.count)
        guard view.extent.count > 0 else { return }
        let box = scratch.labels(view.extent.count)
        view.copy(labels, to: box, padding: -1)
        for plane in 0..<grid.patch.depth {
            for row in 0..<grid.patch.height {
                readRow(plane, row, box, output + (plane * grid.patch.height + row) * grid.patch.width)
            }
        }
    }

    private func readRow(_ plane: Int, _ row: Int, _ box: UnsafePointer<Int16>, _ output: UnsafeMutablePointer<Int16>) {
        let begin = grid.start(plane: plane, row: row)
        let step = grid.step
        let corner = SIMD3<Double>(low)
        let last = pointwiseMax(high &- low &- 1, .zero)
        // On an axis of one sample, the second corner is the first.
        let planeStride = view.extent.depth > 1 ? view.extent.height * view.extent.width : 0
        let rowStride = view.extent.height > 1 ? view.extent.width : 0
        let next = view.extent.width > 1 ? 1 : 0
        for x in grid.voxels(from: begin, within: corner, SIMD3<Double>(high)) {
            let position = begin + Double(x) * step - corner
            let z = min(Int(position.x), last.x)
            let y = min(Int(position.y), last.y)
            let w = min(Int(position.z), last.z)
            let base = box + ((z * view.extent.height + y) * view.extent.width + w)
            let corners = SIMD8(
                base[0], base[next], base[rowStride], base[rowStride + next], base[planeStride], base[planeStride + next],
                base[planeStride + rowStride], base[planeStride + rowStride + next])
            if corners == SIMD8(repeating: corners[0]) {
                output[x] = corners[0]
            } else {
                output[x] = vote(corners, position - SIMD3(Double(z), Double(y), Double(w)))
            }
        }
    }

    /// The largest label whose corners weigh at least one half together.
    private func vote(_ corners: SIMD8<Int16>, _ t: SIMD3<Double>) -> Int16 {
        let deep = SIMD8<Double>(1 - t.x, 1 - t.x, 1 - t.x, 1 - t.x, t.x, t.x, t.x, t.x)
        let across = SIMD8<Double>(1 - t.y, 1 - t.y, t.y, t.y, 1 - t.y, 1 - t.y, t.y, t.y)
        let along = SIMD8<Double>(1 - t.z, t.z, 1 - t.z, t.z, 1 - t.z, t.z, 1 - t.z, t.z)
        let weights = deep * across * along
        var best: Int16?
        for corner in 0..<8 where best.map({ corners[corner] > $0 }) ?? true {
            var weight = 0.0
            for other in 0..<8 where corners[other] == corners[corner] { weight += weights[other] }
            if weight >= 0.5 { best = corners[corner] }
        }
        return best ?? 0
    }
}
