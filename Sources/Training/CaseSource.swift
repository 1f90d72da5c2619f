import Archives
import Augmentation
import Foundation
import Preparation

/// A prepared case on disk as a source of patches; the arrays stay in the mapped file.
struct CaseSource: SampleSource {
    let name: String
    let channels: Int
    let size: Extent
    let foreground: [ForegroundClass]
    private let image: StoredArray
    /// Class numbers [D, H, W], −1 outside the mask.
    private let classes: StoredArray

    init(named name: String, in folder: URL, labels: LabelSet) throws {
        let file = try PreparedCaseFile(named: name, in: folder)
        guard let stored = file.labels else { throw TrainingError.noLabels(name: name) }
        self.name = name
        channels = file.properties.channels
        size = Extent(file.properties.size)!
        image = file.image
        classes = Self.classNumbers(stored, labels)
        foreground = try file.foreground().voxels.sorted { $0.key < $1.key }.map { ForegroundClass(label: $0.key, voxels: $0.value) }
    }

    /// The labels as positions in the plan's list of labels: what the network's outputs are numbered by.
    private static func classNumbers(_ stored: StoredArray, _ labels: LabelSet) -> StoredArray {
        let values = labels.definitions.map { $0.values[0] }
        guard values != Array(values.indices) else { return stored }
        let table = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, Int16($0)) })
        return StoredArray(stored.ints().map { table[$0] ?? ($0 == -1 ? -1 : 0) }, shape: stored.shape)
    }

    func withImage<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) throws -> Result {
        try image.withUnsafeBytes { try body($0.assumingMemoryBound(to: Float.self)) }
    }

    func withLabels<Result>(_ body: (UnsafeBufferPointer<Int16>) throws -> Result) throws -> Result {
        try classes.withUnsafeBytes { try body($0.assumingMemoryBound(to: Int16.self)) }
    }
}
