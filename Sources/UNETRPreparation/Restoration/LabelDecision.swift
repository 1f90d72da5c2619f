public import UNETRPlanning
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
        if hasRegions {
            let order = regionOrder ?? foreground.map { $0.values[0] }
            return .regions(values: order.map { Int16(truncatingIfNeeded: $0) }, threshold: outputs == .logits ? 0 : 0.5)
        }
        return .largest(values: definitions.map { Int16(truncatingIfNeeded: $0.values[0]) })
    }
}
