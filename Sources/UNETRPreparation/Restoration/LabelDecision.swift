public import UNETRVolumes

/// How the outputs of a network become one label a voxel.
public enum LabelDecision: Equatable, Sendable {
    /// The value that belongs to the largest output; the first of equal ones.
    case largest(values: [Int16])

    /// For each output above ½ in turn its value, later ones over earlier ones; 0 where there is none.
    case regions(values: [Int16])

    var count: Int {
        switch self {
        case .largest(let values), .regions(let values): values.count
        }
    }
}

extension LabelSet {
    /// How the network's outputs become one label a voxel.
    public var decision: LabelDecision {
        if hasRegions {
            let order = regionOrder ?? foreground.map { $0.values[0] }
            return .regions(values: order.map { Int16(truncatingIfNeeded: $0) })
        }
        return .largest(values: definitions.map { Int16(truncatingIfNeeded: $0.values[0]) })
    }
}
