public import UNETRVolumes

/// How the connected components of a prediction are matched to those of the reference.
public struct LesionMatching: Equatable, Sendable {
    /// Which voxels belong together.
    public typealias Connectivity = UNETRVolumes.Connectivity

    /// Which voxels belong to one lesion.
    public var connectivity: Connectivity

    /// Lesions are connected components.
    public init(connectivity: Connectivity = .corners) { self.connectivity = connectivity }
}

/// Detection of separate lesions: components of the reference that the prediction touches, and components that touch nothing.
public struct LesionMetrics: Equatable, Sendable {
    /// Components of the prediction.
    public var predicted: Int
    /// Components of the reference.
    public var referenced: Int
    /// Components of the prediction that share at least one voxel with the reference.
    public var matchedPredictions: Int
    /// Components of the reference that share at least one voxel with the prediction.
    public var detected: Int

    /// Counts that were made elsewhere.
    public init(predicted: Int, referenced: Int, matchedPredictions: Int, detected: Int) {
        self.predicted = predicted
        self.referenced = referenced
        self.matchedPredictions = matchedPredictions
        self.detected = detected
    }

    /// Part of the predicted components that are matched; nil if there are none.
    public var precision: Double? { predicted == 0 ? nil : Double(matchedPredictions) / Double(predicted) }
    /// Part of the reference's components that are detected; nil if there are none.
    public var recall: Double? { referenced == 0 ? nil : Double(detected) / Double(referenced) }
    /// Harmonic mean of precision and recall: 0 if only one side has components, nil if neither has.
    public var f1: Double? {
        guard let precision, let recall else { return predicted + referenced == 0 ? nil : 0 }
        return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall)
    }
}
