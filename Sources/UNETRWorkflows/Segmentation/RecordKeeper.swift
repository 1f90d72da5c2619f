import Foundation
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// Notes what became of each case of a cohort, and tells which of them need not be done again.
///
/// A case is begun before its masks are written and done after they are, so a mask that is there belongs to a record, or to somebody else. That is why a
/// process may be killed at any moment, and why a mask that was corrected by hand is never replaced.
final class RecordKeeper: @unchecked Sendable {
    /// Everything but the model and the scan that a mask depends on.
    struct Key: Encodable {
        var structures: [String]?
        var series: [String]
        var correctsTilt: Bool
        var forms: [String]
        var probabilities: Bool
        /// Nil where it is not written, so that records of before stay those of the same options.
        var uncertainty: Bool?
        var seed: UInt64?
        var mirroring: Bool
        var step: Double?
        var postProcesses: Bool
        var engine: String
        var precision: String
        var eightBits: Bool
        /// Digest of the models that find the region; this and what follows only where there are some.
        var locator: String?
        var locatorStructures: [String]?
        var locatorMargin: Double?
    }

    /// What is known of a case before the work.
    enum Found {
        /// Its masks are there, and its probabilities where they are wanted.
        case done(CaseRecord)
        /// It is to be done, and whatever files of it are there may be replaced: they are as they were noted, and the scan has changed, or the case was
        /// begun and did not end.
        case unfinished
        /// Nothing is known of files that may be there.
        case unknown
    }

    private let masks: URL
    private let records: CohortRecords
    private let shard: Shard?
    private let blank: CaseRecord
    private let lock: FolderLock
    /// Which task was noted last as begun. The job reports one event at a time, on its own thread.
    private var begun: Int?

    /// - Parameter models: in the groups that they are averaged in.
    /// - Throws: `FolderInUse` while another process does the same part.
    init(masks: URL, shard: Shard?, models: [[ModelBundle]], task: ModelTask?, options: Key, version: String, device: String) throws {
        self.masks = masks
        records = CohortRecords(masks: masks)
        self.shard = shard
        lock = try FolderLock(records.lock(shard))
        blank = CaseRecord(
            name: "", state: .begun, model: try SHA256Digest(ofModels: models, task: task).text,
            options: SHA256Digest(of: try JSONText.encode(options, .line)).text,
            shard: shard?.description, version: version, time: "", device: device)
    }

    /// What a mask is called in records: its path in the folder of the masks.
    private func key(_ mask: URL) -> String {
        let own = masks.standardizedFileURL.pathComponents, path = mask.standardizedFileURL.pathComponents
        return path.starts(with: own) ? path.dropFirst(own.count).joined(separator: "/") : mask.lastPathComponent
    }

    /// Looks at what was noted of a case and at the masks that are there.
    ///
    /// - Throws: `WorkflowError.madeOtherwise` for masks made by another model or with other options, unless they may be replaced.
    func find(_ task: SegmentationJob.Task, replaces: Bool) throws -> Found {
        let files = task.files
        guard let record = try records.record(of: task.scan.name) else { return .unknown }
        guard record.state != .begun else { return .unfinished }
        let present = files.filter { FileManager.default.fileExists(atPath: $0.url.path) }
        // Changed since, by whom ever: not ours to replace.
        for file in present where try SHA256Digest(ofFile: file.url).text != record.masks[key(file.url)] { return .unknown }
        guard record.state == .done else { return .unfinished }
        guard record.model == blank.model, record.options == blank.options else {
            guard !present.isEmpty, !replaces else { return .unfinished }
            throw WorkflowError.madeOtherwise(mask: present[0].url.path, by: record.model == blank.model ? .otherOptions : .anotherModel)
        }
        let isWhole = files.allSatisfy { file in
            record.masks[key(file.url)].map { $0.isEmpty || present.contains(file) } ?? false
        }
        let hasCompanions = [task.probabilities, task.uncertainty].allSatisfy { $0.map { FileManager.default.fileExists(atPath: $0.path) } ?? true }
        return try isWhole && hasCompanions && Self.digest(of: task.scan) == record.scan ? .done(record) : .unfinished
    }

    /// The digest of a scan of one file is that file's own, so that `sha256sum` shows the same.
    static func digest(of scan: DatasetCase) throws -> String {
        let files = try scan.imageURLs.flatMap { try VolumeFile.files(of: $0) }
        let digests = try Parallel.map(files.count) { try SHA256Digest(ofFile: files[$0]).text }
        return digests.count == 1 ? digests[0] : SHA256Digest(of: Data(digests.joined(separator: "\n").utf8)).text
    }

    /// Notes that a case's masks were there.
    func skip(_ record: CaseRecord) throws {
        var line = record
        (line.state, line.time) = (.skipped, Self.now)
        try records.append(line, to: records.log(shard))
    }

    /// Notes what happened, before the masks of a case are written and when it is over.
    func note(_ event: SegmentationJob.Event, _ tasks: [SegmentationJob.Task]) throws {
        // A mask that was written while the work is being stopped is done all the same.
        try Cancellation.$current.withValue(nil) {
            switch event {
            case .patch(let task, _, _): try begin(task, tasks[task])
            case .finished(let task, let outcome): try end(tasks[task], outcome)
            case .ended: break
            }
        }
    }

    private func begin(_ index: Int, _ task: SegmentationJob.Task) throws {
        guard begun != index else { return }
        begun = index
        var record = blank
        (record.name, record.time) = (task.scan.name, Self.now)
        try records.write(record)
    }

    private func end(_ task: SegmentationJob.Task, _ outcome: SegmentationJob.Outcome) throws {
        guard !outcome.wasCancelled else { return }
        var record = blank
        (record.name, record.time, record.error) = (task.scan.name, Self.now, outcome.problem)
        (record.seconds, record.networkSeconds, record.peakMemory) = (outcome.seconds, outcome.networkSeconds, ProcessUsage.peakMemory)
        if outcome.problem == nil {
            record.state = .done
            record.scan = try Self.digest(of: task.scan)
            record.millilitres = outcome.millilitres
            record.expectedDice = outcome.expectedDice
            record.trainingDistance = outcome.trainingDistance
        } else {
            record.state = outcome.mayPass ? .failedForNow : .failed
        }
        // Of a case that failed some files may be there.
        for file in task.files {
            let isThere = FileManager.default.fileExists(atPath: file.url.path)
            if outcome.unwritten.contains(file.url) {
                record.masks[key(file.url)] = ""
            } else if isThere {
                record.masks[key(file.url)] = try SHA256Digest(ofFile: file.url).text
            }
        }
        try records.write(record)
        try records.append(record, to: records.log(shard))
    }

    private static var now: String { Date.now.formatted(.iso8601) }
}
