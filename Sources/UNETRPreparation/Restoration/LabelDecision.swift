public import UNETRPlanning
import UNETRSupport
public import UNETRVolumes

/// How the outputs of a network become one label a voxel.
public enum LabelDecision: Equatable, Sendable {
    /// The value that belongs to the largest output; the first of equal ones.
    case largest(values: [Int16])

    /// For each output above the threshold (½ for probabilities, 0 for logits) in turn its value, later ones over earlier ones; 0 where
    /// there is none.
    case regions(values: [Int16], threshold: Float = 0.5)

    var count: Int {
        switch self {
        case .largest(let values), .regions(let values, _): values.count
        }
    }
}

extension LabelSet {
    /// How probabilities become one label a voxel.
    public var decision: LabelDecision { decision(on: .probabilities) }

    /// How the network's averaged outputs become one label a voxel.
    public func decision(on outputs: InferenceSettings.Aggregation) -> LabelDecision {
        let values = outputValues.map { Int16(truncatingIfNeeded: $0) }
        return hasRegions ? .regions(values: values, threshold: outputs == .logits ? 0 : 0.5) : .largest(values: values)
    }
}

extension LabelDecision {
    /// The label of every voxel, from outputs [K, voxels].
    package func decide(_ outputs: [Float], to labels: UnsafeMutableBufferPointer<Int16>, threads: Int?) {
        let voxels = labels.count, block = 1 << 14
        precondition(outputs.count == count * voxels, "\(outputs.count) outputs for \(count) × \(voxels)")
        outputs.withUnsafeBufferPointer { outputs in
            let (outputs, labels) = (SharedPointer(outputs), SharedPointer(labels))
            Parallel.forEach((voxels + block - 1) / block, threads: threads) { part in
                let start = part * block, size = min(block, voxels - start)
                let label = labels + start
                switch self {
                case .largest(let values):
                    label.update(repeating: values[0], count: size)
                    withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { best in
                        _ = best.initialize(from: UnsafeBufferPointer(start: outputs + start, count: size))
                        for output in 1..<max(values.count, 1) {
                            let row = outputs + (output * voxels + start), value = values[output]
                            for index in 0..<size {
                                let isLarger = row[index] > best[index]
                                label[index] = isLarger ? value : label[index]
                                best[index] = isLarger ? row[index] : best[index]
                            }
                        }
                    }
                case .regions(let values, let threshold):
                    label.update(repeating: 0, count: size)
                    for output in values.indices {
                        let row = outputs + (output * voxels + start), value = values[output]
                        for index in 0..<size where row[index] > threshold { label[index] = value }
                    }
                }
            }
        }
    }
}
