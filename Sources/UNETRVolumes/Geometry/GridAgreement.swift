/// Whether two images of one case lie on the same grid of voxels.
public enum GridAgreement {
    /// The largest difference of direction cosines, and of spacings relative to themselves, that counts as noise: what a header loses
    /// when it is written in single precision or as a quaternion.
    public static let directionTolerance = 1e-3

    /// The largest shift of the grid's origin that counts as noise, in voxels.
    public static let originTolerance = 0.1

    /// What tells two grids apart, in words; nil when they are the same but for noise.
    public static func difference(_ one: Geometry, _ other: Geometry) -> String? {
        if one.size != other.size { return "their sizes [D, H, W] are \(one.size) and \(other.size)" }
        for axis in 0..<3 where abs(one.spacing[axis] / other.spacing[axis] - 1) > directionTolerance {
            return "their spacings [D, H, W] are \(one.spacing) and \(other.spacing) mm"
        }
        guard one.affine.count >= 3, other.affine.count >= 3 else { return nil }
        for column in 0..<3 {
            let (first, second) = (direction(one, column), direction(other, column))
            for row in 0..<3 where abs(first[row] - second[row]) > directionTolerance {
                return "the directions of their axis \(["i", "j", "k"][column]) are \(rounded(first)) and \(rounded(second))"
            }
        }
        let shift = (0..<3).map { one.affine[$0][3] - other.affine[$0][3] }
        let distance = shift.reduce(0) { $0 + $1 * $1 }.squareRoot()
        if distance > originTolerance * (one.spacing.min() ?? 1) {
            return "their origins are \((distance * 1000).rounded() / 1000) mm apart"
        }
        return nil
    }

    private static func direction(_ geometry: Geometry, _ column: Int) -> [Double] {
        let vector = (0..<3).map { geometry.affine[$0][column] }
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? vector.map { $0 / length } : vector
    }

    private static func rounded(_ vector: [Double]) -> [Double] { vector.map { ($0 * 10000).rounded() / 10000 } }
}
