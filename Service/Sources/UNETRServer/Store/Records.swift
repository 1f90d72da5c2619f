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

/// A series of an archive, and what is to be sent back.
struct ArchivedSource: Codable, Equatable, Sendable {
    /// The archive's name.
    var archive: String
    /// The study's UID.
    var study: String
    /// The series' UID.
    var series: String
    var send: [ResultForm]
}

/// What became of a mask that was sent to an archive.
struct SentMask: Codable, Equatable, Sendable {
    var archive: String
    var format: ResultForm
    /// Whether the archive has it, and gave it back as it was.
    var stored: Bool
    /// The object's UID, where it was made.
    var object: String?
    /// Why it is not stored.
    var reason: String?
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
    /// The series of an archive that is the scan.
    var source: ArchivedSource?
    /// What became of the mask at the archive.
    var sent: [SentMask]?

    /// Whether its scan has still to be fetched.
    var needsFetching: Bool { source != nil && scans.isEmpty }

    /// The objects that go to the archive when the mask is there.
    var forms: [ResultForm] { source?.send ?? [] }

    /// The digest of everything that the result depends on.
    static func key(scans: [ScanRecord], model: ModelDescription, choices: SegmentationChoices) throws -> String {
        var hasher = SHA256Digest.Hasher()
        for scan in scans { hasher.add("\(scan.digest) \(scan.series ?? "")\n") }
        hasher.add("\(model.digest)\n\(String(decoding: try JSONText.encode(choices, .line), as: UTF8.self))")
        return hasher.finish().text
    }
}
