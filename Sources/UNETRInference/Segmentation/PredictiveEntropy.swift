import Foundation
import Synchronization
public import UNETRPreparation
import UNETRSupport

/// How uncertain a model is about a scan: the mean entropy of its probabilities over the voxels that may be foreground, as a share of the most
/// that is possible.
///
///     let entropy = PredictiveEntropy(areRegions: labels.hasRegions)
///     _ = try segmenter.segment(loaded, probabilities: entropy.add) { _, _ in }
///     print(entropy.mean)
///
/// Voxels that are background for certain are left out: otherwise the size of the field of view would count.
public final class PredictiveEntropy: Sendable {
    /// A voxel may be foreground from this probability on.
    public static let leastForeground: Float = 0.1

    private let areRegions: Bool
    private let state = Mutex((sum: 0.0, count: 0))

    /// - Parameter areRegions: whether each output has a probability of its own; else the first output is the background.
    public init(areRegions: Bool) { self.areRegions = areRegions }

    /// The mean from 0 to 1; 0 where no voxel may be foreground.
    public var mean: Double { state.withLock { $0.count == 0 ? 0 : $0.sum / Double($0.count) } }

    /// Takes the probabilities of a part of the scan; may be called from any thread.
    public func add(_ part: RestoredPart) {
        let voxels = part.box.size.voxels, outputs = voxels == 0 ? 0 : part.values.count / voxels
        guard outputs > 0 else { return }
        let entropy = VoxelEntropy(outputs: outputs, areRegions: areRegions)
        var sum = 0.0, count = 0
        part.values.withUnsafeBufferPointer { values in
            for voxel in 0..<voxels {
                var foreground: Float = 0
                if areRegions {
                    for output in 0..<outputs { foreground = max(foreground, values[output * voxels + voxel]) }
                } else {
                    foreground = 1 - values[voxel]
                }
                guard foreground >= Self.leastForeground else { continue }
                sum += Double(entropy.of(values.baseAddress! + voxel, stride: voxels))
                count += 1
            }
        }
        state.withLock { $0 = ($0.sum + sum, $0.count + count) }
    }
}
