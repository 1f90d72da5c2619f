import Foundation
package import UNETRSupport

/// Where the tokens of several maps in one row are, the finest map first, voxel after voxel.
package struct TokenPlaces: Sendable {
    /// The grids [d, h, w] of the maps.
    package let grids: [Size3]

    package init(grids: [Size3]) { self.grids = grids }

    /// Which axis of a map each of a place's three coordinates is along: depth, column, row. The published code reads them as column, row,
    /// depth, and so in maps whose axes are exchanged.
    package static let order = [0, 2, 1]

    /// The center of each token's voxel, [T, 3], −1 and 1 being the outer faces of its map.
    package var centers: [Double] {
        places.flatMap { grid, place in Self.order.map { (2 * Double(place[$0]) + 1) / Double(grid[$0]) - 1 } }
    }

    /// What an offset of one voxel is in each map, [maps, 3].
    package var voxels: [Double] { grids.flatMap { grid in Self.order.map { 2 / Double(grid[$0]) } } }

    /// Sines and cosines of each token's place along D, H and W, [T, channels].
    package func positions(channels: Int) -> [Double] {
        let count = channels / 3
        let frequencies = (0..<count).map { pow(10000, -Double(3 * ($0 / 3)) / Double(count)) }
        return places.flatMap { grid, place in
            (0..<3).flatMap { axis in
                let angle = 2 * Double.pi * (Double(place[axis]) + 0.5) / (Double(grid[axis]) + 1e-6)
                return frequencies.enumerated().map { index, frequency in
                    index.isMultiple(of: 2) ? sin(angle * frequency) : cos(angle * frequency)
                }
            }
        }
    }

    /// The tokens of one map.
    package func tokens(of map: Int) -> Range<Int> {
        let first = grids[..<map].reduce(0) { $0 + $1.voxels }
        return first..<(first + grids[map].voxels)
    }

    /// Each token's grid and its place there.
    private var places: [(grid: Size3, place: Size3)] { grids.flatMap { grid in grid.places.map { (grid, $0) } } }
}
