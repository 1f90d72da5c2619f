public import UNETRSupport

extension Geometry {
    /// The determinant of the affine's 3×3 part: the volume of a voxel in mm³, negative if the axes are left-handed.
    public var determinant: Double {
        let a = affine
        return a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1])
            - a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0])
            + a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0])
    }

    /// The volume of one voxel in millilitres.
    public var voxelMillilitres: Double { abs(determinant) / 1000 }

    /// Why positions cannot be computed with this geometry, in words; nil if they can.
    public var problem: String? {
        if spacing.count != 3 || affine.count != 4 || affine.contains(where: { $0.count != 4 }) {
            return "size and spacing need 3 numbers and the affine 4 × 4"
        }
        if size.contains(where: { $0 < 1 }) { return "the size \(size) has an axis without voxels" }
        if size.checkedProduct() == nil { return "the size \(size) has more voxels than can be counted" }
        if !affine.joined().allSatisfy(\.isFinite) { return "the affine holds a number that is not finite" }
        if !affine.joined().allSatisfy({ abs($0) <= Self.farthest }) { return "the affine holds a number beyond \(Self.farthest) mm" }
        if !spacing.allSatisfy({ $0 > 0 }) { return "the spacing \(spacing) is not positive" }
        if !spacing.allSatisfy(Self.spacingRange.contains) {
            return "the spacing \(spacing) is not from \(Self.spacingRange.lowerBound) to \(Self.spacingRange.upperBound) mm"
        }
        return isSingular ? "the affine is singular: it maps the volume onto a plane, a line or a point" : nil
    }

    /// Whether the affine maps the volume onto a plane, a line or a point, so that no voxel can be found from its position.
    public var isSingular: Bool {
        guard affine.count >= 3, affine.allSatisfy({ $0.count == 4 }) else { return true }
        let lengths = (0..<3).map { column in (0..<3).reduce(0) { $0 + affine[$1][column] * affine[$1][column] }.squareRoot() }
        let product = lengths.reduce(1, *)
        // Relative to the box its columns would span if they were at right angles: 1 when they are, next to nothing when they fall together.
        return !(abs(determinant) > 1e-3 * product)
    }

    /// The position in RAS+ mm of a voxel index (i, j, k) = (W, H, D index), which need not be whole.
    public func position(i: Double, j: Double, k: Double) -> (x: Double, y: Double, z: Double) {
        func row(_ r: Int) -> Double { affine[r][0] * i + affine[r][1] * j + affine[r][2] * k + affine[r][3] }
        return (row(0), row(1), row(2))
    }

    /// The voxel index (i, j, k) of a position in RAS+ mm; nil if the affine is singular.
    public func index(x: Double, y: Double, z: Double) -> (i: Double, j: Double, k: Double)? {
        guard !isSingular, let inverse = Self.inverse(affine.prefix(3).map { Array($0.prefix(3)) }) else { return nil }
        let offset = [x - affine[0][3], y - affine[1][3], z - affine[2][3]]
        func row(_ r: Int) -> Double { (0..<3).reduce(0) { $0 + inverse[r][$1] * offset[$1] } }
        return (row(0), row(1), row(2))
    }

    /// The geometry of the part that begins at voxel `start` [D, H, W] and has `size` [D, H, W]; `start` may be negative.
    public func region(start: Size3, size: Size3) -> Geometry {
        var part = self
        part.size = size
        let corner = position(i: Double(start[2]), j: Double(start[1]), k: Double(start[0]))
        for (row, value) in [corner.x, corner.y, corner.z].enumerated() { part.affine[row][3] = value }
        return part
    }

    /// The inverse of a 3×3 matrix by its cofactors; nil if its determinant is 0.
    static func inverse(_ m: [[Double]]) -> [[Double]]? {
        func cofactor(_ r: Int, _ c: Int) -> Double {
            let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3)
            return m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
        }
        let determinant = (0..<3).reduce(0) { $0 + m[0][$1] * cofactor(0, $1) }
        guard determinant != 0, determinant.isFinite else { return nil }
        return (0..<3).map { row in (0..<3).map { cofactor($0, row) / determinant } }
    }
}
