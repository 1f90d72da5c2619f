import UNETRSupport

/// Exact Euclidean distances from chosen voxels to the nearest voxel of a set, in time linear in the number of voxels.
///
/// The squared distance separates by axis. Along D a sweep forth and back counts voxels to the nearest member of the set; along H and
/// then W the lower envelope of parabolas is taken (Felzenszwalb and Huttenlocher 2012; Maurer et al. 2003 prove the same order).
/// H and W are done a slice at a time, so the only array as large as the volume holds two bytes a voxel; slices and rows in which
/// nobody asks for a distance are skipped.
struct DistanceTransform: Sendable {
    /// [D, H, W].
    let size: Size3
    /// Distance between neighbors along [D, H, W].
    let spacing: [Double]
    let threads: Int?

    /// Along D: no voxel of the set in this column.
    private static let none = UInt16.max
    /// The longest axis D that two bytes can count.
    static let longestAxis = Int(UInt16.max) - 1

    /// The squared distance to the set `members` of every voxel in `queries`, in C-order of the queries.
    ///
    /// - Parameter marks: a byte a voxel; a voxel belongs to a set if it has a bit of the set.
    /// - Returns: infinite numbers if there are no members.
    func squaredDistances(marks: [UInt8], from queries: UInt8, to members: UInt8) -> [Double] {
        let steps = columnSteps(marks: marks, members: members)
        let parts = Parallel.map(size[0], threads: threads) { (slice: Int) in
            sliceDistances(slice, marks: marks, queries: queries, steps: steps)
        }
        return Array(parts.joined())
    }

    /// Number of steps along D to the nearest member in the same column.
    private func columnSteps(marks: [UInt8], members: UInt8) -> [UInt16] {
        let (depth, plane) = (size[0], size[1] * size[2])
        return [UInt16](unsafeUninitializedCapacity: depth * plane) { buffer, count in
            count = depth * plane
            nonisolated(unsafe) let steps = buffer.baseAddress!
            // Blocks of columns, wide enough for long inner loops, small enough for the cache between two slices.
            let width = 4096
            Parallel.forEach((plane + width - 1) / width, threads: threads) { (block: Int) -> Void in
                let columns = block * width..<min(plane, (block + 1) * width)
                marks.withUnsafeBufferPointer { marks in
                    for at in columns { steps[at] = marks[at] & members != 0 ? 0 : Self.none }
                    for d in 1..<max(depth, 1) {
                        let (row, before) = (d * plane, (d - 1) * plane)
                        for at in columns {
                            let previous = steps[before + at]
                            let next = previous == Self.none ? Self.none : previous + 1
                            steps[row + at] = marks[row + at] & members != 0 ? 0 : next
                        }
                    }
                }
                for d in stride(from: depth - 2, through: 0, by: -1) {
                    let (row, after) = (d * plane, (d + 1) * plane)
                    for at in columns {
                        let following = steps[after + at]
                        let next = following == Self.none ? Self.none : following + 1
                        steps[row + at] = min(steps[row + at], next)
                    }
                }
            }
        }
    }

    /// The squared distances of the queries in one slice.
    private func sliceDistances(_ slice: Int, marks: [UInt8], queries: UInt8, steps: [UInt16]) -> [Double] {
        let (height, width) = (size[1], size[2])
        let start = slice * height * width
        return marks.withUnsafeBufferPointer { marks in
            let rows = (0..<height).filter { h in
                let row = start + h * width
                for at in row..<row + width where marks[at] & queries != 0 { return true }
                return false
            }
            guard !rows.isEmpty else { return [] }
            let inPlane = steps.withUnsafeBufferPointer { alongH(UnsafeBufferPointer(rebasing: $0[start..<start + height * width]), rows: rows) }
            return alongW(inPlane, rows: rows) { row, w in marks[start + row * width + w] & queries != 0 }
        }
    }

    /// Squared distances within the plane of D and H, for the asked rows, [rows, W].
    private func alongH(_ steps: UnsafeBufferPointer<UInt16>, rows: [Int]) -> [Double] {
        let (height, width) = (size[1], size[2])
        var result = [Double](repeating: .infinity, count: rows.count * width)
        let envelope = LowerEnvelope(length: height, spacing: spacing[1])
        for w in 0..<width {
            envelope.clear()
            for h in 0..<height {
                let count = steps[h * width + w]
                guard count != Self.none else { continue }
                let distance = Double(count) * spacing[0]
                envelope.add(h, distance * distance)
            }
            guard !envelope.isEmpty else { continue }
            for (index, h) in rows.enumerated() { result[index * width + w] = envelope.value(at: h) }
        }
        return result
    }

    /// Squared distances at the asked voxels of the asked rows.
    private func alongW(_ inPlane: [Double], rows: [Int], isAsked: (Int, Int) -> Bool) -> [Double] {
        let width = size[2]
        var result: [Double] = []
        let envelope = LowerEnvelope(length: width, spacing: spacing[2])
        for (index, row) in rows.enumerated() {
            envelope.clear()
            for w in 0..<width {
                let value = inPlane[index * width + w]
                if value < .infinity { envelope.add(w, value) }
            }
            for w in 0..<width where isAsked(row, w) { result.append(envelope.isEmpty ? .infinity : envelope.value(at: w)) }
        }
        return result
    }
}
