public import Foundation

/// Something wrong, or worth knowing, about a data set.
public struct DatasetFinding: Equatable, Sendable, Codable {
    /// How bad a finding is.
    public enum Severity: String, Sendable, Codable {
        /// Training must not start before this is solved.
        case error

        /// Training works; the result may disappoint.
        case warning
    }

    /// What was found.
    public enum Kind: String, Sendable, Codable {
        /// A file that the data set names does not exist.
        case missingFile
        /// A file cannot be read.
        case unreadableFile
        /// A scan has another number of channels than declared.
        case wrongChannelCount
        /// A spacing or an affine cannot be used.
        case badGeometry
        /// Scan, channels and label map lie on different grids.
        case differentGrid
        /// Grids differ by rounding only.
        case gridNoise
        /// Voxels are infinite or not a number.
        case notFinite
        /// A scan is zero everywhere.
        case emptyScan
        /// A channel has one value everywhere.
        case constantChannel
        /// A label map has a value that is not declared.
        case unknownLabel
        /// A label map has background only.
        case emptyLabels
        /// A declared label occurs nowhere.
        case unusedLabel
        /// Two cases have the same voxels.
        case duplicateScan
        /// Two cases have the same name.
        case duplicateName
        /// A label map belongs to no scan.
        case labelsWithoutScan
        /// A file of splits cannot be used.
        case unusableSplit
        /// A file of splits has scans of one patient on both sides.
        case tornGroup
    }

    /// What was found.
    public var kind: Kind
    /// How bad it is.
    public var severity: Severity

    /// The case it is about; nil: the whole data set.
    public var caseName: String?

    /// One sentence: what, where, and what to do.
    public var sentence: String

    /// What would repair it, where that can be done without a decision about the patient.
    public var repair: DatasetRepair?

    init(_ kind: Kind, _ severity: Severity, _ caseName: String?, _ sentence: String, repair: DatasetRepair? = nil) {
        self.kind = kind
        self.severity = severity
        self.caseName = caseName
        self.sentence = sentence
        self.repair = repair
    }
}

/// A change to a file that makes a data set usable.
public enum DatasetRepair: Equatable, Sendable, Codable {
    /// Write the label map again, with the same labels and the geometry of the scan.
    case copyGeometry(from: URL, to: URL)

    /// Does it; the file is replaced only when the new one is complete.
    /// - Throws: `VolumeError`, `FileError`, or `PreparationError.sizeMismatch` when the sizes differ.
    public func apply() throws {
        switch self {
        case .copyGeometry(let scan, let labels): try GeometryCopy.write(from: scan, to: labels)
        }
    }
}

/// What was found in a data set.
public struct DatasetReport: Equatable, Sendable, Codable {
    /// Name of the data set.
    public var name: String
    /// What the channels are.
    public var channelNames: [String]
    /// Number of training cases.
    public var caseCount: Int

    /// For each label value above 0 that occurs: in how many cases.
    public var casesWithLabel: [Int: Int]

    /// Errors first, each kind by case name.
    public var findings: [DatasetFinding]

    /// Which cases belong to one patient by their names, in words; nil where names do not say.
    public var groups: String?

    /// True when nothing stands in the way of training.
    public var isUsable: Bool { !findings.contains { $0.severity == .error } }

    /// The report as lines of text.
    public var lines: [String] {
        let errors = findings.count { $0.severity == .error }, warnings = findings.count - errors
        let labels = casesWithLabel.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value)" }.joined(separator: ", ")
        let first =
            "\(name): \(caseCount) cases, channels \(channelNames.joined(separator: ", ")); "
            + (labels.isEmpty ? "no labels" : "labels \(labels) cases")
        return [first] + (groups.map { [$0] } ?? [])
            + findings.map { "\($0.severity.rawValue): \($0.sentence)" }
            + [errors + warnings == 0 ? "no problems found" : "\(errors) errors, \(warnings) warnings"]
    }
}
