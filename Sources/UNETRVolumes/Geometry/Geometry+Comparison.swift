extension Geometry {
    /// What differs between two geometries, in words; nil if nothing does.
    ///
    /// Sizes must be equal, and every number of spacing and affine equal within `tolerance` mm.
    public func difference(from other: Geometry, tolerance: Double = 1e-3) -> String? {
        if size != other.size { return "the size [D, H, W] is \(size), expected \(other.size)" }
        for axis in 0..<3 where !(abs(spacing[axis] - other.spacing[axis]) <= tolerance) {
            return "the spacing [D, H, W] is \(spacing) mm, expected \(other.spacing) mm"
        }
        for row in 0..<3 {
            for column in 0..<4 where !(abs(affine[row][column] - other.affine[row][column]) <= tolerance) {
                return "the affine's row \(row + 1) is \(affine[row]), expected \(other.affine[row])"
            }
        }
        return nil
    }

    /// Whether nothing differs by more than `tolerance` mm.
    public func isApproximatelyEqual(to other: Geometry, tolerance: Double = 1e-3) -> Bool {
        difference(from: other, tolerance: tolerance) == nil
    }
}
