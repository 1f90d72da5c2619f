import Foundation
import HTTPTypes
import Logging
import UNETRWork

/// All jobs that wait or are under way: takes new ones, hands them to workers in a fair order, and tells whoever watches one.
actor JobBoard {
    /// How a job ended.
    enum Outcome: Sendable {
        case done
        case failed(code: String, reason: String)
        case canceled
        /// The server is ending, and the next one does it.
        case interrupted
    }

    /// What is known of a job under way, and of nobody's interest afterwards.
    private struct Live {
        var begun = Date()
        var firstPatch: Date?
        var patchesBefore = 0
        var done = 0
        var total = 0
        /// Asks the worker to stop.
        var stop: (@Sendable () -> Void)?
        var isCanceled = false
    }

    private let store: Store
    private let capacity: Int
    private let logger: Logger
    private var queue = FairQueue()
    private var live: [String: Live] = [:]
    /// Workers that have nothing to do.
    private var idle: [(worker: String, continuation: CheckedContinuation<JobRecord?, Never>)] = []
    private var watchers: [String: [Int: AsyncStream<JobSignal>.Continuation]] = [:]
    private var watcherNumber = 0
    private(set) var isClosed = false
    /// Seconds of the last jobs, for the time after which a client may ask again.
    private var lastSeconds: [Double] = []
    /// How many jobs ended how, since the start.
    private(set) var ended: [JobState: Int] = [:]

    /// - Parameter capacity: no more jobs wait.
    init(store: Store, capacity: Int, logger: Logger) {
        self.store = store
        self.capacity = capacity
        self.logger = logger
    }

    /// Takes the jobs of an earlier server that still wait.
    func restore(_ jobs: [JobRecord]) {
        for job in jobs { queue.add(job.id, client: job.line) }
        if !jobs.isEmpty { logger.notice("\(jobs.count) jobs of before wait") }
        handOver()
    }

    // MARK: For clients

    /// Takes a job. One whose result is in the store is done at once.
    ///
    /// - Throws: `APIError` where the queue is full or the server is ending; what the store throws.
    func submit(_ job: JobRecord) throws -> JobRecord {
        guard !isClosed else { throw APIError(.serviceUnavailable, "ending", "the server is ending; ask again when it runs", retryAfter: 10) }
        if let job = try answerFromStore(job) {
            let inserted = try store.insert(job)
            ended[.done, default: 0] += 1
            return inserted
        }
        guard queue.count < capacity else {
            throw APIError(.tooManyRequests, "queue_full", "\(queue.count) jobs wait already; ask again later", retryAfter: secondsUntilRoom)
        }
        let inserted = try store.insert(job)
        queue.add(job.id, client: job.line)
        handOver()
        return try store.job(job.id) ?? inserted
    }

    func view(_ job: JobRecord) -> JobView { views([job])[0] }

    func views(_ jobs: [JobRecord]) -> [JobView] {
        let places = jobs.contains { $0.state == .queued } ? Dictionary(uniqueKeysWithValues: zip(queue.order, 0...)) : [:]
        return jobs.map { job in
            let progress = live[job.id].map { (value: $0.total > 0 ? Double($0.done) / Double($0.total) : 0, left: secondsLeft($0)) }
            return JobView(job, position: places[job.id], progress: progress?.value, secondsLeft: progress?.left)
        }
    }

    /// Stops a job that waits or is under way. It is canceled at once, even if its worker takes a moment to stop.
    func cancel(_ job: JobRecord) throws {
        if queue.remove(job.id) {
            try end(job.id, .canceled, error: nil)
            notifyWaiting()
        } else if live[job.id] != nil {
            live[job.id]?.isCanceled = true
            try end(job.id, .canceled, error: nil)
            live[job.id]?.stop?()
        }
    }

    /// What happens to a job from now on; first how it is, and after its final state the end.
    func watch(_ id: String) throws -> AsyncStream<JobSignal> {
        let (stream, continuation) = AsyncStream.makeStream(of: JobSignal.self, bufferingPolicy: .bufferingNewest(1))
        guard let job = try store.job(id) else {
            continuation.finish()
            return stream
        }
        continuation.yield(.job(view(job)))
        guard !job.state.isFinal, !isClosed else {
            continuation.finish()
            return stream
        }
        watcherNumber += 1
        let number = watcherNumber
        continuation.onTermination = { [weak self] _ in Task { await self?.unwatch(id, number) } }
        watchers[id, default: [:]][number] = continuation
        return stream
    }

    private func unwatch(_ id: String, _ number: Int) {
        watchers[id]?[number] = nil
        if watchers[id]?.isEmpty == true { watchers[id] = nil }
    }

    /// Keeps all streams' connections.
    func ping() { for watchers in watchers.values { for watcher in watchers.values { watcher.yield(.ping) } } }

    /// How many wait, are under way, and are watched.
    var counts: (waiting: Int, running: Int, watchers: Int) { (queue.count, live.count, watchers.values.reduce(0) { $0 + $1.count }) }

    // MARK: For workers

    /// The next job for a worker, which is under way from here on; nil when the worker was dismissed or the server is ending.
    func next(for worker: String) async -> JobRecord? {
        guard !isClosed else { return nil }
        if let job = start() { return job }
        return await withCheckedContinuation { idle.append((worker, $0)) }
    }

    /// Lets a worker that waits for a job go on without one.
    func dismiss(_ worker: String) {
        let leaving = idle.filter { $0.worker == worker }
        idle.removeAll { $0.worker == worker }
        for (_, continuation) in leaving { continuation.resume(returning: nil) }
    }

    /// Says how a job under way can be stopped.
    func onCancel(_ id: String, _ stop: @escaping @Sendable () -> Void) {
        live[id]?.stop = stop
        if live[id]?.isCanceled == true { stop() }
    }

    func progress(_ id: String, done: Int, total: Int) {
        guard var job = live[id], !job.isCanceled else { return }
        if job.firstPatch == nil { (job.firstPatch, job.patchesBefore) = (Date(), done) }
        (job.done, job.total) = (done, total)
        live[id] = job
        notify(id)
    }

    func finish(_ id: String, _ outcome: Outcome) {
        let job = live.removeValue(forKey: id)
        do {
            if job?.isCanceled == true {
                // The client was told, and may have made it be forgotten.
                try? FileManager.default.removeItem(at: store.folder(ofJob: id))
                return
            }
            switch outcome {
            case .done:
                if let job {
                    lastSeconds.append(-job.begun.timeIntervalSinceNow)
                    lastSeconds = lastSeconds.suffix(10)
                }
                try end(id, .done, error: nil)
            case .failed(let code, let reason):
                try? FileManager.default.removeItem(at: store.folder(ofJob: id))
                try end(id, .failed, error: (code, reason))
            case .canceled: try end(id, .canceled, error: nil)
            case .interrupted:
                // It did nothing wrong.
                try store.update(id) { ($0.state, $0.started, $0.attempts) = (.queued, nil, $0.attempts - 1) }
            }
        } catch { logger.error("job \(id): its end cannot be noted: \(error)") }
    }

    /// Begins no more jobs. Workers that wait are dismissed, and streams end.
    func close() {
        isClosed = true
        for (_, continuation) in idle { continuation.resume(returning: nil) }
        idle = []
        for watchers in watchers.values { for watcher in watchers.values { watcher.finish() } }
    }

    // MARK: Within

    private func handOver() {
        while let (_, continuation) = idle.first {
            guard let job = start() else { return }
            idle.removeFirst()
            continuation.resume(returning: job)
        }
    }

    /// Takes the job whose turn it is, unless its result has come into the store since.
    private func start() -> JobRecord? {
        defer { notifyWaiting() }
        while let id = queue.next() {
            do {
                guard let waiting = try store.job(id) else { continue }
                if let done = try answerFromStore(waiting) {
                    try store.update(id) { $0 = done }
                    tellEnd(id, .done)
                    continue
                }
                let job = try store.update(id) { ($0.state, $0.started, $0.attempts) = (.running, Date(), $0.attempts + 1) }
                guard let job else { continue }
                live[id] = Live()
                notify(id)
                return job
            } catch { logger.error("job \(id): cannot be begun: \(error)") }
        }
        return nil
    }

    /// The job as it is with the result that another has; nil where there is none.
    private func answerFromStore(_ job: JobRecord) throws -> JobRecord? {
        guard let done = try store.doneJob(key: job.key), (try? store.linkResults(of: done, to: job.id)) != nil else { return nil }
        var job = job
        (job.state, job.fromStore, job.started, job.ended) = (.done, true, Date(), Date())
        job.expires = Date() + store.keep
        return job
    }

    private func end(_ id: String, _ state: JobState, error: (code: String, reason: String)?) throws {
        try store.update(id) { job in
            (job.state, job.ended, job.expires) = (state, Date(), Date() + store.keep)
            (job.errorCode, job.errorReason) = (error?.code, error?.reason)
        }
        tellEnd(id, state)
    }

    private func tellEnd(_ id: String, _ state: JobState) {
        ended[state, default: 0] += 1
        notify(id)
        for watcher in (watchers.removeValue(forKey: id) ?? [:]).values { watcher.finish() }
    }

    private func notify(_ id: String) {
        guard let watching = watchers[id], let job = try? store.job(id) else { return }
        let view = view(job)
        for watcher in watching.values { watcher.yield(.job(view)) }
    }

    /// Tells those that wait where they stand now.
    private func notifyWaiting() {
        guard !watchers.isEmpty else { return }
        for id in queue.order where watchers[id] != nil { notify(id) }
    }

    private func secondsLeft(_ job: Live) -> Double? {
        guard let first = job.firstPatch, job.done > job.patchesBefore, job.total > 0 else { return nil }
        let passed = -first.timeIntervalSinceNow
        return (passed * Double(job.total - job.done) / Double(job.done - job.patchesBefore) * 10).rounded() / 10
    }

    private var secondsUntilRoom: Int {
        let mean = lastSeconds.isEmpty ? 30 : lastSeconds.reduce(0, +) / Double(lastSeconds.count)
        return min(max(Int(mean.rounded(.up)), 1), 600)
    }
}
