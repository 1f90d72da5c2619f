/// Where the voxels of a value of a label map are: how many, their center of mass and the box around them. Places are voxel indices [i, j, k].
package struct LabelExtent: Sendable {
    /// Number of voxels.
    package private(set) var count = 0
    private var sum = [0, 0, 0]
    /// The first voxel along each axis.
    package private(set) var first = [Int.max, Int.max, Int.max]
    /// The last voxel along each axis.
    package private(set) var last = [-1, -1, -1]

    /// The center of mass.
    package var center: [Double] { sum.map { Double($0) / Double(count) } }

    fileprivate mutating func add(_ range: ClosedRange<Int>, _ y: Int, _ z: Int) {
        count += range.count
        sum[0] += (range.lowerBound + range.upperBound) * range.count / 2
        sum[1] += y * range.count
        sum[2] += z * range.count
        first = [min(first[0], range.lowerBound), min(first[1], y), min(first[2], z)]
        last = [max(last[0], range.upperBound), max(last[1], y), max(last[2], z)]
    }

    fileprivate func joined(with other: LabelExtent) -> LabelExtent {
        var both = self
        both.count += other.count
        both.sum = zip(sum, other.sum).map(+)
        both.first = zip(first, other.first).map(min)
        both.last = zip(last, other.last).map(max)
        return both
    }
}

/// The extents of all values of a label map but 0, found run by run.
package struct LabelExtents: Sendable {
    private var extents: [Int16: LabelExtent] = [:]

    /// Looks at the first channel of a label map.
    package init(_ mask: LabelMap) {
        let size = mask.geometry.size
        mask.voxels.withUnsafeBufferPointer { voxels in
            for z in 0..<size[0] {
                for y in 0..<size[1] {
                    let row = (z * size[1] + y) * size[2]
                    var x = 0
                    while x < size[2] {
                        let value = voxels[row + x], start = x
                        while x < size[2], voxels[row + x] == value { x += 1 }
                        if value != 0 { extents[value, default: LabelExtent()].add(start...x - 1, y, z) }
                    }
                }
            }
        }
    }

    /// The values that occur, ascending.
    package var values: [Int16] { extents.keys.sorted() }

    /// The extent of a structure with these values; nil where it has no voxel.
    package func extent(of values: [Int]) -> LabelExtent? {
        let parts = values.compactMap { Int16(exactly: $0) }.compactMap { extents[$0] }
        return parts.dropFirst().reduce(parts.first) { $0?.joined(with: $1) }
    }
}
