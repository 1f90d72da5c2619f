import UNETRSupport
import UNETRVolumes

/// What one pass over a pair of label maps finds: how often each pair of labels meets, and the box that each label fills.
///
/// All overlap metrics of all classes and regions follow from it, and distances are then computed inside the boxes only.
struct ConfusionTable: Sendable {
    /// The labels of either map that are counted, ascending.
    let labels: [Int16]

    /// Voxels by [prediction label, reference label], indices into `labels`. Voxels whose reference is ignored are not counted.
    let pairs: [Int]

    /// The box of each label in either map, nil for a label that only ignored voxels carry.
    let boxes: [Box?]

    /// Number of voxels counted.
    let total: Int

    /// - Throws: `EvaluationError.tooManyLabels`
    init(prediction: LabelMap, reference: LabelMap, ignoring ignored: Int16?, name: String) throws {
        let found = Self.labels(of: prediction.voxels, reference.voxels)
        guard found.count <= EvaluationError.labelLimit else {
            throw EvaluationError.tooManyLabels(case: name, count: found.count, limit: EvaluationError.labelLimit)
        }
        var index = [Int32](repeating: -1, count: 1 << 16)
        for (position, label) in found.enumerated() { index[Int(UInt16(bitPattern: label))] = Int32(position) }

        let size = reference.geometry.size
        let slabs = Self.slabs(size[0])
        let indices = index
        let parts = Parallel.map(slabs.count) { (slab: Int) in
            Part(rows: slabs[slab], size: size, count: found.count, indices: indices, prediction.voxels, reference.voxels, ignored)
        }
        var sum = parts[0]
        for part in parts.dropFirst() { sum.merge(part) }
        labels = found
        pairs = sum.pairs
        boxes = sum.boxes
        total = sum.pairs.reduce(0, +)
    }

    /// The counts of a class.
    func counts(of labels: Set<Int16>) -> OverlapCounts {
        let inside = self.labels.map(labels.contains)
        var counts = OverlapCounts()
        for row in self.labels.indices {
            for column in self.labels.indices {
                let voxels = pairs[row * self.labels.count + column]
                switch (inside[row], inside[column]) {
                case (true, true): counts.truePositives += voxels
                case (true, false): counts.falsePositives += voxels
                case (false, true): counts.falseNegatives += voxels
                case (false, false): counts.trueNegatives += voxels
                }
            }
        }
        return counts
    }

    /// The box that a class fills in prediction and reference together; nil if it is in neither.
    func box(of labels: Set<Int16>) -> Box? {
        var union: Box?
        for (label, box) in zip(self.labels, boxes) where labels.contains(label) {
            guard let box else { continue }
            union = union?.union(box) ?? box
        }
        return union
    }

    /// A few slabs a thread: enough to share the work evenly, few enough that their tables stay small.
    private static func slabs(_ depth: Int) -> [Range<Int>] {
        let count = max(1, min(depth, 16))
        return (0..<count).map { $0 * depth / count..<($0 + 1) * depth / count }
    }

    private static func labels(of volumes: [Int16]...) -> [Int16] {
        var present = [Bool](repeating: false, count: 1 << 16)
        present.withUnsafeMutableBufferPointer { present in
            for volume in volumes {
                volume.withUnsafeBufferPointer { for label in $0 { present[Int(UInt16(bitPattern: label))] = true } }
            }
        }
        return (Int16.min...Int16.max).filter { present[Int(UInt16(bitPattern: $0))] }
    }
}

/// A box of voxels, [D, H, W], half-open.
struct Box: Equatable, Sendable {
    var lower: Size3
    var upper: Size3

    var size: Size3 { Size3 { upper[$0] - lower[$0] } }
    var count: Int { size.voxels }

    func union(_ other: Box) -> Box {
        Box(lower: Size3 { min(lower[$0], other.lower[$0]) }, upper: Size3 { max(upper[$0], other.upper[$0]) })
    }
}
