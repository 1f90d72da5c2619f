/// The outlines of a structure on one slice, as closed contours that every tried reader fills back exactly.
///
/// They follow the edges of the voxels, 0.01 voxels inside: so no vertex lies half-way between voxels, and a reader that rounds vertices to
/// voxels lands on the right ones. Voxels that touch at a corner only are parts of different contours. A hole is part of the contour around
/// it: a channel of no width leads there and back (PS3.3, C.8.8.6.3).
struct SliceContours {
    /// A vertex in hundredths of a voxel from the center of the first voxel.
    struct Point: Equatable {
        var i, j: Int32
    }

    /// Each contour once around, without its first point at the end; clockwise where i grows to the right and j downward.
    private(set) var contours: [[Point]] = []

    private let width, height: Int
    private let mask: [Bool]

    private var nodes: [Point] = []
    private var next: [Int32] = []
    /// By voxel, the node on its left edge from which a channel leads to a hole.
    private var anchors: [Int: Int32] = [:]
    private var wanted: Set<Int> = []

    /// - Parameters:
    ///   - mask: whether each voxel of a part of the slice belongs to the structure, row by row.
    ///   - width: voxels of a row of it.
    ///   - origin: where that part begins on the slice.
    init(_ mask: [Bool], width: Int, origin: (i: Int, j: Int) = (0, 0)) {
        self.width = width
        self.mask = mask
        height = mask.count / max(width, 1)
        trace()
        let shift = Point(i: Int32(100 * origin.i), j: Int32(100 * origin.j))
        contours = contours.map { $0.map { Point(i: $0.i + shift.i, j: $0.j + shift.j) } }
        // Not needed any more.
        (nodes, next, anchors, wanted) = ([], [], [:], [])
    }

    // MARK: Walking along edges

    /// An edge of a voxel of the structure, walked with the structure on the right: along the top (0), down the right side (1), back along
    /// the bottom (2), up the left side (3).
    private struct Edge: Equatable {
        var i, j: Int
        var side: Int
    }

    private static let steps = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    private static let outward = [(0, -1), (1, 0), (0, 1), (-1, 0)]
    /// Where the corner at the end of an edge lies, seen from the center of its voxel.
    private static let corners: [(Int, Int)] = [(1, -1), (1, 1), (-1, 1), (-1, -1)]

    private func has(_ i: Int, _ j: Int) -> Bool { i >= 0 && j >= 0 && i < width && j < height && mask[j * width + i] }

    /// The edge after this one, and the vertex between them where they do not run straight on; `turn` is 1 at a corner of the structure, −1
    /// at a corner into it.
    private func after(_ edge: Edge) -> (edge: Edge, vertex: Point?, turn: Int) {
        let (ahead, out) = (Self.steps[edge.side], Self.outward[edge.side])
        let (i, j) = (edge.i + ahead.0, edge.j + ahead.1)
        // A voxel that only touches at the corner is not looked at: it has a contour of its own.
        guard has(i, j) else {
            return (Edge(i: edge.i, j: edge.j, side: (edge.side + 1) % 4), Self.vertex(edge.i, edge.j, Self.corners[edge.side]), 1)
        }
        guard has(i + out.0, j + out.1) else { return (Edge(i: i, j: j, side: edge.side), nil, 0) }
        let side = (edge.side + 3) % 4
        return (Edge(i: i + out.0, j: j + out.1, side: side), Self.vertex(i, j, Self.corners[side]), -1)
    }

    /// The corner of a voxel, moved toward the voxel's center.
    private static func vertex(_ i: Int, _ j: Int, _ corner: (Int, Int)) -> Point {
        Point(i: Int32(100 * i + 49 * corner.0), j: Int32(100 * j + 49 * corner.1))
    }

    // MARK: Loops

    private struct Loop {
        var start: Edge
        var isHole: Bool
        /// Of a hole, the voxel of the structure beyond its upper left corner.
        var corner: (i: Int, j: Int) = (0, 0)
        var nodes: Range<Int> = 0..<0
    }

    private mutating func trace() {
        var loops = findLoops()
        // The channel of a hole leads from its upper left corner to the left, through voxels of the structure, to the next edge. That edge is
        // of the outer loop or of a hole whose top is higher.
        let holes = loops.indices.filter { loops[$0].isHole }.sorted { (loops[$0].corner.j, loops[$0].corner.i) < (loops[$1].corner.j, loops[$1].corner.i) }
        let targets = holes.map { hole in
            let j = loops[hole].corner.j
            var i = loops[hole].corner.i
            while has(i - 1, j) { i -= 1 }
            return j * width + i
        }
        wanted = Set(targets)
        for index in loops.indices { loops[index].nodes = collect(loops[index]) }
        for (hole, target) in zip(holes, targets) { join(loops[hole], at: target) }
        for loop in loops where !loop.isHole {
            var contour: [Point] = [], node = loop.nodes.lowerBound
            repeat {
                contour.append(nodes[node])
                node = Int(next[node])
            } while node != loop.nodes.lowerBound
            contours.append(contour)
        }
    }

    /// All loops. Each has an edge along the top of a voxel; the first of them in the order of voxels begins at a vertex.
    private func findLoops() -> [Loop] {
        var loops: [Loop] = [], visited = [Bool](repeating: false, count: mask.count)
        for j in 0..<height {
            for i in 0..<width where mask[j * width + i] && !has(i, j - 1) && !visited[j * width + i] {
                let start = Edge(i: i, j: j, side: 0)
                var edge = start, turns = 0
                var corner = (i: Int.max, j: Int.max)
                repeat {
                    if edge.side == 0 { visited[edge.j * width + edge.i] = true }
                    // Above a hole's first voxel is the bottom of a voxel of the structure.
                    if edge.side == 2, (edge.j, edge.i) < (corner.j, corner.i) { corner = (edge.i, edge.j) }
                    let step = after(edge)
                    turns += step.turn
                    edge = step.edge
                } while edge != start
                loops.append(Loop(start: start, isHole: turns < 0, corner: (corner.i - 1, corner.j)))
            }
        }
        return loops
    }

    /// Appends the vertices of a loop, and points for channels on the edges where they end.
    private mutating func collect(_ loop: Loop) -> Range<Int> {
        let first = nodes.count
        var edge = loop.start
        repeat {
            if edge.side == 3, wanted.contains(edge.j * width + edge.i) {
                let point = Self.vertex(edge.i, edge.j, (-1, 1))
                if nodes.count == first || nodes[nodes.count - 1] != point { append(point) }
                anchors[edge.j * width + edge.i] = Int32(nodes.count - 1)
            }
            let step = after(edge)
            if let vertex = step.vertex { append(vertex) }
            edge = step.edge
        } while edge != loop.start
        next[nodes.count - 1] = Int32(first)
        return first..<nodes.count
    }

    private mutating func append(_ point: Point) {
        nodes.append(point)
        next.append(Int32(nodes.count))
    }

    /// Leads from the anchor to the hole's upper left corner, around the hole and back.
    private mutating func join(_ hole: Loop, at target: Int) {
        let corner = Self.vertex(hole.corner.i, hole.corner.j, (1, 1))
        guard let anchor = anchors[target].map({ Int($0) }), let entry = hole.nodes.first(where: { nodes[$0] == corner }) else {
            preconditionFailure("every hole has a corner and an edge to its left")
        }
        let last = entry == hole.nodes.lowerBound ? hole.nodes.upperBound - 1 : entry - 1
        let (exit, back) = (nodes.count, nodes.count + 1)
        nodes += [nodes[entry], nodes[anchor]]
        next += [Int32(back), next[anchor]]
        next[last] = Int32(exit)
        next[anchor] = Int32(entry)
    }
}
