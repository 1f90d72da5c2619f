/// Areas of the pieces of surface that marching cubes puts into the cell between eight voxel centers.
///
/// A cell's code has a bit for each of its corners [d, h, w]: bit 7 − (4 d + 2 h + w) is set where the corner is inside. The surface
/// runs through the middles of the edges that join an inside corner to an outside one. Two rules settle what is left open:
/// - a cell and its complement have the same surface, that of whichever has fewer corners inside; where a face has its two inside
///   corners on a diagonal, each is cut off by itself;
/// - a ring of more than three points is cut into the triangles that have the largest area when the spacing is 1 × 1 × 1.
/// The first rule is the one of the original marching cubes (Lorensen and Cline 1987); both together give the areas that the
/// surface-distance package (Nikolov et al. 2018) looks up, for every code and spacing.
enum MarchingCubesArea {
    /// The area of each of the 256 codes for voxels that are `spacing` [D, H, W] apart, in the square of its unit.
    static func table(spacing: [Double]) -> [Double] {
        triangles.map { $0.reduce(0) { $0 + $1.area(spacing) } }
    }

    /// A corner or the middle of an edge of the cell, in half steps [d, h, w] from its first corner.
    private struct Point: Hashable {
        var d, h, w: Int

        static func middle(_ a: Point, _ b: Point) -> Point { Point(d: (a.d + b.d) / 2, h: (a.h + b.h) / 2, w: (a.w + b.w) / 2) }
        var bit: Int { 7 - (4 * d + 2 * h + w) / 2 }
    }

    private struct Triangle {
        var a, b, c: Point

        func area(_ spacing: [Double]) -> Double {
            func side(_ p: Point) -> (Double, Double, Double) {
                (Double(p.d - a.d) / 2 * spacing[0], Double(p.h - a.h) / 2 * spacing[1], Double(p.w - a.w) / 2 * spacing[2])
            }
            let (u, v) = (side(b), side(c))
            let (x, y, z) = (u.1 * v.2 - u.2 * v.1, u.2 * v.0 - u.0 * v.2, u.0 * v.1 - u.1 * v.0)
            return (x * x + y * y + z * z).squareRoot() / 2
        }
    }

    private static let triangles: [[Triangle]] = (0..<256).map { code in
        let fewer = code.nonzeroBitCount <= 4 ? code : 255 - code
        return rings(of: fewer).flatMap { widest($0) }
    }

    /// The four corners of each face, in order around it.
    private static let faces: [[Point]] = (0..<3).flatMap { axis in
        [0, 2].map { side in
            [(0, 0), (0, 2), (2, 2), (2, 0)].map { u, v in
                switch axis {
                case 0: Point(d: side, h: u, w: v)
                case 1: Point(d: u, h: side, w: v)
                default: Point(d: u, h: v, w: side)
                }
            }
        }
    }

    /// The closed lines in which the surface meets the faces, as rings of points.
    private static func rings(of code: Int) -> [[Point]] {
        var segments: [(Point, Point)] = []
        for face in faces {
            let inside = face.map { code >> $0.bit & 1 == 1 }
            func middle(_ i: Int) -> Point { .middle(face[i % 4], face[(i + 1) % 4]) }
            let crossed = (0..<4).filter { inside[$0] != inside[($0 + 1) % 4] }
            if crossed.count == 2 { segments.append((middle(crossed[0]), middle(crossed[1]))) }
            if crossed.count == 4 {
                for corner in 0..<4 where inside[corner] { segments.append((middle(corner + 3), middle(corner))) }
            }
        }
        var rings: [[Point]] = []
        while let first = segments.popLast() {
            var ring = [first.0, first.1]
            while let next = segments.firstIndex(where: { $0.0 == ring.last! || $0.1 == ring.last! }) {
                let segment = segments.remove(at: next)
                ring.append(segment.0 == ring.last! ? segment.1 : segment.0)
            }
            rings.append(ring.dropLast())
        }
        return rings
    }

    /// The triangles of largest area, at spacing 1, into which a ring can be cut.
    private static func widest(_ ring: [Point]) -> [Triangle] {
        guard ring.count >= 3 else { return [] }
        if ring.count == 3 { return [Triangle(a: ring[0], b: ring[1], c: ring[2])] }
        // The side from last to first belongs to one triangle; its third point splits the ring in two.
        let choices = (1..<ring.count - 1).map { split in
            widest(Array(ring[...split])) + widest(Array(ring[split...]))
                + [Triangle(a: ring[0], b: ring[split], c: ring[ring.count - 1])]
        }
        func area(_ triangles: [Triangle]) -> Double { triangles.reduce(0) { $0 + $1.area([1, 1, 1]) } }
        return choices.max { area($0) < area($1) }!
    }
}
