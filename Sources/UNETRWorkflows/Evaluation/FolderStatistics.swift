public import Foundation
public import UNETREvaluation
public import UNETRSupport
import UNETRVolumes

/// Statistics of a folder of masks, whoever made them: volumes, places and, with their scans, intensities of all structures, and what is unusual.
///
///     var options = FolderStatistics.Options(masks: masks)
///     options.scans = scans
///     for try await event in FolderStatistics(options).job().events() { … }
///
/// A mask that cannot be read does not stop the others; its case says why. Masks are read one by one, several at a time as threads and memory allow.
public struct FolderStatistics: Sendable {
    /// What is measured, and what is written about it.
    public struct Options: Sendable {
        /// A folder of label maps or DICOM objects, a BIDS data set with files `dseg`, or one mask.
        public var masks: URL

        /// The scans: a folder of `CASE.nii.gz`, `CASE_0000.nii.gz` or DICOM studies `CASE`, a BIDS data set for masks of one, or the scan of one mask;
        /// nil: no intensities.
        public var scans: URL?

        /// The suffix of the scans of a BIDS data set that are meant; nil: the only one there is.
        public var suffix: String?

        /// Which channel of a scan is meant.
        public var channel = 0

        /// Where labels are declared: a dataset.json, a data set's folder or a model bundle; nil: a dataset.json beside the files, else the names in the
        /// masks themselves, else numbers.
        public var labels: URL?

        /// Threads; nil: all cores.
        public var threads: Int?

        /// A folder for `CohortFiles`; nil: nothing is written.
        public var output: URL?

        /// Whether files that are there already are replaced.
        public var replaces = false

        /// Options with the usual settings.
        public init(masks: URL) { self.masks = masks }
    }

    /// What happens; the last event is `finished`.
    public enum Event: Sendable {
        /// So many cases are done.
        case measured(done: Int, of: Int)
        /// A case cannot be measured.
        case failed(name: String, error: any Error)
        /// All cases are done.
        case finished(CohortStatistics)
    }

    /// What is measured.
    public let options: Options

    /// Statistics with these options.
    public init(_ options: Options) { self.options = options }

    /// The workflow as a job.
    ///
    /// - Throws: before the work: `OutputError`, and `EvaluationError` for places where nothing is and for labels that cannot be read.
    public func job() -> LongJob<Event> { LongJob { try run($0) } }

    private func run(_ report: @escaping LongJob<Event>.Report) throws {
        if let output = options.output {
            for name in CohortFiles.names { try OutputRule(replaces: options.replaces).check(file: output.appending(path: name)) }
        }
        let masks = try CaseFiles(options.masks), names = masks.files.keys.sorted(), files = names.map { masks.files[$0]! }
        let scans = try options.scans.map { try Scans($0, options, ofOne: !masks.isFolder) }
        let labels =
            try options.labels.map { try LabelSet(declaredBy: $0) }
            ?? LabelSearch.declared(beside: [options.masks, options.scans].compactMap(\.self)) ?? LabelSearch.named(in: files)
        let gate = MemoryGate(), progress = Progress(of: names.count, report)
        let cases = try Parallel.map(names.count, threads: options.threads) { index in
            var one = CaseStatistics(name: names[index], mask: files[index])
            do {
                let scan = try scans?.scan(of: names[index], mask: files[index])
                one.scan = scan?.url.path
                try gate.hold(for: files[index].path) { reserve in try one.read(files[index], scan, labels: labels, reserve: reserve) }
            } catch let error as CancellationError { throw error } catch {
                one.problem = "\(error)"
                try progress.fail(names[index], error)
            }
            try progress.advance()
            return one
        }
        let statistics = CohortStatistics(cases)
        if let output = options.output {
            try CohortFiles.write(CohortReport(title: "Statistics of \(options.masks.lastPathComponent)", statistics: statistics), to: output)
        }
        try report(.finished(statistics))
    }
}

extension FolderStatistics {
    /// Where scans are.
    private struct Scans {
        let place: URL
        let channel: Int
        let isFolder: Bool
        let isOfOne: Bool
        let dataset: BIDSFolder?
        /// That of the data set's scans.
        let suffix: String

        init(_ place: URL, _ options: Options, ofOne: Bool) throws {
            var folder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: place.path, isDirectory: &folder) else { throw EvaluationError.missing(path: place.path) }
            (self.place, channel, isFolder, isOfOne) = (place, options.channel, folder.boolValue, ofOne)
            dataset = folder.boolValue ? try BIDSFolder(place) : nil
            let wanted = options.suffix.map { [$0] } ?? []
            if dataset == nil, !wanted.isEmpty { throw WorkflowError.noBIDSFolder(paths: [place.path]) }
            suffix = try dataset?.suffixes(wanted, channels: ["intensity"])[0] ?? ""
        }

        func scan(of name: String, mask: URL) throws -> CaseStatistics.ScanFile {
            if let dataset {
                let stem = VolumeName(mask.lastPathComponent)?.stem ?? name
                guard let scan = BIDSName(stem).flatMap({ dataset.scan(of: $0, suffix: suffix) }) else {
                    throw EvaluationError.noScan(mask: mask.path, place: place.path)
                }
                return .init(url: scan.url, channel: channel)
            }
            // The scan of one mask may have another name, and be the folder of a study.
            if isOfOne, !isFolder { return .init(url: place, channel: channel) }
            do { return try CaseStatistics.scan(of: name, mask: mask, in: place, channel: channel) } catch {
                guard isOfOne, VolumeFile.isVolume(place) else { throw error }
                return .init(url: place, channel: channel)
            }
        }
    }
}

/// Tells what several threads finish, one call at a time.
private final class Progress: @unchecked Sendable {
    private let lock = NSLock()
    private let count: Int
    private let report: LongJob<FolderStatistics.Event>.Report
    private var done = 0

    init(of count: Int, _ report: @escaping LongJob<FolderStatistics.Event>.Report) { (self.count, self.report) = (count, report) }

    func fail(_ name: String, _ error: any Error) throws { try lock.withLock { try report(.failed(name: name, error: error)) } }

    func advance() throws {
        try lock.withLock {
            done += 1
            try report(.measured(done: done, of: count))
        }
    }
}

/// Lets work begin on another case only where the memory suffices for it beside those under way.
private final class MemoryGate: @unchecked Sendable {
    private let condition = NSCondition()
    private let limit = MemoryLimit.current
    private var taken = 0

    /// Does `work`, which says once how many bytes it needs and then waits until they are free.
    ///
    /// - Throws: `MemoryError` for more than may be taken at all.
    func hold(for path: String, _ work: ((Int?) throws -> Void) throws -> Void) throws {
        var own = 0
        defer { release(own) }
        try work { bytes in
            try limit.check(bytes, for: path)
            own += bytes ?? 0
            take(bytes ?? 0)
        }
    }

    private func take(_ bytes: Int) {
        condition.lock()
        defer { condition.unlock() }
        while taken > 0, taken > limit.bytes - bytes { condition.wait() }
        taken += bytes
    }

    private func release(_ bytes: Int) {
        condition.lock()
        defer { condition.unlock() }
        taken -= bytes
        condition.broadcast()
    }
}
