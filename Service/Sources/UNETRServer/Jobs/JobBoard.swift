import Foundation
import HTTPTypes
import Logging
import UNETRWork

/// What a worker is to do next.
enum Work: Sendable {
    case job(JobRecord)
    /// Only while no job waits; it is given up when one comes.
    case score(ScoreWish)
}

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
    private var idle: [(worker: String, continuation: CheckedContinuation<Work?, Never>)] = []
    /// Scores that are being made, and how to give one up.
    private var scoring: [String: (wish: ScoreWish, stop: (@Sendable () -> Void)?)] = [:]
    /// Digests of the models, by name.
    private var models: [String: String] = [:]
    /// Jobs whose scan is being fetched.
    private var fetching: Set<String> = []
    /// Sends the mask of a job to the archive that its scan is from, and calls `delivered`.
    private var deliver: @Sendable (JobRecord) -> Void = { _ in }
    private var watchers = JobWatchers()
    private(set) var isClosed = false
    /// Workers of an earlier one do not know all models.
    private(set) var generation = 0
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

    /// Says how masks get to archives.
    func onDelivery(_ deliver: @escaping @Sendable (JobRecord) -> Void) { self.deliver = deliver }

    /// Takes the jobs of an earlier server that still wait.
    func restore(_ jobs: [JobRecord]) {
        for job in jobs { if job.needsFetching { fetching.insert(job.id) } else { queue.add(job.id, client: job.line) } }
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
        let waiting = queue.count + fetching.count
        guard waiting < capacity else {
            throw APIError(.tooManyRequests, "queue_full", "\(waiting) jobs wait already; ask again later", retryAfter: secondsUntilRoom)
        }
        let inserted = try store.insert(job)
        if job.needsFetching { fetching.insert(job.id) } else { enqueue(inserted) }
        return try store.job(job.id) ?? inserted
    }

    private func enqueue(_ job: JobRecord) {
        queue.add(job.id, client: job.line)
        handOver()
        // A score takes nobody's turn.
        if queue.count > 0 { for (_, stop) in scoring.values { stop?() } }
    }

    /// A job's scan is there.
    /// - Returns: false where nobody wants it any more.
    func fetched(_ id: String, _ scan: ScanRecord) throws -> Bool {
        guard fetching.remove(id) != nil else { return false }
        let job = try store.update(id) { job in
            (job.scans, job.stem) = ([scan.id], FileName.stem(scan.name))
            job.key = (try? JobRecord.key(scans: [scan], model: job.model, choices: job.choices)) ?? job.key
        }
        guard let job else { return false }
        enqueue(job)
        return true
    }

    /// A job's scan cannot be had.
    func notFetched(_ id: String, code: String, reason: String) throws {
        guard fetching.remove(id) != nil else { return }
        try end(id, .failed, error: (code, reason))
    }

    /// The jobs whose scans are to be fetched.
    var unfetched: Set<String> { fetching }

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
        if queue.remove(job.id) || fetching.remove(job.id) != nil {
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
        let job = try store.job(id), first = job.map { JobSignal.job(view($0)) }
        return watchers.add(to: id, first: first, goesOn: job?.state.isFinal == false && !isClosed) { [weak self] number in
            Task { await self?.unwatch(id, number) }
        }
    }

    private func unwatch(_ id: String, _ number: Int) { watchers.remove(number, from: id) }

    /// Keeps all streams' connections.
    func ping() { watchers.ping() }

    /// How many wait, are under way, and are watched.
    var counts: (waiting: Int, running: Int, watchers: Int) { (queue.count + fetching.count, live.count, watchers.count) }

    // MARK: For workers

    /// The models there are, with their digests.
    func know(_ models: [ModelDescription]) {
        self.models = Dictionary(models.map { ($0.name, $0.digest) }) { first, _ in first }
        wake()
    }

    /// Looks again for something to do.
    func wake() { handOver() }

    /// The next work for a worker, which is under way from here on; nil when the worker was dismissed, is of an earlier generation, or the server is ending.
    func next(for worker: String, _ generation: Int) async -> Work? {
        guard !isClosed, generation == self.generation else { return nil }
        if let work = take() { return work }
        return await withCheckedContinuation { idle.append((worker, $0)) }
    }

    /// Lets a worker that waits for a job go on without one.
    func dismiss(_ worker: String) {
        let leaving = idle.filter { $0.worker == worker }
        idle.removeAll { $0.worker == worker }
        for (_, continuation) in leaving { continuation.resume(returning: nil) }
    }

    /// Replaces all workers, each when it has nothing to do.
    func renew() {
        generation += 1
        for (_, continuation) in idle { continuation.resume(returning: nil) }
        idle = []
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
                if let job, let record = try store.job(id), !record.forms.isEmpty {
                    live[id] = job
                    return deliver(record)
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

    /// What became of a job's mask at its archive. The job is done in any case.
    func delivered(_ id: String, _ sent: [SentMask]) {
        let job = live.removeValue(forKey: id)
        guard job?.isCanceled != true else { return }
        do {
            try store.update(id) { $0.sent = sent }
            try end(id, .done, error: nil)
        } catch { logger.error("job \(id): its end cannot be noted: \(error)") }
    }

    /// Says how a score under way can be given up.
    func onGivingUp(_ wish: ScoreWish, _ stop: @escaping @Sendable () -> Void) {
        guard scoring[wish.id] != nil else { return }
        scoring[wish.id]?.stop = stop
        if queue.count > 0 { stop() }
    }

    /// A worker does not make a score any more.
    func endScore(_ wish: ScoreWish) { scoring[wish.id] = nil }

    /// Begins no more jobs. Workers that wait are dismissed, and streams end.
    func close() {
        isClosed = true
        for (_, continuation) in idle { continuation.resume(returning: nil) }
        idle = []
        for (_, stop) in scoring.values { stop?() }
        // Whoever delivers knows this board.
        deliver = { _ in }
        watchers.finish()
    }

    // MARK: Within

    private func handOver() {
        while let (_, continuation) = idle.first {
            guard let work = take() else { return }
            idle.removeFirst()
            continuation.resume(returning: work)
        }
    }

    private func take() -> Work? {
        if let job = start() { return .job(job) }
        do {
            guard let wish = try store.nextUnscored(models, passing: Set(scoring.values.map(\.wish.scan.id))) else { return nil }
            scoring[wish.id] = (wish, nil)
            return .score(wish)
        } catch {
            logger.error("no image can be chosen to be scored: \(error)")
            return nil
        }
    }

    /// Takes the job whose turn it is, unless its result has come into the store since.
    private func start() -> JobRecord? {
        defer { notifyWaiting() }
        while let id = queue.next() {
            do {
                guard let waiting = try store.job(id) else { continue }
                if let done = try answerFromStore(waiting) {
                    guard waiting.forms.isEmpty else {
                        let job = try store.update(id) { ($0.state, $0.started, $0.fromStore) = (.running, Date(), true) }
                        live[id] = Live()
                        notify(id)
                        if let job { deliver(job) }
                        continue
                    }
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
        guard !job.needsFetching, let done = try store.doneJob(key: job.key), (try? store.linkResults(of: done, to: job.id)) != nil else { return nil }
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
        watchers.finish(id)
    }

    private func notify(_ id: String) {
        guard watchers.watch(id), let job = try? store.job(id) else { return }
        watchers.tell(view(job), of: id)
    }

    /// Tells those that wait where they stand now.
    private func notifyWaiting() {
        guard !watchers.isEmpty else { return }
        for id in queue.order where watchers.watch(id) { notify(id) }
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
