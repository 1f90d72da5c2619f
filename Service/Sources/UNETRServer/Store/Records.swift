import Foundation
import GRDB
import UNETRSupport
import UNETRWork

/// A scan that was uploaded: a row, and the file `scans/ID/FILE`.
struct ScanRecord: Codable, Equatable, Sendable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "scan"

    var id: String
    /// Who may see it.
    var owner: String
    /// The name it came with, made harmless.
    var name: String
    /// The file's name on disk, whose ending is that of its format.
    var file: String
    /// The series of a DICOM study, by UID.
    var series: String?
    /// "NIfTI", "DICOM", …
    var format: String
    /// Voxels along [x, y, z].
    var size: [Int]
    /// Millimeters along [x, y, z].
    var spacing: [Double]
    var bytes: Int
    /// SHA-256 of the file.
    var digest: String
    var created: Date
    var expires: Date
}

/// How far a job is.
enum JobState: String, Codable, Sendable, DatabaseValueConvertible {
    case queued, running, done, failed, canceled

    /// Whether it stays as it is.
    var isFinal: Bool { self != .queued && self != .running }
}

/// A job: a row, and once it is done the files `jobs/ID/mask.nii.gz` and `jobs/ID/statistics.json`.
struct JobRecord: Codable, Equatable, Sendable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "job"

    var id: String
    /// Counts up, so that jobs have an order.
    var number: Int64
    /// Who may see it.
    var owner: String
    /// Whose turn in the queue it uses.
    var line: String
    /// The model as it was when the job was made.
    var model: ModelDescription
    /// The scans, one a channel or one with all.
    var scans: [String]
    /// The first scan's name without its ending, for names of files.
    var stem: String
    var choices: SegmentationChoices
    /// Equal for jobs with equal results.
    var key: String
    var state: JobState
    /// How often it was begun.
    var attempts: Int
    var errorCode: String?
    var errorReason: String?
    var fromStore: Bool
    var created: Date
    var started: Date?
    var ended: Date?
    var expires: Date?

    /// The digest of everything that the result depends on.
    static func key(scans: [ScanRecord], model: ModelDescription, choices: SegmentationChoices) throws -> String {
        var hasher = SHA256Digest.Hasher()
        for scan in scans { hasher.add("\(scan.digest) \(scan.series ?? "")\n") }
        hasher.add("\(model.digest)\n\(String(decoding: try JSONText.encode(choices, .line), as: UTF8.self))")
        return hasher.finish().text
    }
}
