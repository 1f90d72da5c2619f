import Foundation

/// What the logits of a model are divided by before they become probabilities, so that these are neither too sure nor too unsure: softmax(logits / T).
///
/// From probabilities that is p^(1/T) over the sum of the same; of overlapping regions p^(1/T) / (p^(1/T) + (1 − p)^(1/T)). The most probable output stays the same.
/// Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
public struct Temperature: Equatable, Sendable {
    /// 1 changes nothing; above, probabilities come nearer to each other.
    public var value: Double

    /// A temperature.
    public init(_ value: Double) { self.value = value }

    /// Scaled probabilities.
    ///
    /// - Parameters:
    ///   - probabilities: C-order [K, N].
    ///   - voxels: N.
    ///   - areRegions: whether each output has a probability of its own; else the K of a voxel sum to 1.
    /// - Returns: [K, N].
    public func applied(to probabilities: [Float], voxels: Int, areRegions: Bool) -> [Float] {
        guard voxels > 0, value != 1 else { return probabilities }
        let outputs = probabilities.count / voxels, exponent = Float(1 / value)
        return [Float](unsafeUninitializedCapacity: probabilities.count) { result, count in
            probabilities.withUnsafeBufferPointer { probabilities in
                if areRegions {
                    for index in 0..<probabilities.count {
                        // Rounding may have left 0 to 1.
                        let p = min(max(probabilities[index], 0), 1), yes = pow(p, exponent), no = pow(1 - p, exponent)
                        result[index] = yes / (yes + no)
                    }
                } else {
                    for voxel in 0..<voxels {
                        // Divided by the largest, so that no sum is 0 for a small temperature.
                        var largest: Float = 0
                        for output in 0..<outputs { largest = max(largest, probabilities[output * voxels + voxel]) }
                        var sum: Float = 0
                        for output in 0..<outputs {
                            let scaled = largest > 0 ? pow(max(probabilities[output * voxels + voxel], 0) / largest, exponent) : 1
                            result[output * voxels + voxel] = scaled
                            sum += scaled
                        }
                        for output in 0..<outputs { result[output * voxels + voxel] /= sum }
                    }
                }
            }
            count = probabilities.count
        }
    }
}
