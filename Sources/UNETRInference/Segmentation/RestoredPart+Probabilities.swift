import Foundation
import UNETRPreparation

extension RestoredPart {
    /// Probabilities from logits on the scan's grid.
    ///
    /// - Parameter areRegions: whether each output has a probability of its own (sigmoid), or they exclude each other (softmax).
    func probabilities(areRegions: Bool) -> RestoredPart {
        let count = box.size.reduce(1, *)
        guard count > 0 else { return self }
        let outputs = values.count / count
        let result = [Float](unsafeUninitializedCapacity: values.count) { result, initialized in
            if areRegions {
                for (index, logit) in values.enumerated() { result[index] = 1 / (1 + exp(-logit)) }
            } else {
                for voxel in 0..<count {
                    var largest = -Float.infinity
                    for output in 0..<outputs { largest = max(largest, values[output * count + voxel]) }
                    var sum: Float = 0
                    for output in 0..<outputs {
                        let value = exp(values[output * count + voxel] - largest)
                        result[output * count + voxel] = value
                        sum += value
                    }
                    for output in 0..<outputs { result[output * count + voxel] /= sum }
                }
            }
            initialized = values.count
        }
        return RestoredPart(box: box, values: result)
    }
}
