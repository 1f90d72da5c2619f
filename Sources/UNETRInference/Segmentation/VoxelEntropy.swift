import Foundation
public import UNETRPreparation
import UNETRSupport
public import UNETRVolumes

/// How uncertain each voxel is: the entropy of its probabilities as a share of the most that is possible, from 0 (one label for certain) to 1 (all alike).
///
///     let entropy = VoxelEntropy(labels)
///     _ = try segmenter.segment(loaded, probabilities: { part in write(entropy.map(part)) }) { _, _ in }
///
/// Of outputs that exclude each other, H = −Σ p ln p / ln K; of overlapping regions the mean over the regions of −(p ln p + (1 − p) ln(1 − p)) / ln 2.
public struct VoxelEntropy: Sendable {
    private let areRegions: Bool
    private let outputs: Int
    /// One over the largest entropy.
    private let scale: Float

    /// For the outputs of these labels.
    public init(_ labels: LabelSet) { self.init(outputs: labels.outputCount, areRegions: labels.hasRegions) }

    init(outputs: Int, areRegions: Bool) {
        self.areRegions = areRegions
        self.outputs = outputs
        scale = areRegions ? 1 / (Float(outputs) * log(2)) : 1 / log(Float(max(outputs, 2)))
    }

    /// The entropies of a part of the scan, [1, D, H, W], from its probabilities [K, D, H, W].
    public func map(_ part: RestoredPart) -> RestoredPart {
        let voxels = part.box.size.voxels
        guard voxels > 0 else { return part }
        let values = [Float](unsafeUninitializedCapacity: voxels) { entropies, count in
            part.values.withUnsafeBufferPointer { values in
                for voxel in 0..<voxels { entropies[voxel] = of(values.baseAddress! + voxel, stride: voxels) }
            }
            count = voxels
        }
        return RestoredPart(box: part.box, values: values)
    }

    /// The entropy of one voxel, whose probabilities lie `stride` apart.
    func of(_ probabilities: UnsafePointer<Float>, stride: Int) -> Float {
        var sum: Float = 0, output = 0
        while output < outputs {
            let probability = probabilities[output * stride]
            sum += Self.term(probability)
            if areRegions { sum += Self.term(1 - probability) }
            output += 1
        }
        // Rounding may leave the range by an ulp.
        return min(max(sum * scale, 0), 1)
    }

    private static func term(_ probability: Float) -> Float { probability > 0 ? -probability * log(probability) : 0 }
}
