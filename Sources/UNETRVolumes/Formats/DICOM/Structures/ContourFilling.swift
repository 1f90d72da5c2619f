import UNETRSupport

/// Fills contours on a slice: a voxel is inside where a line from its center crosses the contours an odd number of times.
///
/// All contours of a structure count together, so a hole may be a contour of its own or part of the one around it, in any direction. Edges
/// that run through centers belong to one side only, so that two structures with a common edge share no voxel.
struct ContourFilling {
    let width, height: Int
    /// Whether crossing this voxel's center from the left changes the side.
    private var changes: [Bool]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        changes = [Bool](repeating: false, count: width * height)
    }

    /// Adds a closed contour.
    ///
    /// - Parameter points: in voxels, the center of the first being (0, 0).
    mutating func add(_ points: [(i: Double, j: Double)]) {
        for index in points.indices {
            let a = points[index], b = points[index + 1 == points.count ? 0 : index + 1]
            let (low, high) = (min(a.j, b.j), max(a.j, b.j))
            guard low < high, let first = Int(clampingRounded: low, .up), let end = Int(clampingRounded: high, .up) else { continue }
            for row in max(0, first)..<max(0, first, min(height, end)) {
                let crossing = a.i + (Double(row) - a.j) * (b.i - a.i) / (b.j - a.j)
                guard let column = Int(clampingRounded: crossing, .up), column < width else { continue }
                changes[row * width + max(0, column)].toggle()
            }
        }
    }

    /// Calls `body` with the index `j * width + i` of each voxel inside.
    func forEachInside(_ body: (Int) -> Void) {
        for row in 0..<height {
            var isInside = false
            for index in row * width..<(row + 1) * width {
                if changes[index] { isInside.toggle() }
                if isInside { body(index) }
            }
        }
    }
}
