public import Foundation
import UNETRPlanning
import UNETRSupport
public import UNETRVolumes

/// Several models that make one mask together: each segments some of the structures, all on one grid, as the parts of TotalSegmentator do.
///
/// A scan is turned to the patient's axes (RAS+) and resampled to the spacing of the task; each part segments it; of two parts that claim
/// a voxel the later one has it; the mask goes back to the scan's own grid by the nearest voxel. On disk a task is a folder
/// `NAME.unetrpp` with `task.json` and the parts' bundles.
public struct ModelTask: Equatable, Sendable, Codable {
    /// A model and what its labels become.
    public struct Part: Equatable, Sendable, Codable {
        /// The name of its bundle in the task's folder.
        public var bundle: String

        /// For each label value of the model the value in the task's mask; the first, of the background, is 0.
        public var values: [Int]

        /// A part.
        public init(bundle: String, values: [Int]) {
            self.bundle = bundle
            self.values = values
        }
    }

    /// What the task is called, such as "TotalSegmentator total".
    public var name: String

    /// The spacing that scans are resampled to, in mm along the patient's axes x, y and z.
    public var spacing: [Double]

    /// Distance of neighboring patches as a part of the patch, within `InferenceSettings.stepRange`.
    public var stepFraction: Double

    /// The structures of the mask.
    public var labels: LabelSet

    /// The models, in the order in which their masks are laid over each other.
    public var parts: [Part]

    /// A task.
    public init(name: String, spacing: [Double], stepFraction: Double, labels: LabelSet, parts: [Part]) {
        self.name = name
        self.spacing = spacing
        self.stepFraction = stepFraction
        self.labels = labels
        self.parts = parts
    }

    /// The file that makes a folder a task.
    static let fileName = "task.json"

    /// Whether a folder is a task.
    public static func isTask(_ folder: URL) -> Bool { FileManager.default.fileExists(atPath: folder.appending(path: fileName).path) }

    /// Reads a task and opens its parts.
    /// - Throws: `ModelTaskError`; what opening a bundle throws.
    public static func open(_ folder: URL) throws -> (task: ModelTask, parts: [ModelBundle]) {
        let file = folder.appending(path: fileName), task: ModelTask
        do { task = try JSONText.decode(from: InputFile.contents(of: file, most: 1 << 24)) } catch let error as JSONProblem {
            throw ModelTaskError(path: file.path, problem: error.sentence)
        }
        try task.validate(in: file)
        let bundles = try task.parts.map { try ModelBundle(contentsOf: folder.appending(path: $0.bundle)) }
        try task.check(bundles, in: file)
        return (task, bundles)
    }

    /// Writes a task as a folder, in one move.
    ///
    /// - Parameters:
    ///   - bundles: the parts' models, in their order.
    ///   - folder: the folder to write; a task that was there is replaced.
    /// - Throws: `ModelTaskError`; `BundleDigestError` if a bundle is not what its digests say; `FileError`.
    public func write(_ bundles: [ModelBundle], to folder: URL) throws {
        let file = folder.appending(path: Self.fileName)
        try validate(in: file)
        try check(bundles, in: file)
        try ModelBundle.replace(folder) { place in
            try AtomicFile.makeFolder(place)
            for (part, bundle) in zip(parts, bundles) { try bundle.copy(to: place.appending(path: part.bundle)) }
            try AtomicFile.write(JSONText.encode(self), to: place.appending(path: Self.fileName))
        }
    }

    private func validate(in file: URL) throws {
        func demand(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
            if !holds { throw ModelTaskError(path: file.path, problem: problem()) }
        }
        try demand(
            spacing.count == 3 && spacing.allSatisfy { Geometry.spacingRange.contains($0) },
            "its spacing is \(spacing); expected three numbers of \(Geometry.spacingRange.lowerBound) to \(Geometry.spacingRange.upperBound) mm")
        let steps = InferenceSettings.stepRange
        try demand(steps.contains(stepFraction), "its stepFraction is \(stepFraction); expected \(steps.lowerBound) to \(steps.upperBound)")
        try demand((1...64).contains(parts.count), "it has \(parts.count) parts; expected 1 to 64")
        try demand(Set(parts.map(\.bundle)).count == parts.count, "two of its parts have one name")
        do { try labels.validate() } catch { throw ModelTaskError(path: file.path, problem: "its labels: \(error)") }
        let known = Set([0] + labels.foregroundValues)
        for part in parts {
            let isPlain = !part.bundle.isEmpty && !part.bundle.hasPrefix(".") && !part.bundle.contains("/") && !part.bundle.contains("\0")
            try demand(isPlain, "the name of a part is '\(part.bundle)', which is no name of a file")
            try demand(
                part.values.first == 0 && Set(part.values).isSubset(of: known), "the values of \(part.bundle) are not among its labels, or do not begin with 0")
        }
    }

    /// That the values fit the labels of the models, which have the same channels.
    private func check(_ bundles: [ModelBundle], in file: URL) throws {
        for (part, bundle) in zip(parts, bundles) {
            let values = bundle.plan.labels.foregroundValues
            guard values.allSatisfy(part.values.indices.contains) else {
                throw ModelTaskError(
                    path: file.path, problem: "\(part.bundle) has the labels \(values), but the task has values for \(part.values.count - 1) of them")
            }
            guard bundle.plan.channelNames.count == bundles[0].plan.channelNames.count else {
                throw ModelTaskError(path: file.path, problem: "\(part.bundle) has another number of channels than \(parts[0].bundle)")
            }
        }
    }
}

/// Why a folder is no task.
public struct ModelTaskError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it.
    public let problem: String

    /// One sentence: where, and what is wrong.
    public var description: String { "\(path): \(problem)" }
}
