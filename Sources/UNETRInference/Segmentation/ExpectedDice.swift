import Foundation
import Synchronization
public import UNETRPreparation
import UNETRSupport
public import UNETRVolumes

/// The Dice that a mask may be expected to have, structure by structure, if the model's probabilities are right: 2 Σ p over the mask, divided by the voxels of the
/// mask plus Σ p over the scan. That is the Dice of expected counts; it needs no reference.
///
///     let expected = ExpectedDice(labels)
///     _ = try segmenter.segment(loaded, probabilities: expected.add) { _, _ in }
///     print(expected.values)
///
/// How well it agrees with the true Dice depends on the model; `unetrpp calibrate` measures that. The mask is that of the probabilities, before anything is
/// cleaned up.
public final class ExpectedDice: Sendable {
    private struct Sums {
        /// Σ p over the scan, over the mask, and the voxels of the mask.
        var all = 0.0, inside = 0.0, mask = 0
    }

    private let names: [String]
    private let areRegions: Bool
    private let state: Mutex<[Sums]>

    /// For the structures of these labels.
    public init(_ labels: LabelSet) {
        names = labels.foreground.map(\.name)
        areRegions = labels.hasRegions
        state = Mutex(Array(repeating: Sums(), count: names.count))
    }

    /// By structure; none for a structure of which nothing was found and nothing was likely (Σ p below half a voxel).
    public var values: [String: Double] {
        let sums = state.withLock { $0 }
        let found = zip(names, sums).filter { $0.1.mask > 0 || $0.1.all >= 0.5 }
        return Dictionary(found.map { ($0, 2 * $1.inside / (Double($1.mask) + $1.all)) }) { first, _ in first }
    }

    /// Takes the probabilities of a part of the scan; may be called from any thread.
    public func add(_ part: RestoredPart) {
        let voxels = part.box.size.voxels, first = areRegions ? 0 : 1
        guard voxels > 0 else { return }
        var sums = Array(repeating: Sums(), count: names.count)
        part.values.withUnsafeBufferPointer { values in
            let outputs = values.count / voxels
            for voxel in 0..<voxels {
                // The first of the largest, as masks are decided.
                var best = 0
                if !areRegions {
                    for output in 1..<outputs where values[output * voxels + voxel] > values[best * voxels + voxel] { best = output }
                }
                for structure in sums.indices {
                    let output = structure + first, probability = values[output * voxels + voxel]
                    sums[structure].all += Double(probability)
                    guard areRegions ? probability > 0.5 : output == best else { continue }
                    sums[structure].inside += Double(probability)
                    sums[structure].mask += 1
                }
            }
        }
        state.withLock { state in
            for (index, sum) in sums.enumerated() {
                state[index].all += sum.all
                state[index].inside += sum.inside
                state[index].mask += sum.mask
            }
        }
    }
}
