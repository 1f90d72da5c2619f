public import Foundation
public import UNETRModels
import UNETRSupport

/// What became of one case of a cohort: a line of the log, and a file beside the masks that says what they were made of.
public struct CaseRecord: Codable, Equatable, Sendable {
    /// How far a case came.
    public enum State: String, Codable, Sendable {
        /// Its masks may be there, and may not.
        case begun
        /// Its masks are there.
        case done
        /// Its masks were there before, made of the same scan in the same way.
        case skipped
        /// There are no masks, for a reason that stays: the scan, its size, the model.
        case failed
        /// There are no masks, for a reason that may pass: a disk that was full.
        case failedForNow
    }

    /// The case.
    public var name: String
    /// How far it came.
    public var state: State
    /// The SHA-256 of the scan's files; nil as long as the case is begun.
    public var scan: String?
    /// The SHA-256 of the models' plans and weights.
    public var model: String
    /// The SHA-256 of everything else that a mask depends on.
    public var options: String
    /// The masks' files with their SHA-256, by their paths in the folder of the masks; with an empty text those that were not written because the mask is empty, which DICOM has no
    /// form for.
    public var masks: [String: String] = [:]
    /// Which part of the cohort did it.
    public var shard: String?
    /// The version of the program.
    public var version: String
    /// When it was written, such as 2026-11-30T12:00:00Z.
    public var time: String
    /// Seconds from the end of the case before.
    public var seconds: Double?
    /// Seconds in the network.
    public var networkSeconds: Double?
    /// Volume of each structure in ml.
    public var millilitres: [String: Double]?
    /// The Dice that may be expected of each structure.
    public var expectedDice: [String: Double]?
    /// How far the scan lies from those that the model was trained on; nil for a model that does not know.
    public var trainingDistance: TrainingDistance?
    /// Peak resident memory of the process so far, in bytes.
    public var peakMemory: Int?
    /// Where it was computed.
    public var device: String?
    /// Why there are no masks.
    public var error: String?

    private enum CodingKeys: String, CodingKey {
        case name = "case"
        case state, scan, model, options, masks, shard, version, time, seconds, networkSeconds, millilitres, expectedDice, trainingDistance, peakMemory, device,
            error
    }
}

/// The records of a cohort: `records/CASE.json` in the folder of the masks, and a log for each process that writes there.
public struct CohortRecords: Sendable {
    /// The folder of the records.
    public let folder: URL

    /// The records of the masks in a folder.
    public init(masks: URL) { folder = masks.appending(path: "records") }

    private func file(_ name: String) -> URL { folder.appending(path: "\(name).json") }

    /// The log of a part, one record a line.
    func log(_ shard: Shard?) -> URL { folder.appending(path: shard.map { "part-\($0.index)-of-\($0.count).jsonl" } ?? "log.jsonl") }

    /// Where a process says that it is at work on a part.
    func lock(_ shard: Shard?) -> URL { folder.appending(path: ".\(log(shard).deletingPathExtension().lastPathComponent)") }

    /// The record of a case; nil where there is none.
    /// - Throws: `WorkflowError.unreadableRecord`; `FileError`.
    func record(of name: String) throws -> CaseRecord? {
        let file = file(name)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do { return try JSONText.decode(from: InputFile.contents(of: file, most: 16 << 20)) } catch let error as JSONProblem {
            throw WorkflowError.unreadableRecord(path: file.path, problem: error.sentence)
        }
    }

    /// All records, by the names of their cases.
    ///
    /// - Throws: `WorkflowError.noRecords` where there are none; `WorkflowError.unreadableRecord`, `FileError`.
    public func all() throws -> [CaseRecord] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw WorkflowError.noRecords(folder: folder.path)
        }
        let stems = names.filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.map { String($0.dropLast(5)) }
        guard !stems.isEmpty else { throw WorkflowError.noRecords(folder: folder.path) }
        return try stems.sorted().compactMap { try record(of: $0) }
    }

    func write(_ record: CaseRecord) throws { try AtomicFile.write(JSONText.encode(record), to: file(record.name)) }

    /// Adds a line to a part's log. One write each, so that a process that is killed leaves whole lines, and at most one half at the end.
    func append(_ record: CaseRecord, to log: URL) throws {
        let line = try JSONText.encode(record, .line) + Data("\n".utf8)
        let descriptor = open(log.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileError(path: log.path, problem: "cannot be written: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let written = line.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
        guard written == line.count else { throw FileError(path: log.path, problem: "cannot be written: \(String(cString: strerror(errno)))") }
    }
}
