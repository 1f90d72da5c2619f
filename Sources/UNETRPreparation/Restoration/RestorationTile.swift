/// A few rows of one slice of the cropped scan, with all outputs interpolated to them.
///
/// The tile walks through the slices. It keeps the two slices of outputs it lies between, already interpolated within the plane.
final class RestorationTile: @unchecked Sendable {
    private let classes: Int
    private let lines: RestorationLines
    private let rows: Range<Int>

    /// Two planes [classes, rows, W] and the slice of the outputs that each holds.
    private let planes: [Scratch]
    private var held: [Int?] = [nil, nil]
    private var slice = 0
    private var low = 0, high = 0
    private var weight: Float = 0

    /// One row of outputs for each input row that the tile's rows need, and one output of the tile.
    private let line: Scratch
    private let blend: Scratch

    private var planeCount: Int { rows.count * lines.width }

    init(outputs: Int, lines: RestorationLines, rows: Range<Int>) {
        classes = outputs
        self.lines = lines
        self.rows = rows
        let count = rows.count * lines.width
        planes = [Scratch(classes * count), Scratch(classes * count)]
        line = Scratch((lines.cells[1].high[rows.upperBound - 1] - lines.cells[1].low[rows.lowerBound] + 1) * lines.width)
        blend = Scratch(count)
    }

    /// Goes to slice `d` of the cropped scan; the slab must hold what the tile has not met before.
    func move(to d: Int, in slab: OutputSlab) {
        slice = d
        let cell = lines.cells[0].cell(d)
        let usesHigh = cell.2 > 0 && cell.1 != cell.0
        low = hold(cell.0, of: slab, keeping: usesHigh ? cell.1 : nil)
        high = usesHigh ? hold(cell.1, of: slab, keeping: cell.0) : low
        weight = usesHigh ? Float(cell.2) : 0
    }

    /// Holds a slice of outputs beyond the slab's life.
    func keep(_ source: Int, of slab: OutputSlab) { _ = hold(source, of: slab, keeping: nil) }

    /// Writes the label of every voxel of the tile.
    func decide(_ decision: LabelDecision, to target: VoxelPlaces<Int16>) {
        let best = blend.base, count = planeCount
        withUnsafeTemporaryAllocation(of: Int16.self, capacity: count) { labels in
            let labels = labels.baseAddress!
            switch decision {
            case .largest(let values):
                labels.initialize(repeating: values[0], count: count)
                mix(0, into: best)
                for output in 1..<max(classes, 1) { raise(best, labels, output, values[output]) }
            case .regions(let values, let threshold):
                labels.initialize(repeating: 0, count: count)
                for output in 0..<classes {
                    mix(output, into: best)
                    for index in 0..<count where best[index] > threshold { labels[index] = values[output] }
                }
            }
            for (number, h) in rows.enumerated() { target.put(labels + number * lines.width, count: lines.width, slice, h) }
        }
    }

    /// Writes the values of every output.
    func copy(to target: VoxelPlaces<Float>) {
        for output in 0..<classes {
            mix(output, into: blend.base)
            for (number, h) in rows.enumerated() {
                target.put(blend.base + number * lines.width, count: lines.width, output: output, slice, h)
            }
        }
    }

    /// Where `output` exceeds `best`, takes over its value and its label.
    private func raise(_ best: UnsafeMutablePointer<Float>, _ labels: UnsafeMutablePointer<Int16>, _ output: Int, _ label: Int16) {
        let a = planes[low].base + output * planeCount, b = planes[high].base + output * planeCount
        let right = weight, left = 1 - weight, count = planeCount
        var index = 0
        if right == 0 {
            while index < count {
                let value = a[index], isLarger = value > best[index]
                labels[index] = isLarger ? label : labels[index]
                best[index] = isLarger ? value : best[index]
                index &+= 1
            }
        }
        while index < count {
            let value = left * a[index] + right * b[index], isLarger = value > best[index]
            labels[index] = isLarger ? label : labels[index]
            best[index] = isLarger ? value : best[index]
            index &+= 1
        }
    }

    /// One output between the two held planes.
    private func mix(_ output: Int, into target: UnsafeMutablePointer<Float>) {
        let a = planes[low].base + output * planeCount, b = planes[high].base + output * planeCount
        let right = weight, left = 1 - weight, count = planeCount
        var index = 0
        while index < count { target[index] = left * a[index] + right * b[index]; index &+= 1 }
    }

    /// The number of the plane that holds slice `source` of the outputs, filled if it is not there yet.
    private func hold(_ source: Int, of slab: OutputSlab, keeping other: Int?) -> Int {
        if let plane = held.firstIndex(of: source) { return plane }
        let plane = held[0] == other && other != nil ? 1 : 0
        for output in 0..<classes { fill(planes[plane].base + output * planeCount, from: slab.slice(source, of: output)) }
        held[plane] = source
        return plane
    }

    /// Interpolates one slice of one output within the plane: first along W, then along H.
    private func fill(_ target: UnsafeMutablePointer<Float>, from start: UnsafeMutablePointer<Float>) {
        let vertical = lines.cells[1], width = lines.width
        let first = vertical.low[rows.lowerBound], last = vertical.high[rows.upperBound - 1]
        lines.columns.withUnsafeBufferPointer { columns in
            let columns = columns.baseAddress!
            for h in first...last {
                let samples = start + h * lines.outputWidth, row = line.base + (h - first) * width
                var x = 0
                while x < width {
                    let column = columns[x]
                    row[x] = column.left * samples[Int(column.low)] + column.right * samples[Int(column.high)]
                    x &+= 1
                }
            }
        }
        for (number, h) in rows.enumerated() {
            let cell = vertical.cell(h), right = Float(cell.2), left = 1 - right
            let a = line.base + (cell.0 - first) * width, b = line.base + (cell.1 - first) * width
            let row = target + number * width
            var x = 0
            while x < width { row[x] = left * a[x] + right * b[x]; x &+= 1 }
        }
    }
}
