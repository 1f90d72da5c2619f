import UNETRPlanning
import UNETRSupport
public import UNETRVolumes

/// Restores a scan's labels from network outputs that arrive a few slices at a time, along the first axis of the prepared volume.
///
/// It keeps two slices of outputs, interpolated in the plane, whatever the number of slices: memory is the label map and 2 · K planes
/// of the scan. To be used by one thread at a time; inside it works with several.
public final class RestorationStream: @unchecked Sendable {
    /// Geometry and crop of the case.
    public let properties: CaseProperties
    private let outputs: Int
    private let decision: LabelDecision?
    private let threads: Int?
    private let lines: RestorationLines
    private let tiles: [RestorationTile]

    /// Of the whole scan; empty when no labels are wanted.
    private var labels: [Int16]

    /// Slices of the prepared volume that have arrived, and slices of the cropped scan that are done.
    private var received = 0
    private var done = 0

    /// Values of a part handed to `write`: 16 million, 64 MB.
    private static let partCount = 1 << 24

    /// - Parameter decision: what an output stands for; the outputs are as many as it has values.
    /// - Parameter properties: geometry and crop of the case.
    /// - Parameter threads: threads to use; nil: all processors.
    public convenience init(of properties: CaseProperties, decision: LabelDecision, threads: Int? = nil) {
        self.init(of: properties, outputs: decision.count, decision: decision, threads: threads)
    }

    /// Restores outputs; without a decision no labels.
    package init(of properties: CaseProperties, outputs: Int, decision: LabelDecision? = nil, threads: Int? = nil) {
        self.properties = properties
        self.outputs = outputs
        self.decision = decision
        self.threads = threads
        let lines = RestorationLines(properties)
        let rows = max(1, 16384 / max(lines.width, 1))  // 64 KB for one output: stays in a core's own cache
        tiles = stride(from: 0, to: lines.height, by: rows).map {
            RestorationTile(outputs: outputs, lines: lines, rows: $0..<min($0 + rows, lines.height))
        }
        self.lines = lines
        labels = decision == nil ? [] : [Int16](repeating: 0, count: properties.geometry.count)
    }

    /// Takes the next slices and restores what lies between those that have arrived.
    ///
    /// - Parameters:
    ///   - values: probabilities or logits, C-order [K, n, H, W]: n whole slices of the prepared volume.
    ///   - write: gets the outputs themselves on the grid of the scan, part by part; what it throws stops the work.
    /// - Throws: `PreparationError.wrongProbabilityCount` for parts of slices, or more slices than there are.
    public func add(_ values: UnsafeBufferPointer<Float>, write: ((RestoredPart) throws -> Void)? = nil) throws {
        let slice = outputs * properties.size[1] * properties.size[2]
        let count = values.count / slice
        guard count * slice == values.count, received + count <= properties.size[0] else {
            throw PreparationError.wrongProbabilityCount(
                scan: properties.name, expected: (properties.size[0] - received) * slice, got: values.count)
        }
        guard count > 0 else { return }
        let slab = OutputSlab(values: SharedPointer(values), slices: received..<(received + count), plane: properties.size[1] * properties.size[2])
        received += count
        let end = lines.cells[0].count(within: received)
        guard let write else {
            restore(done..<end, from: slab, into: nil)
            done = end
            return
        }
        let step = max(1, Self.partCount / max(1, outputs * lines.height * lines.width))
        while done < end {
            let range = done..<min(done + step, end)
            try write(part(range, from: slab))
            done = range.upperBound
        }
        // Nothing new could be restored, but the slices must be looked at while they are here.
        restore(end..<end, from: slab, into: nil)
    }

    /// The label map in the geometry of the scan, 0 outside the crop; all slices must have been added.
    public func takeLabels() -> LabelMap {
        precondition(received == properties.size[0], "\(received) of \(properties.size[0]) slices have been added")
        defer { labels = [] }
        return LabelMap(geometry: properties.geometry, voxels: labels)
    }

    /// Labels of the slices in `range`, and their outputs where there is a place for them.
    private func restore(_ range: Range<Int>, from slab: OutputSlab, into places: VoxelPlaces<Float>?) {
        let depth = lines.depth, decision = decision, tiles = tiles
        let next = range.upperBound < depth ? lines.cells[0].low[range.upperBound] : nil
        labels.withUnsafeMutableBufferPointer { labels in
            let target = decision == nil ? nil : labelPlaces(SharedPointer(labels))
            Parallel.forEach(tiles.count, threads: threads) { index in
                let tile = tiles[index]
                for d in range {
                    tile.move(to: d, in: slab)
                    if let decision, let target { tile.decide(decision, to: target) }
                    if let places { tile.copy(to: places) }
                }
                // The slice below the next position may not come again.
                if let next, slab.slices.contains(next) { tile.keep(next, of: slab) }
            }
        }
    }

    private func labelPlaces(_ labels: SharedPointer<Int16>) -> VoxelPlaces<Int16> { VoxelPlaces(of: properties, in: labels) }

    /// The outputs of the slices in `range` on the scan's grid, its axes in the scan's order.
    private func part(_ range: Range<Int>, from slab: OutputSlab) -> RestoredPart {
        let axes = properties.axes, axis = axes.order.axes[0], whole = properties.cropBox
        var box = whole
        (box.lower[axis], box.upper[axis]) =
            axes.flipped.contains(0)
            ? (whole.upper[axis] - range.upperBound, whole.upper[axis] - range.lowerBound)
            : (whole.lower[axis] + range.lowerBound, whole.lower[axis] + range.upperBound)
        let count = box.size.voxels, (first, strides) = axes.places(of: box.size)
        let values = [Float](unsafeUninitializedCapacity: outputs * count) { values, initialized in
            let places = VoxelPlaces(
                base: SharedPointer(SharedPointer(values) + first), first: range.lowerBound, strides: strides, count: count)
            restore(range, from: slab, into: places)
            initialized = outputs * count
        }
        return RestoredPart(box: box, values: values)
    }
}

/// A few slices of outputs in memory, C-order [K, slices, H, W].
struct OutputSlab: Sendable {
    let values: SharedPointer<Float>
    let slices: Range<Int>

    /// Values of one slice of one output.
    let plane: Int

    func slice(_ slice: Int, of output: Int) -> UnsafeMutablePointer<Float> {
        values + (output * slices.count + slice - slices.lowerBound) * plane
    }
}

/// Where the voxels of the cropped scan, named [d, h, w] in the prepared order of axes, lie in memory.
struct VoxelPlaces<Element>: Sendable {
    let base: SharedPointer<Element>

    /// The d that lies at the base.
    let first: Int
    let strides: Size3

    /// Distance from one output to the next.
    let count: Int

    init(base: SharedPointer<Element>, first: Int, strides: Size3, count: Int) {
        (self.base, self.first, self.strides, self.count) = (base, first, strides, count)
    }

    /// The places of a case's cropped scan in an array of the whole scan.
    init(of properties: CaseProperties, in scan: SharedPointer<Element>) {
        let size = properties.geometry.size, lower = properties.cropBox.lower
        let start = (lower[0] * size[1] + lower[1]) * size[2] + lower[2]
        let (first, strides) = properties.axes.places(of: properties.cropBox.size, in: size)
        self.init(base: SharedPointer(scan + (start + first)), first: 0, strides: strides, count: 0)
    }

    /// Puts a row of values at [d, h, 0], [d, h, 1], …
    @inline(__always)
    func put(_ row: UnsafePointer<Element>, count width: Int, output: Int = 0, _ d: Int, _ h: Int) {
        let target = base + (output * count + (d - first) * strides[0] + h * strides[1]), step = strides[2]
        if step == 1 {
            target.update(from: row, count: width)
            return
        }
        var index = 0
        while index < width { target[index &* step] = row[index]; index &+= 1 }
    }
}

/// Where the samples around each voxel of the cropped scan lie among the network's outputs; all axes in the prepared order.
struct RestorationLines: Sendable {
    let cells: [CellLine]

    /// One sample of a row of the cropped scan: its two neighbors in a row of outputs, and their weights.
    struct Column {
        let low: Int32
        let high: Int32
        let left: Float
        let right: Float
    }

    /// The samples along W, packed for the innermost loop.
    let columns: [Column]

    /// Values in a row of outputs.
    let outputWidth: Int

    var depth: Int { cells[0].count }
    var height: Int { cells[1].count }
    var width: Int { cells[2].count }

    init(_ properties: CaseProperties) {
        let grid = properties.restorationGrid
        cells = (0..<3).map { CellLine(grid, axis: $0, nearest: $0 == grid.coarseAxis) }
        outputWidth = grid.inputSize[2]
        let line = cells[2]
        columns = (0..<line.count).map {
            let (low, high, right) = line.cell($0)
            return Column(low: Int32(low), high: Int32(high), left: Float(1 - right), right: Float(right))
        }
    }
}
