import UNETRPlanning
import UNETRSupport
public import UNETRVolumes

extension Restoration {
    /// The label map in the geometry of the scan, from labels on the prepared grid; 0 outside the crop.
    ///
    /// - Parameters:
    ///   - labels: [D, H, W] of the prepared volume.
    ///   - interpolates: whether the numbers are interpolated linearly and rounded, half to even, instead of taking the nearest. Between
    ///     two labels that makes others, whose numbers lie between theirs.
    /// - Throws: `PreparationError.wrongProbabilityCount` for another number of labels than the volume has voxels.
    public func labels(from labels: [Int16], interpolates: Bool) throws -> LabelMap {
        guard labels.count == properties.voxelCount else {
            throw PreparationError.wrongProbabilityCount(scan: properties.name, expected: properties.voxelCount, got: labels.count)
        }
        let grid = properties.restorationGrid, lines = (0..<3).map { CellLine(grid, axis: $0, nearest: !interpolates) }
        let (depth, height, width) = (grid.outputSize.depth, grid.outputSize.height, grid.outputSize.width)
        var voxels = [Int16](repeating: 0, count: properties.geometry.count)
        voxels.withUnsafeMutableBufferPointer { voxels in
            labels.withUnsafeBufferPointer { labels in
                let (labels, places) = (SharedPointer(labels), VoxelPlaces(of: properties, in: SharedPointer(voxels)))
                Parallel.forEach(depth, threads: threads) { d in
                    withUnsafeTemporaryAllocation(of: Int16.self, capacity: width) { row in
                        let row = row.baseAddress!
                        for h in 0..<height {
                            let cells = (lines[0].cell(d), lines[1].cell(h))
                            if interpolates {
                                Self.interpolate(labels, grid.inputSize, cells.0, cells.1, lines[2], to: row)
                            } else {
                                let line = labels + (cells.0.0 * grid.inputSize[1] + cells.1.0) * grid.inputSize[2]
                                for w in 0..<width { row[w] = line[lines[2].low[w]] }
                            }
                            places.put(row, count: width, d, h)
                        }
                    }
                }
            }
        }
        return LabelMap(geometry: properties.geometry, voxels: voxels)
    }

    /// One row between the four rows around it.
    private static func interpolate(
        _ labels: SharedPointer<Int16>, _ size: Size3, _ slice: (Int, Int, Double), _ line: (Int, Int, Double), _ columns: CellLine,
        to row: UnsafeMutablePointer<Int16>
    ) {
        let rows = [(slice.0, line.0), (slice.0, line.1), (slice.1, line.0), (slice.1, line.1)].map { labels + ($0.0 * size[1] + $0.1) * size[2] }
        let weights = [(1 - slice.2) * (1 - line.2), (1 - slice.2) * line.2, slice.2 * (1 - line.2), slice.2 * line.2]
        for w in 0..<columns.count {
            let (low, high, right) = columns.cell(w)
            var sum = 0.0
            for index in 0..<4 { sum += weights[index] * ((1 - right) * Double(rows[index][low]) + right * Double(rows[index][high])) }
            // A mean of label numbers, rounded as a float32 that is written to a file is.
            row[w] = Int16(clamping: Int(rounding: Float(sum), .toNearestOrEven) ?? 0)
        }
    }
}
