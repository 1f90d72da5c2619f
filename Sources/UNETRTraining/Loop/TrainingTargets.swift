import UNETRPlanning
import UNETRPreparation
public import UNETRTorch
public import UNETRVolumes

/// How a plan's labels become what a network is trained on: one class a voxel, or overlapping regions.
public struct TrainingTargets: Sendable {
    private let labels: LabelSet

    /// Targets for this label set.
    public init(labels: LabelSet) { self.labels = labels }

    /// The loss that fits. `batchSum` sums over the processes that share a batch; nil: there is one.
    public func loss(batchDice: Bool, batchSum: BatchSum? = nil) -> any SegmentationLoss {
        labels.hasRegions
            ? DiceBinaryCrossEntropyLoss(batchDice: batchDice, batchSum: batchSum) : DiceCrossEntropyLoss(batchDice: batchDice, batchSum: batchSum)
    }

    /// What is stored for each label value in training samples: its place in the list of labels or, for regions, the value itself.
    ///
    /// A value that no label has becomes background.
    var numbers: [Int: Int16] {
        if labels.hasRegions { return Dictionary(uniqueKeysWithValues: ([0] + labels.foregroundValues).map { ($0, Int16($0)) }) }
        return Dictionary(uniqueKeysWithValues: labels.definitions.enumerated().map { ($1.values[0], Int16($0)) })
    }

    /// The numbers of samples that belong to each structure besides background, in the order of the plan.
    var members: [[Int16]] {
        let numbers = numbers
        return labels.foreground.map { $0.values.compactMap { numbers[$0] } }
    }

    /// What the loss compares with: class numbers [N, D, H, W] (int64), or indicators [N, regions, D, H, W] (float32).
    public func target(_ samples: Tensor) throws -> Tensor {
        labels.hasRegions ? try indicators(samples) : try samples.to(.int64)
    }

    /// Which voxels of samples [N, D, H, W] belong to each structure: [N, structures, D, H, W], float32.
    func indicators(_ samples: Tensor) throws -> Tensor {
        try Tensor.stacked(
            members.map { numbers in
                var member = try samples.equals(Double(numbers[0]))
                for number in numbers.dropFirst() { member = try member.maximum(samples.equals(Double(number))) }
                return try member.to(.float32)
            }, axis: 1)
    }

    /// Which voxels a network's logits [N, outputs, D, H, W] give to each structure: [N, structures, D, H, W], float32.
    func decided(_ logits: Tensor) throws -> Tensor {
        if labels.hasRegions { return try logits.greater(than: 0).to(.float32) }
        return try indicators(logits.argmax(1))
    }

    /// One number a voxel from a whole case's probabilities [outputs, D, H, W], in the terms of training samples.
    func numbers(deciding probabilities: Tensor) throws -> [Int16] {
        guard labels.hasRegions else { return try probabilities.argmax(0).array(of: Int16.self) }
        guard case .regions(let values, _) = labels.decision else { return [] }
        var decided = [Int16](repeating: 0, count: probabilities.count / probabilities.shape[0])
        for (region, value) in values.enumerated() {
            let inside: [Float] = try probabilities.selected(0, region).array()
            for index in decided.indices where inside[index] > 0.5 { decided[index] = value }
        }
        return decided
    }
}
