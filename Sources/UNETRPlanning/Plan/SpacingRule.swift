import UNETRSupport
package import UNETRVolumes

/// MONAI's `Spacing` for one scan: the first voxels of both grids lie at one place, and neighbors are as far apart as was asked.
///
/// Source: MONAI 1.6.1, `Spacing`, `zoom_affine`, `compute_shape_offset` and `spatial_resample`, in the order of operations of NumPy's LAPACK: a
/// last bit decides over a size that lies halfway between two, which half of all scans have at twice their spacing.
package struct SpacingRule {
    /// How far the scan's own spacing may be from what was asked to stay as it is (mm), and two affines from each other to count as one.
    private static let tolerance = 1e-3

    /// The scan's own spacing along the prepared axes, by its affine.
    package let own: [Double]

    /// What the prepared volume's becomes: that which was asked for, or the scan's own where the two are nearly equal.
    package let spacing: [Double]

    /// Of the scan with its axes in the prepared order: its affine, without the last row.
    private let source: [[Double]]

    /// Of the prepared volume: its axes at right angles and as long as `spacing`, its origin at 0.
    private let target: [[Double]]

    package init(_ scan: Geometry, _ axes: AxisMap, target wanted: [Double]) {
        let size = axes.order.apply(scan.size)
        func column(_ prepared: Int) -> [Double] {
            // Axis a of an array is axis 2 − a of the file.
            let sign: Double = axes.flipped.contains(prepared) ? -1 : 1
            return (0..<3).map { sign * scan.affine[$0][2 - axes.order.axes[prepared]] }
        }
        let columns = (0..<3).map(column)
        let own = columns.map { column in
            let length = column.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return length > 0 ? length : 1
        }
        // A flipped axis begins at the scan's last voxel.
        source = (0..<3).map { row in
            let origin = axes.flipped.reduce(scan.affine[row][3]) { $0 - columns[$1][row] * Double(size[$1] - 1) }
            return columns.map { $0[row] } + [origin]
        }
        let spacing = zip(own, wanted).map { own, wanted in wanted - Self.tolerance <= own && own <= wanted + Self.tolerance ? own : wanted }
        target = Self.zoomed(source, to: spacing)
        self.own = own
        self.spacing = spacing
    }

    /// Voxels of the prepared volume; at most `ResamplingGrid.longestAxis` along an axis.
    package func size(_ size: Size3) -> Size3 {
        let map = Self.solve(target, source), ends = (0..<3).map { [0, Double(size[$0] - 1)] }
        return Size3 { axis in
            let row = map[axis]
            let places = ends[0].flatMap { i in ends[1].flatMap { j in ends[2].map { k in row[0] * i + row[1] * j + row[2] * k + row[3] } } }
            let extent = (places.max() ?? 0) - (places.min() ?? 0)
            let count = Int(clampingRounded: extent + 1, .toNearestOrEven) ?? 1
            return min(max(1, count), ResamplingGrid.longestAxis)
        }
    }

    /// Whether the two grids are so nearly one that the scan is not resampled.
    package func isUnchanged(_ size: Size3) -> Bool {
        guard self.size(size) == size else { return false }
        func isClose(_ one: Double, _ other: Double) -> Bool { abs(one - other) <= Self.tolerance + 1e-5 * abs(other) }
        return zip(spacing, own).allSatisfy { isClose($0 / $1, 1) }
            || (0..<3).allSatisfy { row in (0..<3).allSatisfy { isClose(source[row][$0], target[row][$0]) } }
    }

    /// From a scan of that size, its axes in the prepared order, to the prepared volume.
    package func grid(from size: Size3) -> ResamplingGrid {
        if isUnchanged(size) { return ResamplingGrid(from: size, to: size) }
        let map = Self.solve(source, target)
        return ResamplingGrid(from: size, to: self.size(size), steps: (0..<3).map { map[$0][$0] })
    }

    /// From the prepared volume back to a scan of that size.
    package func inverse(to size: Size3) -> ResamplingGrid {
        if isUnchanged(size) { return ResamplingGrid(from: size, to: size) }
        let map = Self.solve(target, source)
        return ResamplingGrid(from: self.size(size), to: size, steps: (0..<3).map { map[$0][$0] })
    }

    /// How far, in voxels, a corner of the scan lies from where it would lie if its axes were at right angles: MONAI resamples sheared scans
    /// along slanted lines.
    package func shear(_ size: Size3) -> Double {
        var largest = 0.0
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let product = source.reduce(0) { $0 + $1[one] * $1[other] }
            let cosine = abs(product) / (own[one] * own[other])
            for (axis, beside) in [(one, other), (other, one)] {
                largest = max(largest, cosine * Double(size[beside] - 1) * own[beside] / own[axis])
            }
        }
        return largest
    }

    // MARK: Arithmetic

    /// The rotation nearest to an affine by Cholesky's decomposition, its axes made as long as asked, without an origin.
    private static func zoomed(_ affine: [[Double]], to lengths: [Double]) -> [[Double]] {
        let product = (0..<3).map { i in (0..<3).map { j in affine.reduce(0) { $0 + $1[i] * $1[j] } } }
        // Of the upper triangle U with UᵀU = product, and of its inverse.
        var upper = [[Double]](repeating: [0, 0, 0], count: 3), inverse = upper
        for j in 0..<3 {
            upper[j][j] = (0..<j).reduce(product[j][j]) { $0 - upper[$1][j] * upper[$1][j] }.squareRoot()
            for i in (j + 1)..<max(3, j + 1) {
                upper[j][i] = (0..<j).reduce(product[i][j]) { $0 - upper[$1][i] * upper[$1][j] } / upper[j][j]
            }
        }
        for column in 0..<3 {
            for row in (0..<3).reversed() {
                let rest = ((row + 1)..<max(3, row + 1)).reduce(row == column ? 1.0 : 0) { $0 - upper[row][$1] * inverse[$1][column] }
                inverse[row][column] = rest * (1 / upper[row][row])
            }
        }
        return affine.map { row in
            (0..<3).map { column in (0..<3).reduce(0) { $0 + row[$1] * inverse[$1][column] } * lengths[column] } + [0]
        }
    }

    /// A⁻¹ B of two affines without their last rows, by elimination with pivots.
    private static func solve(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
        var a = a + [[0, 0, 0, 1]], b = b + [[0, 0, 0, 1]]
        for k in 0..<4 {
            let pivot = (k..<4).max { abs(a[$0][k]) < abs(a[$1][k]) }!
            a.swapAt(k, pivot)
            b.swapAt(k, pivot)
            let factor = 1 / a[k][k]
            for row in (k + 1)..<max(4, k + 1) {
                let multiple = a[row][k] * factor
                for column in (k + 1)..<max(4, k + 1) { a[row][column] -= multiple * a[k][column] }
                for column in 0..<4 { b[row][column] -= multiple * b[k][column] }
            }
        }
        for column in 0..<4 {
            for row in (0..<4).reversed() {
                for k in (row + 1)..<max(4, row + 1) { b[row][column] -= a[row][k] * b[k][column] }
                b[row][column] *= 1 / a[row][row]
            }
        }
        return b
    }
}
