import Foundation
import UNETRArchives
import UNETRAugmentation
import UNETRPreparation
import UNETRSupport

/// A prepared case on disk as a source of patches; the arrays stay in the mapped file.
struct CaseSource: SampleSource {
    let name: String
    let channels: Int
    let size: Size3
    let foreground: [ForegroundClass]
    private let image: StoredArray
    /// Numbers of classes or values of labels [D, H, W] (see `TrainingTargets`), −1 outside the mask.
    private let numbers: StoredArray

    init(named name: String, in folder: URL, _ targets: TrainingTargets) throws {
        let file = try PreparedCaseFile(named: name, in: folder)
        guard let stored = file.labels else { throw TrainingError.noLabels(name: name) }
        self.name = name
        channels = file.properties.channels
        size = file.properties.size
        image = file.image
        numbers = Self.renumbered(stored, targets)
        foreground = try file.foreground().voxels.sorted { $0.key < $1.key }.map { ForegroundClass(label: $0.key, voxels: $0.value) }
    }

    /// The labels as training samples number them.
    private static func renumbered(_ stored: StoredArray, _ targets: TrainingTargets) -> StoredArray {
        let numbers = targets.numbers
        guard numbers.contains(where: { $0.key != Int($0.value) }) else { return stored }
        return StoredArray(stored.ints().map { numbers[$0] ?? ($0 == -1 ? -1 : 0) }, shape: stored.shape)
    }

    func withImage<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) throws -> Result {
        try image.withUnsafeBytes { try body($0.assumingMemoryBound(to: Float.self)) }
    }

    func withLabels<Result>(_ body: (UnsafeBufferPointer<Int16>) throws -> Result) throws -> Result {
        try numbers.withUnsafeBytes { try body($0.assumingMemoryBound(to: Int16.self)) }
    }
}
