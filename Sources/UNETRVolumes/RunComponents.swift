public import UNETRSupport

/// Which voxels of a volume touch: 6 (faces), 18 (faces and edges) or 26 (also corners).
public enum Connectivity: Int, Sendable, CaseIterable { case faces = 6, edges = 18, corners = 26 }

/// The connected parts of a mask, found over runs of voxels instead of single voxels.
public struct RunComponents {
    /// Voxels [row·W + start, row·W + end) of the volume; a row is a line along W.
    public struct Run: Sendable {
        /// Index of its first voxel.
        public var start: Int32
        /// Index behind its last voxel.
        public var end: Int32
    }

    let size: Size3

    /// The runs in C order, and for each row the number of the first of its runs (one entry more than rows).
    private(set) var runs: [Run] = []
    private(set) var firstOfRow: [Int] = [0]

    /// For each run the number of its component, 0..<count, in order of their first voxel.
    private(set) var component: [Int] = []

    /// Number of components.
    public private(set) var count = 0

    /// The parts of the voxels of `mask` [D, H, W] that share a bit with `bits`.
    public init(_ mask: UnsafePointer<UInt8>, bits: UInt8 = 0xFF, size: Size3, connectivity: Connectivity = .faces) {
        self.size = size
        let rows = size[0] * size[1], width = size[2]
        firstOfRow.reserveCapacity(rows + 1)
        for row in 0..<rows {
            let line = mask + row * width
            var x = 0
            while x < width {
                if line[x] & bits == 0 { x &+= 1; continue }
                let start = x
                while x < width, line[x] & bits != 0 { x &+= 1 }
                runs.append(Run(start: Int32(start), end: Int32(x)))
            }
            firstOfRow.append(runs.count)
        }
        join(connectivity)
    }

    /// Number of voxels of each component.
    public var voxelCounts: [Int] {
        var counts = [Int](repeating: 0, count: count)
        for (run, component) in zip(runs, component) { counts[component] += Int(run.end - run.start) }
        return counts
    }

    /// For each component whether it reaches the border of the volume.
    public var touchesBorder: [Bool] {
        var touches = [Bool](repeating: false, count: count)
        forEachRun { row, run, component in
            let (d, h) = (row / size[1], row % size[1])
            let atEdge = d == 0 || d == size[0] - 1 || h == 0 || h == size[1] - 1 || run.start == 0 || Int(run.end) == size[2]
            if atEdge { touches[component] = true }
        }
        return touches
    }

    /// Calls `body` with the row, the run and its component, in C order.
    public func forEachRun(_ body: (_ row: Int, _ run: Run, _ component: Int) -> Void) {
        for row in 0..<(size[0] * size[1]) {
            for index in firstOfRow[row]..<firstOfRow[row + 1] { body(row, runs[index], component[index]) }
        }
    }

    /// Unites the runs that touch and numbers the components.
    private mutating func join(_ connectivity: Connectivity) {
        var parent = Array(runs.indices)
        func root(_ index: Int) -> Int {
            var index = index
            while parent[index] != index {
                parent[index] = parent[parent[index]]
                index = parent[index]
            }
            return index
        }
        /// Unites runs of two rows whose columns differ by `reach` at most.
        func unite(_ row: Int, _ other: Int, reach: Int32) {
            var a = firstOfRow[row], b = firstOfRow[other]
            let endA = firstOfRow[row + 1], endB = firstOfRow[other + 1]
            while a < endA, b < endB {
                if runs[a].start < runs[b].end + reach, runs[b].start < runs[a].end + reach {
                    let (first, second) = (root(a), root(b))
                    if first != second { parent[max(first, second)] = min(first, second) }
                }
                if runs[a].end < runs[b].end { a += 1 } else { b += 1 }
            }
        }
        let beside: Int32 = connectivity == .faces ? 0 : 1, diagonal: Int32 = connectivity == .corners ? 1 : 0
        for row in 0..<(size[0] * size[1]) {
            let h = row % size[1]
            if h > 0 { unite(row, row - 1, reach: beside) }
            guard row >= size[1] else { continue }
            unite(row, row - size[1], reach: beside)
            guard connectivity != .faces else { continue }
            if h > 0 { unite(row, row - size[1] - 1, reach: diagonal) }
            if h < size[1] - 1 { unite(row, row - size[1] + 1, reach: diagonal) }
        }
        component = [Int](repeating: 0, count: runs.count)
        for index in runs.indices {
            let first = root(index)
            if first == index { component[index] = count; count += 1 } else { component[index] = component[first] }
        }
    }
}
