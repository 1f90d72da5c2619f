import Foundation
import HTTPTypes
import Logging
import ServiceLifecycle
import UNETRSupport
import UNETRWork

/// A worker for each device, started anew when it ends, and the jobs that they do.
actor WorkerPool: Service {
    /// How workers are started.
    struct Settings: Sendable {
        var program: URL
        /// Folders of models.
        var models: [URL]
        var devices: [String]
        /// For each worker: more arguments, such as a limit of memory.
        var arguments: [String]
        /// How long a job under way may take when the server ends.
        var grace: Duration

        /// The words that make the program a worker for a device.
        func words(_ device: String) -> [String] {
            ["worker"] + (models.map { ("models", $0.path) } + [("device", device)]).flatMap { ["--\($0)", $1] } + arguments
        }
    }

    private struct Worker {
        var process: WorkerProcess
        var description: WorkerDescription?
        var warm: [String] = []
        var loading: String?
    }

    private let settings: Settings
    private let store: Store
    private let board: JobBoard
    private let logger: Logger
    private var workers: [String: Worker] = [:]
    /// What a worker said last of itself and its models; nil until the first is ready.
    private var known: WorkerDescription?
    /// Ends what takes too long when the server ends.
    private var ending: Task<Void, any Error>?

    init(_ settings: Settings, store: Store, board: JobBoard, logger: Logger) {
        self.settings = settings
        self.store = store
        self.board = board
        self.logger = logger
    }

    // MARK: What clients see

    /// The models that a client can ask for, also while a worker that has ended is being replaced: all but those that others trained.
    func models(of owner: String) throws -> [ModelDescription] {
        let foreign = try store.models(foreignTo: owner)
        return (known?.models ?? []).filter { !foreign.contains($0.name) }
    }

    /// Whether the models were looked at.
    var knowsModels: Bool { known != nil }

    func model(_ name: String, of owner: String) throws -> ModelDescription? { try models(of: owner).first { $0.name == name } }

    /// Names of all models.
    var names: Set<String> { Set((known?.models ?? []).map(\.name)) }

    /// Replaces all workers by new ones, each when it has nothing to do, so that they look at the models again.
    func renew() async { await board.renew() }

    /// Whether a model answers at once.
    func state(of model: String) -> String {
        workers.values.contains { $0.warm.contains(model) } ? "warm" : workers.values.contains { $0.loading == model } ? "loading" : "cold"
    }

    var devices: [String] { settings.devices.compactMap { workers[$0]?.description?.device } }

    var version: String? { known?.version }

    /// Whether every device has a worker that takes jobs.
    var isReady: Bool { settings.devices.allSatisfy { workers[$0]?.description != nil } }

    /// Numbers of the processes, for tests and metrics.
    var processes: [Int32] { workers.values.map(\.process.number) }

    // MARK: The work

    func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                for device in settings.devices { group.addTask { await self.serve(device) } }
            }
        } onGracefulShutdown: {
            Task { await self.end() }
        }
        ending?.cancel()
        // A service that ends before its turn would be taken for one that failed.
        try? await gracefulShutdown()
    }

    /// Begins no more jobs; what is under way has some time.
    private func end() async {
        ending = Task {
            try await Task.sleep(for: settings.grace)
            for worker in workers.values { worker.process.kill() }
        }
        await board.close()
    }

    private nonisolated func serve(_ device: String) async {
        var failures = 0, held: JobRecord?
        while await !board.isClosed, !Task.isCancelled {
            let generation = await board.generation
            guard let worker = await start(device) else {
                failures += 1
                // Again soon after the first time, and seldom when it does not help.
                for _ in 0..<min(1 << failures, 60) where await !board.isClosed { try? await Task.sleep(for: .milliseconds(500)) }
                continue
            }
            failures = 0
            var events = worker.events.makeAsyncIterator()
            serving: while true {
                let isSecondTry = held != nil
                var work = held.map(Work.job)
                held = nil
                if work == nil { work = await board.next(for: device, generation) }
                switch work {
                case nil: break serving
                case .score(let wish): guard await score(wish, worker, &events, device) else { break serving }
                case .job(let job):
                    switch await self.work(on: job, worker, &events, device) {
                    case .ended: continue
                    case .notBegun where !isSecondTry: held = job  // the worker was gone before
                    case .notBegun, .died: await fail(job, worker)
                    }
                    break serving
                }
            }
            worker.closeInput()
            await leave(device, worker)
        }
        if let held { await board.finish(held.id, .interrupted) }
    }

    private enum Course { case ended, notBegun, died }

    private nonisolated func work(
        on job: JobRecord, _ worker: WorkerProcess, _ events: inout AsyncStream<WorkerEvent>.Iterator, _ device: String
    ) async -> Course {
        do { try await worker.send(.segment(order: order(for: job))) } catch let error as APIError {
            await board.finish(job.id, .failed(code: error.code, reason: error.reason))
            return .ended
        } catch { return .notBegun }
        await board.onCancel(job.id) { try? worker.send(.cancel(job: job.id)) }
        var isBegun = false
        while let event = await events.next() {
            switch event {
            case .begun(job.id): isBegun = true
            case .progress(job.id, let done, let total): await board.progress(job.id, done: done, total: total)
            case .loading(_, let model): await note(device) { $0.loading = model }
            case .warm(let models): await note(device) { ($0.warm, $0.loading) = (models, nil) }
            case .done(job.id, let seconds, let networkSeconds):
                logger.info("job \(job.id): done in \(seconds) s, \(networkSeconds) s of them in the network")
                await board.finish(job.id, .done)
                return .ended
            case .failed(job.id, let cause, let reason):
                await note(device) { $0.loading = nil }
                let reason = await harmless(reason, job)
                logger.notice("job \(job.id): \(cause.rawValue): \(reason)")
                await board.finish(job.id, .failed(code: cause.rawValue, reason: reason))
                return .ended
            case .canceled(job.id):
                await note(device) { $0.loading = nil }
                await board.finish(job.id, .canceled)
                return .ended
            default: break
            }
        }
        return isBegun ? .died : .notBegun
    }

    /// - Returns: whether the worker is still there.
    private nonisolated func score(
        _ wish: ScoreWish, _ worker: WorkerProcess, _ events: inout AsyncStream<WorkerEvent>.Iterator, _ device: String
    ) async -> Bool {
        let outcome = await outcome(of: wish, worker, &events, device)
        do {
            switch outcome {
            case .score(let value): try store.save(value, for: wish)
            // Whatever it was, it would be so again.
            case .failed(_, isLast: true) where await board.isClosed: break
            case .failed(let reason, _):
                logger.notice("\(wish.model) says nothing of the scan \(wish.scan.id): \(reason)")
                try store.save(nil, for: wish)
            case .givenUp: break
            }
        } catch { logger.error("a score cannot be noted: \(error)") }
        await board.endScore(wish)
        return !outcome.isLast
    }

    private enum ScoreOutcome {
        case score(Double)
        case failed(String, isLast: Bool = false)
        case givenUp(isLast: Bool)

        /// Whether the worker is gone.
        var isLast: Bool {
            switch self {
            case .score: false
            case .failed(_, let isLast), .givenUp(let isLast): isLast
            }
        }
    }

    private nonisolated func outcome(
        of wish: ScoreWish, _ worker: WorkerProcess, _ events: inout AsyncStream<WorkerEvent>.Iterator, _ device: String
    ) async -> ScoreOutcome {
        let order = ScoringOrder(
            job: wish.id, model: wish.model, scans: [store.file(of: wish.scan).path], series: [wish.scan.series].compactMap(\.self))
        do { try worker.send(.score(order: order)) } catch { return .givenUp(isLast: true) }
        await board.onGivingUp(wish) { try? worker.send(.cancel(job: wish.id)) }
        var isBegun = false
        while let event = await events.next() {
            switch event {
            case .begun(wish.id): isBegun = true
            case .loading(_, let model): await note(device) { $0.loading = model }
            case .warm(let models): await note(device) { ($0.warm, $0.loading) = (models, nil) }
            case .scored(wish.id, let value): return .score(value)
            case .failed(wish.id, _, let reason):
                await note(device) { $0.loading = nil }
                return .failed(reason.replacingOccurrences(of: store.folder.path + "/", with: ""))
            case .canceled(wish.id):
                await note(device) { $0.loading = nil }
                return .givenUp(isLast: false)
            default: break
            }
        }
        return isBegun ? .failed("the program that computes ended unexpectedly (\(worker.ending))", isLast: true) : .givenUp(isLast: true)
    }

    private func fail(_ job: JobRecord, _ worker: WorkerProcess) async {
        if await board.isClosed { return await board.finish(job.id, .interrupted) }
        logger.error("job \(job.id): its worker ended with \(worker.ending)")
        let reason = "the program that computes ended unexpectedly (\(worker.ending)); the scan may need more memory than there is"
        await board.finish(job.id, .failed(code: "worker_ended", reason: reason))
    }

    private func order(for job: JobRecord) throws -> SegmentationOrder {
        let scans = try store.scans(of: job)
        guard scans.count == job.scans.count else { throw APIError(.gone, "scan_gone", "the scan is not kept any more") }
        try FileManager.default.createDirectory(at: store.folder(ofJob: job.id), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return SegmentationOrder(
            job: job.id, model: job.model.name, scans: scans.map { store.file(of: $0).path }, series: scans.compactMap(\.series),
            mask: store.mask(of: job.id).path, statistics: store.statistics(of: job.id).path, choices: job.choices)
    }

    /// A worker's sentence with the names that the client knows, instead of paths of this machine.
    private func harmless(_ reason: String, _ job: JobRecord) -> String {
        let scans = (try? store.scans(of: job)) ?? []
        let named = scans.reduce(reason) { $0.replacingOccurrences(of: store.file(of: $1).path, with: $1.name) }
        return named.replacingOccurrences(of: store.folder.path + "/", with: "")
    }

    /// Starts a worker and waits until it takes jobs; nil where it does not.
    private func start(_ device: String) async -> WorkerProcess? {
        let worker: WorkerProcess
        do {
            worker = try WorkerProcess.start(program: settings.program, arguments: settings.words(device), logger: logger) { [board] in
                Task { await board.dismiss(device) }
            }
        } catch {
            logger.error("\(settings.program.path) cannot be started: \(FileError.reason(error))")
            return nil
        }
        workers[device] = Worker(process: worker)
        let patience = Task {
            try await Task.sleep(for: .seconds(120))
            logger.error("the worker for \(device) said nothing for two minutes")
            worker.kill()
        }
        defer { patience.cancel() }
        var events = worker.events.makeAsyncIterator()
        guard case .ready(let description)? = await events.next() else {
            workers[device] = nil
            logger.error("the worker for \(device) ended at its start with \(worker.ending)")
            return nil
        }
        workers[device]?.description = description
        known = description
        await board.know(description.models)
        logger.notice("a worker for \(description.device) is ready, with \(description.models.count) models")
        return worker
    }

    private func leave(_ device: String, _ worker: WorkerProcess) {
        if workers[device]?.process === worker { workers[device] = nil }
    }

    private func note(_ device: String, _ change: @Sendable (inout Worker) -> Void) {
        if var worker = workers[device] {
            change(&worker)
            workers[device] = worker
        }
    }
}
