import Support
public import Volumes

/// The way back: network outputs on the prepared grid become labels, or probabilities, on the grid of the scan.
///
/// Outputs are interpolated linearly (nearest slice along a coarse axis) to the cropped scan, decided voxel by voxel, and pasted at
/// the crop's place. This happens in tiles of a few rows, so that memory does not grow with classes × voxels of the scan.
public struct Restoration: Sendable {
    public let properties: CaseProperties

    /// Threads; all cores when nil. Results do not depend on it.
    public var threads: Int?

    public init(of properties: CaseProperties, threads: Int? = nil) {
        self.properties = properties
        self.threads = threads
    }

    /// The label map in the geometry of the scan; 0 outside the crop.
    ///
    /// - Parameters:
    ///   - outputs: probabilities or logits, C-order [K, D, H, W] on the prepared grid; K is the number of values of `decision`.
    ///   - decision: what an output stands for.
    /// - Throws: `PreparationError.wrongProbabilityCount`.
    public func labels(from outputs: [Float], decision: LabelDecision) throws -> LabelMap {
        try check(outputs, classes: decision.count)
        let whole = properties.geometry.size, box = properties.cropBox
        var voxels = [Int16](repeating: 0, count: properties.geometry.count)
        voxels.withUnsafeMutableBufferPointer { voxels in
            let voxels = SharedPointer(voxels)
            run(outputs, classes: decision.count) { tile in
                tile.decide(decision) { d, h in
                    voxels + (((d + box.lower[0]) * whole[1] + h + box.lower[1]) * whole[2] + box.lower[2])
                }
            }
        }
        return LabelMap(geometry: properties.geometry, voxels: voxels)
    }

    /// The outputs on the grid of the scan, C-order [K, D, H, W]; outside the crop `outside` (one value an output).
    ///
    /// This is classes × voxels of the scan in memory; labels alone do not need it.
    public func outputs(from outputs: [Float], outside: [Float]) throws -> [Float] {
        try check(outputs, classes: outside.count)
        let whole = properties.geometry.size, box = properties.cropBox, count = properties.geometry.count
        return [Float](unsafeUninitializedCapacity: outside.count * count) { result, initialised in
            for (index, value) in outside.enumerated() {
                (result.baseAddress! + index * count).initialize(repeating: value, count: count)
            }
            let shared = SharedPointer(result)
            run(outputs, classes: outside.count) { tile in
                tile.copy { output, d, h in
                    shared + (output * count + ((d + box.lower[0]) * whole[1] + h + box.lower[1]) * whole[2] + box.lower[2])
                }
            }
            initialised = outside.count * count
        }
    }

    private func check(_ outputs: [Float], classes: Int) throws {
        let expected = classes * properties.voxelCount
        guard outputs.count == expected else {
            throw PreparationError.wrongProbabilityCount(scan: properties.name, expected: expected, got: outputs.count)
        }
    }

    /// Calls `body` for every tile, on several threads.
    private func run(_ outputs: [Float], classes: Int, _ body: @Sendable (RestorationTile) -> Void) {
        let lines = RestorationLines(properties)
        let rows = max(1, 16384 / max(lines.width, 1))  // 64 KB for one output: stays in a core's own cache
        outputs.withUnsafeBufferPointer { outputs in
            let outputs = SharedPointer(outputs)
            Parallel.forEach((lines.height + rows - 1) / rows, threads: threads) { part in
                let tile = RestorationTile(
                    outputs, classes: classes, lines: lines, rows: (part * rows)..<min((part + 1) * rows, lines.height))
                for d in 0..<lines.depth {
                    tile.move(to: d)
                    body(tile)
                }
            }
        }
    }
}

/// Where the samples around each voxel of the cropped scan lie among the network's outputs.
struct RestorationLines: Sendable {
    /// Along the scan's own axes [D, H, W].
    let cells: [CellLine]

    /// One sample of a row of the cropped scan: where in memory its two neighbours lie from the row's start, and their weights.
    struct Column {
        let low: Int32
        let high: Int32
        let left: Float
        let right: Float
    }

    /// The samples along W, packed for the innermost loop.
    let columns: [Column]

    /// Distance in memory of neighbouring outputs along the scan's own axes.
    let strides: [Int]

    /// Voxels of one output.
    let count: Int

    var depth: Int { cells[0].count }
    var height: Int { cells[1].count }
    var width: Int { cells[2].count }

    init(_ properties: CaseProperties) {
        let back = properties.axisOrder.inverse, prepared = properties.size
        let size = back.apply(prepared), target = properties.cropBox.size
        let coarse = ResamplingGrid.coarseAxis(properties.geometry.spacing, else: back.apply(properties.spacing))
        cells = (0..<3).map { CellLine(from: size[$0], to: target[$0], nearest: $0 == coarse) }
        strides = back.apply([prepared[1] * prepared[2], prepared[2], 1])
        count = properties.voxelCount
        let step = strides[2], line = cells[2]
        columns = (0..<line.count).map {
            let (low, high, right) = line.cell($0)
            return Column(low: Int32(low * step), high: Int32(high * step), left: Float(1 - right), right: Float(right))
        }
    }
}
