/// Why a volume does not lie on a grid, in words.
public struct PlacementProblem: Error, Equatable, Sendable {
    /// What differs.
    public var difference: String
}

extension Volume {
    /// How far voxel centers may lie from those of a grid and still be the same, in voxels: what headers lose that are written in single
    /// precision.
    private static var placingTolerance: Double { 0.05 }

    /// The volume in the order of another grid that has the same voxels, whose axes may run in another order or direction, as those of files
    /// by different programs do.
    ///
    /// - Throws: `PlacementProblem` where the voxels are not the same.
    public func placed(on grid: Geometry) throws(PlacementProblem) -> Volume {
        let own = geometry
        func index(_ i: Double, _ j: Double, _ k: Double) throws(PlacementProblem) -> [Double] {
            let place = grid.position(i: i, j: j, k: k)
            guard let found = own.index(x: place.x, y: place.y, z: place.z) else { throw PlacementProblem(difference: "its axes span no volume") }
            return [found.i, found.j, found.k]
        }
        let last = grid.size.reversed().map { Double($0 - 1) }
        let start = try index(0, 0, 0), ends = [try index(last[0], 0, 0), try index(0, last[1], 0), try index(0, 0, last[2])]
        let sizes = Array(own.size.reversed()), others = Array(grid.size.reversed())
        // By axis of the grid: the axis of the volume that it runs along, and in which direction.
        var axes: [Int] = [], signs: [Int] = []
        for axis in 0..<3 {
            let unit = try index(axis == 0 ? 1 : 0, axis == 1 ? 1 : 0, axis == 2 ? 1 : 0)
            let step = (0..<3).map { unit[$0] - start[$0] }
            guard let along = (0..<3).max(by: { abs(step[$0]) < abs(step[$1]) }), abs(abs(step[along]) - 1) < 0.5 else {
                throw PlacementProblem(difference: GridAgreement.difference(own, grid) ?? "their voxels are of different size")
            }
            axes.append(along)
            signs.append(step[along] > 0 ? 1 : -1)
        }
        guard Set(axes).count == 3 else { throw PlacementProblem(difference: GridAgreement.difference(own, grid) ?? "their axes differ") }
        guard (0..<3).allSatisfy({ sizes[axes[$0]] == others[$0] }) else {
            throw PlacementProblem(difference: "its size [D, H, W] is \(own.size), that of the series \(grid.size)")
        }
        // Along each axis of the volume, where the grid's first voxel is, and where its corners should be.
        var first = [0, 0, 0]
        for axis in 0..<3 { first[axes[axis]] = signs[axis] > 0 ? 0 : sizes[axes[axis]] - 1 }
        var off = (0..<3).map { abs(start[$0] - Double(first[$0])) }.max() ?? 0
        for axis in 0..<3 {
            for own in 0..<3 {
                let expected = Double(first[own]) + (own == axes[axis] ? Double(signs[axis]) * last[axis] : 0)
                off = max(off, abs(ends[axis][own] - expected))
            }
        }
        guard off <= Self.placingTolerance else {
            throw PlacementProblem(difference: GridAgreement.difference(own, grid) ?? "their voxels lie up to \((off * 1000).rounded() / 1000) voxels apart")
        }
        if axes == [0, 1, 2], signs == [1, 1, 1] { return Volume(geometry: grid, channels: channels, voxels: voxels) }
        return reordered(to: grid, axes: axes, signs: signs, first: first)
    }

    private func reordered(to grid: Geometry, axes: [Int], signs: [Int], first: [Int]) -> Volume {
        let sizes = Array(geometry.size.reversed()), strides = [1, sizes[0], sizes[0] * sizes[1]]
        let steps = (0..<3).map { signs[$0] * strides[axes[$0]] }
        let origin = (0..<3).reduce(0) { $0 + first[$1] * strides[$1] }
        var placed: [Scalar] = []
        placed.reserveCapacity(voxels.count)
        voxels.withUnsafeBufferPointer { source in
            for channel in 0..<channels {
                for k in 0..<grid.size[0] {
                    for j in 0..<grid.size[1] {
                        var place = channel * grid.count + origin + k * steps[2] + j * steps[1]
                        for _ in 0..<grid.size[2] {
                            placed.append(source[place])
                            place += steps[0]
                        }
                    }
                }
            }
        }
        return Volume(geometry: grid, channels: channels, voxels: placed)
    }
}
