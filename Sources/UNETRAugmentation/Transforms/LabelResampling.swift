import UNETRSupport

/// Reads labels on a rotated and scaled grid: each label's indicator is interpolated linearly, then the rule decides.
struct LabelResampling {
    private let grid: SamplingGrid
    private let rule: AugmentationRule
    private let view: CropView
    private let low: SIMD3<Int>
    /// The closed box, in coordinates of the crop, that positions may lie in.
    private let high: SIMD3<Int>

    init(_ grid: SamplingGrid, crop: CropView, rule: AugmentationRule) {
        self.grid = grid
        self.rule = rule
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
        let extent = isEmpty ? Size3(0, 0, 0) : Size3(high.x - low.x + 1, high.y - low.y + 1, high.z - low.z + 1)
        view = crop.part(from: low, extent)
    }

    func apply(_ labels: UnsafePointer<Int16>, to output: UnsafeMutablePointer<Int16>, _ scratch: Scratch) {
        output.update(repeating: rule.labelOutside, count: grid.patch.voxels)
        guard view.extent.voxels > 0 else { return }
        let box = scratch.labels(view.extent.voxels)
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
                output[x] = rule.vote(corners, position - SIMD3(Double(z), Double(y), Double(w)))
            }
        }
    }
}

extension AugmentationRule {
    /// Shares closer than this count as equal: a position half-way between two samples must not be decided by rounding.
    private static let tie = 1e-9

    /// The label for positions outside of the crop. Both releases ask for −1, but the older one's threshold turns it into 0.
    var labelOutside: Int16 { self == .modern ? -1 : 0 }

    /// Decides between the labels of the eight samples around a position `t` within their cube, corner 0 to corner 7.
    ///
    /// The older release takes the largest label with a share of one half or more, and 0 where there is none. The newer one takes the
    /// label with the largest share; among equal ones that of the nearest sample (upwards from half-way), else the smallest.
    func vote(_ corners: SIMD8<Int16>, _ t: SIMD3<Double>) -> Int16 {
        // Nearly always two labels meet.
        let first = corners[0]
        var second = first
        for corner in 1..<8 where corners[corner] != first {
            if second == first { second = corners[corner] }
            if corners[corner] != second { return voteAmongMany(corners, t) }
        }
        let share = Self.share(of: first, corners, t)
        return decide(between: first, share, second, nearest: corners[Self.nearest(t)])
    }

    /// The choice between two labels, one with the given share and the other with the rest.
    @inline(__always)
    private func decide(between first: Int16, _ share: Double, _ second: Int16, nearest: Int16) -> Int16 {
        if abs(share - 0.5) > Self.tie { return share > 0.5 ? first : second }
        return self == .modern ? nearest : max(first, second)
    }

    private func voteAmongMany(_ corners: SIMD8<Int16>, _ t: SIMD3<Double>) -> Int16 {
        let shares = (0..<8).map { Self.share(of: corners[$0], corners, t) }
        switch self {
        case .unetrPlusPlus:
            let winners = (0..<8).filter { shares[$0] >= 0.5 - Self.tie }
            return winners.map { corners[$0] }.max() ?? 0
        case .modern:
            let top = shares.max()! - Self.tie
            let nearest = Self.nearest(t)
            if shares[nearest] >= top { return corners[nearest] }
            return (0..<8).filter { shares[$0] >= top }.map { corners[$0] }.min()!
        }
    }

    /// The label's indicator, interpolated linearly along W, H, D.
    @inline(__always)
    private static func share(of label: Int16, _ corners: SIMD8<Int16>, _ t: SIMD3<Double>) -> Double {
        func along(_ corner: Int) -> Double {
            let (low, high) = (corners[corner] == label ? 1.0 : 0, corners[corner + 1] == label ? 1.0 : 0)
            return low * (1 - t.z) + high * t.z
        }
        let front = along(0) * (1 - t.y) + along(2) * t.y
        let back = along(4) * (1 - t.y) + along(6) * t.y
        return front * (1 - t.x) + back * t.x
    }

    /// The corner nearest to the position, upwards from half-way.
    @inline(__always)
    private static func nearest(_ t: SIMD3<Double>) -> Int {
        (t.x >= 0.5 ? 4 : 0) + (t.y >= 0.5 ? 2 : 0) + (t.z >= 0.5 ? 1 : 0)
    }
}
