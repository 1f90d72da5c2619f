/// A direction in the patient, along an axis of RAS+ space.
public enum AnatomicalDirection: Character, Sendable, CaseIterable {
    /// Toward the patient's right.
    case right = "R"
    /// Toward the patient's left.
    case left = "L"
    /// Toward the front.
    case anterior = "A"
    /// Toward the back.
    case posterior = "P"
    /// Toward the head.
    case superior = "S"
    /// Toward the feet.
    case inferior = "I"

    /// The other way.
    public var opposite: AnatomicalDirection {
        switch self {
        case .right: .left
        case .left: .right
        case .anterior: .posterior
        case .posterior: .anterior
        case .superior: .inferior
        case .inferior: .superior
        }
    }

    /// The axis of RAS+ space (0 = x, 1 = y, 2 = z) and whether it runs with (+1) or against (−1) it.
    public var axis: (index: Int, sign: Double) {
        switch self {
        case .right: (0, 1)
        case .left: (0, -1)
        case .anterior: (1, 1)
        case .posterior: (1, -1)
        case .superior: (2, 1)
        case .inferior: (2, -1)
        }
    }

    init(axis: Int, positive: Bool) {
        let pair: [(AnatomicalDirection, AnatomicalDirection)] = [(.right, .left), (.anterior, .posterior), (.superior, .inferior)]
        self = positive ? pair[axis].0 : pair[axis].1
    }
}

extension Geometry {
    /// The direction in which each file axis (i, j, k) mostly runs; nil if the affine is singular.
    ///
    /// As nibabel's `io_orientation`: the nearest rotation of the affine is taken, and each axis in turn gets the direction it is
    /// closest to among those left.
    public var directions: [AnatomicalDirection]? {
        guard !isSingular, let rotation = nearestRotation else { return nil }
        var free: Set<Int> = [0, 1, 2]
        return (0..<3).map { column in
            // Ties go to the lower axis, as with NumPy's argmax.
            let best = free.sorted().max { abs(rotation[$0][column]) < abs(rotation[$1][column]) }!
            free.remove(best)
            return AnatomicalDirection(axis: best, positive: rotation[best][column] > 0)
        }
    }

    /// The directions of the file axes as letters, "RAS" for i to the right, j to the front, k upwards; nil if the affine is singular.
    public var orientation: String? { directions.map { String($0.map(\.rawValue)) } }

    /// The orthogonal matrix nearest to the affine's directions, by Newton's iteration for the polar decomposition (Higham 1986).
    private var nearestRotation: [[Double]]? {
        let lengths = (0..<3).map { c in (0..<3).reduce(0) { $0 + affine[$1][c] * affine[$1][c] }.squareRoot() }
        var matrix = (0..<3).map { row in (0..<3).map { affine[row][$0] / lengths[$0] } }
        for _ in 0..<60 {
            guard let inverse = Self.inverse(matrix) else { return nil }
            let next = (0..<3).map { row in (0..<3).map { (matrix[row][$0] + inverse[$0][row]) / 2 } }
            let change = zip(next.joined(), matrix.joined()).reduce(0) { max($0, abs($1.0 - $1.1)) }
            matrix = next
            if change < 1e-12 { break }
        }
        return matrix
    }
}
