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
        // Of outputs that exclude each other at most ln K, of those that do not ln 2 each.
        let scale = areRegions ? 1 / (Double(outputs) * log(2)) : 1 / log(Double(max(outputs, 2)))
        var sum = 0.0, count = 0
        part.values.withUnsafeBufferPointer { values in
            for voxel in 0..<voxels {
                if areRegions {
                    var largest: Float = 0
                    for output in 0..<outputs { largest = max(largest, values[output * voxels + voxel]) }
                    guard largest >= Self.leastForeground else { continue }
                    for output in 0..<outputs {
                        let probability = Double(values[output * voxels + voxel])
                        sum += Self.term(probability) + Self.term(1 - probability)
                    }
                } else {
                    guard 1 - values[voxel] >= Self.leastForeground else { continue }
                    for output in 0..<outputs { sum += Self.term(Double(values[output * voxels + voxel])) }
                }
                count += 1
            }
        }
        state.withLock { $0 = ($0.sum + sum * scale, $0.count + count) }
    }

    private static func term(_ probability: Double) -> Double { probability > 0 ? -probability * log(probability) : 0 }
}
