public import Foundation
public import UNETREngines
import UNETRInference
import UNETRPreparation
public import UNETRSupport
public import UNETRTorch
import UNETRVolumes
public import UNETRWork

/// Segments scans for another process, which asks by `WorkerRequest` and is told by `WorkerEvent`. Models stay loaded as long as memory allows.
///
///     let worker = try Worker(settings) { event in … }
///     worker.run { readLine().map { … } }
///
/// Orders are done one after the other on a thread of their own, while the calling thread reads.
public final class Worker: @unchecked Sendable {
    /// What a worker works with.
    public struct Settings: Sendable {
        /// The folder of its models: bundles and tasks, `NAME.unetrpp`.
        public var models: URL
        /// Where it computes.
        public var device = Device.cpu
        /// Which engine is wanted.
        public var engine = EngineChoice.auto
        /// What scan and models may take together.
        public var memory = MemoryLimit.current
        /// The version of the program.
        public var version: String

        /// Settings with the usual values.
        public init(models: URL, version: String) {
            self.models = models
            self.version = version
        }
    }

    private struct Waiting {
        var order: SegmentationOrder
        var cancellation: Cancellation
    }

    private let settings: Settings
    private let shelf: ModelShelf
    private let report: @Sendable (WorkerEvent) -> Void
    private let condition = NSCondition()
    /// The first is under way.
    private var orders: [Waiting] = []
    private var isClosed = false

    /// Looks at the models.
    ///
    /// - Parameters:
    ///   - settings: what it works with.
    ///   - note: gets sentences for people, about models and engines that cannot be used.
    ///   - report: gets what the other process is told, one call at a time.
    /// - Throws: `FileError` for a folder that cannot be read.
    public init(_ settings: Settings, note: @escaping @Sendable (String) -> Void, report: @escaping @Sendable (WorkerEvent) -> Void) throws {
        self.settings = settings
        self.report = report
        shelf = try ModelShelf(settings, note: note)
    }

    /// Works until there is nothing more to read; then stops what is under way, and returns when it has ended, or after some seconds.
    ///
    /// - Parameter next: waits for the next request; nil at the end.
    /// - Throws: what `next` throws; the work is stopped then, too.
    public func run(reading next: () throws -> WorkerRequest?) throws {
        report(.ready(worker: WorkerDescription(version: settings.version, device: "\(settings.device)", models: shelf.descriptions)))
        let ended = DispatchSemaphore(value: 0)
        let thread = Thread { [self] in
            while let waiting = take() { work(on: waiting) }
            ended.signal()
        }
        thread.stackSize = 8 << 20
        thread.start()
        defer {
            close()
            // A model that is being compiled cannot be stopped; whoever called ends the process.
            _ = ended.wait(timeout: .now() + 5)
        }
        while let request = try next() {
            switch request {
            case .segment(let order): add(order)
            case .cancel(let job): cancel(job)
            }
        }
    }

    private func add(_ order: SegmentationOrder) {
        condition.withLock {
            orders.append(Waiting(order: order, cancellation: Cancellation(parent: nil)))
            condition.signal()
        }
    }

    private func cancel(_ job: String) {
        condition.withLock { for waiting in orders where waiting.order.job == job { waiting.cancellation.cancel() } }
    }

    private func close() {
        condition.withLock {
            isClosed = true
            for waiting in orders { waiting.cancellation.cancel() }
            condition.signal()
        }
    }

    /// Waits for an order, which stays the first while it is under way.
    private func take() -> Waiting? {
        condition.withLock {
            while orders.isEmpty, !isClosed { condition.wait() }
            return isClosed ? nil : orders[0]
        }
    }

    private func work(on waiting: Waiting) {
        let job = waiting.order.job
        report(.begun(job: job))
        do {
            let outcome = try Cancellation.$current.withValue(waiting.cancellation) { try segment(waiting.order) }
            report(.done(job: job, seconds: outcome.seconds, networkSeconds: outcome.networkSeconds))
        } catch is CancellationError {
            report(.canceled(job: job))
        } catch let failure as Failure {
            report(.failed(job: job, cause: failure.cause, reason: failure.reason))
        } catch {
            report(.failed(job: job, cause: Self.cause(of: error), reason: "\(error)"))
        }
        condition.withLock { _ = orders.removeFirst() }
    }

    private struct Failure: Error {
        var cause: WorkerEvent.FailureCause
        var reason: String
    }

    private func segment(_ order: SegmentationOrder) throws -> SegmentationJob.Outcome {
        try Cancellation.check()
        var isLoaded = false
        let segmenter: any ScanSegmenter
        do {
            segmenter = try shelf.segmenter(order.model, order.choices) {
                report(.loading(job: order.job, model: order.model))
                isLoaded = true
            }
        } catch let error as InferenceError {
            throw error
        } catch {
            throw Failure(cause: error is MemoryError ? .memory : .model, reason: "\(error)")
        }
        if isLoaded { report(.warm(models: shelf.names)) }
        try Cancellation.check()
        let scan = try scan(of: order, segmenter), mask = URL(fileURLWithPath: order.mask)
        let before = shelf.names
        let limit = shelf.makeRoom(forScan: try? VolumeFile.readHeader(scan.imageURLs[0]).geometry, segmenter)
        if shelf.names != before { report(.warm(models: shelf.names)) }
        let job = SegmentationJob(segmenter: segmenter, tasks: [.init(scan: scan, mask: mask)], memoryLimit: limit)
        var told = Date.distantPast
        let outcome = job.run { event in
            guard case .patch(_, let done, let total) = event, done == total || -told.timeIntervalSinceNow > 0.1 else { return }
            told = Date()
            report(.progress(job: order.job, done: done, total: total))
        }[0]
        if outcome.wasCancelled { throw CancellationError() }
        if let problem = outcome.problem {
            let isTooLarge = (try? limit.check(job.memory.predicted, for: "")) == nil
            throw Failure(cause: outcome.mayPass ? .disk : isTooLarge ? .memory : .scan, reason: problem)
        }
        let statistics = StructureReport(try VolumeFile.readLabels(mask), labels: segmenter.labels)
        try AtomicFile.write(JSONText.encode(statistics, .line), to: URL(fileURLWithPath: order.statistics))
        return outcome
    }

    /// The scan of an order, as the model takes it.
    private func scan(of order: SegmentationOrder, _ segmenter: any ScanSegmenter) throws -> DatasetCase {
        let urls = order.scans.map { URL(fileURLWithPath: $0) }
        guard urls.count != 1 else {
            let url = urls[0]
            guard VolumeName(url.lastPathComponent) == nil else { return DatasetCase(name: order.job, imageURLs: urls) }
            return try ScanCollection.cases(in: urls, channels: segmenter.channelNames.count, names: segmenter.channelNames, series: order.series)[0]
        }
        guard urls.count == segmenter.channelNames.count else {
            throw WorkerError.scanCount(found: urls.count, channels: segmenter.channelNames)
        }
        // A series that is named stands in the URL's fragment; see `VolumeFile`.
        return DatasetCase(
            name: order.job,
            imageURLs: try zip(urls, order.series + Array(repeating: "", count: max(0, urls.count - order.series.count))).map { url, series in
                guard VolumeName(url.lastPathComponent) == nil else { return url }
                let study = try DICOMStudy(contentsOf: url)
                return study.url(of: try study.series(series.isEmpty ? nil : series))
            })
    }

    private static func cause(of error: any Error) -> WorkerEvent.FailureCause {
        if case VolumeError.cannotWrite = error { return .disk }
        return error is MemoryError ? .memory : error is FileError ? .disk : .scan
    }
}

/// Why a worker does not begin an order.
public enum WorkerError: Error, Equatable, CustomStringConvertible, Sendable {
    /// There is no model of that name, but these.
    case unknownModel(name: String, known: [String])
    /// Another number of scans than the model has channels.
    case scanCount(found: Int, channels: [String])

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .unknownModel(let name, let known):
            "there is no model \(name); there \(known.count == 1 ? "is" : "are") \(known.isEmpty ? "none" : known.joined(separator: ", "))"
        case .scanCount(let found, let channels):
            "\(found) scans were given, expected \(channels.count), one for each channel of the model (\(channels.joined(separator: ", ")))"
        }
    }
}
