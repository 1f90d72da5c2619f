public import Foundation
public import UNETREngines
import UNETRInference
public import UNETRModels
import UNETRPreparation
public import UNETRSupport
import UNETRVolumes
public import UNETRWork

/// Segments scans, and trains, for another process, which asks by `WorkerRequest` and is told by `WorkerEvent`. Models stay loaded as long as memory allows.
///
///     let worker = try Worker(settings) { event in … }
///     worker.run { readLine().map { … } }
///
/// Orders are done one after the other on a thread of their own, while the calling thread reads.
public final class Worker: @unchecked Sendable {
    /// What a worker works with.
    public struct Settings: Sendable {
        /// Trains the only bundle of a model further, and reports how far it is.
        public typealias Training = @Sendable (_ order: TrainingOrder, _ bundle: ModelBundle, _ report: @Sendable (WorkerEvent) -> Void) throws -> Void

        /// The folders of its models: bundles and tasks, `NAME.unetrpp`.
        public var models: [URL]
        /// Where it computes.
        public var device = EngineDevice.cpu
        /// How many threads compute on the CPU; nil: one for each core.
        public var threads: Int?
        /// The kinds of engines there are.
        public var engines: EngineRegistry
        /// Which engine is wanted.
        public var engine = EngineChoice.auto
        /// What scan and models may take together.
        public var memory = MemoryLimit.current
        /// What trains; nil where this program cannot.
        public var training: Training?
        /// The version of the program.
        public var version: String

        /// Settings with the usual values.
        public init(models: [URL], engines: EngineRegistry, version: String) {
            self.models = models
            self.engines = engines
            self.version = version
        }
    }

    private struct Waiting {
        var job: String
        var request: WorkerRequest
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
            case .segment(let order): add(request, order.job)
            case .score(let order): add(request, order.job)
            case .train(let order): add(request, order.job)
            case .cancel(let job): cancel(job)
            }
        }
    }

    private func add(_ request: WorkerRequest, _ job: String) {
        condition.withLock {
            orders.append(Waiting(job: job, request: request, cancellation: Cancellation(parent: nil)))
            condition.signal()
        }
    }

    private func cancel(_ job: String) {
        condition.withLock { for waiting in orders where waiting.job == job { waiting.cancellation.cancel() } }
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
        let job = waiting.job
        report(.begun(job: job))
        do {
            try Cancellation.$current.withValue(waiting.cancellation) {
                try Cancellation.check()
                switch waiting.request {
                case .segment(let order):
                    let outcome = try segment(order)
                    report(.done(job: job, seconds: outcome.seconds, networkSeconds: outcome.networkSeconds))
                case .score(let order): report(.scored(job: job, uncertainty: try uncertainty(order)))
                case .train(let order):
                    try train(order)
                    report(.trained(job: job))
                case .cancel: break
                }
            }
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
        let segmenter = try segmenter(order.job, order.model, order.choices)
        let scan = try scan(order.job, order.scans, order.series, segmenter), mask = URL(fileURLWithPath: order.mask)
        let limit = makeRoom(for: scan, segmenter)
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

    private func uncertainty(_ order: ScoringOrder) throws -> Double {
        let segmenter = try segmenter(order.job, order.model, SegmentationChoices(mirroring: false))
        guard !(segmenter is TaskSegmenter) else {
            throw Failure(cause: .model, reason: "\(order.model) is a task of several models, which has no probabilities")
        }
        let scan = try scan(order.job, order.scans, order.series, segmenter), geometry = try VolumeFile.readHeader(scan.imageURLs[0]).geometry
        let limit = makeRoom(for: scan, segmenter)
        try limit.check(segmenter.memoryEstimate.alone([geometry], writesProbabilities: true), for: scan.imageURLs[0].path)
        let entropy = PredictiveEntropy(areRegions: segmenter.labels.hasRegions)
        let loaded = try segmenter.load(scan.readScan(channelNames: segmenter.channelNames), name: scan.name)
        _ = try segmenter.segment(loaded, probabilities: entropy.add, progress: { _, _ in try Cancellation.check() })
        return entropy.mean
    }

    private func train(_ order: TrainingOrder) throws {
        let opened = try shelf.open(order.model)
        guard let training = settings.training else { throw Failure(cause: .model, reason: "this worker does not train; that needs libtorch") }
        guard opened.task == nil, opened.bundles.count == 1 else {
            throw Failure(cause: .model, reason: "\(order.model) consists of several models; train one of them")
        }
        try training(order, opened.bundles[0], report)
    }

    /// A model that is ready, with what is told while it is loaded.
    private func segmenter(_ job: String, _ model: String, _ choices: SegmentationChoices) throws -> any ScanSegmenter {
        var isLoaded = false
        let segmenter: any ScanSegmenter
        do {
            segmenter = try shelf.segmenter(model, choices) {
                report(.loading(job: job, model: model))
                isLoaded = true
            }
        } catch let error as InferenceError {
            throw error
        } catch {
            throw Failure(cause: error is MemoryError ? .memory : .model, reason: "\(error)")
        }
        if isLoaded { report(.warm(models: shelf.names)) }
        try Cancellation.check()
        return segmenter
    }

    private func makeRoom(for scan: DatasetCase, _ segmenter: any ScanSegmenter) -> MemoryLimit {
        let before = shelf.names
        let limit = shelf.makeRoom(forScan: try? VolumeFile.readHeader(scan.imageURLs[0]).geometry, segmenter)
        if shelf.names != before { report(.warm(models: shelf.names)) }
        return limit
    }

    /// The scan of an order, as the model takes it.
    private func scan(_ job: String, _ scans: [String], _ series: [String], _ segmenter: any ScanSegmenter) throws -> DatasetCase {
        let urls = scans.map { URL(fileURLWithPath: $0) }
        guard urls.count != 1 else {
            let url = urls[0]
            guard VolumeName(url.lastPathComponent) == nil else { return DatasetCase(name: job, imageURLs: urls) }
            return try ScanCollection.cases(in: urls, channels: segmenter.channelNames.count, names: segmenter.channelNames, series: series)[0]
        }
        guard urls.count == segmenter.channelNames.count else {
            throw WorkerError.scanCount(found: urls.count, channels: segmenter.channelNames)
        }
        // A series that is named stands in the URL's fragment; see `VolumeFile`.
        return DatasetCase(
            name: job,
            imageURLs: try zip(urls, series + Array(repeating: "", count: max(0, urls.count - series.count))).map { url, series in
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
