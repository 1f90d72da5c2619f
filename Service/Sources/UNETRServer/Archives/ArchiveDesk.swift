import Foundation
import HTTPTypes
import Logging
import ServiceLifecycle
import UNETRDICOMWeb
import UNETRSupport
import UNETRVolumes

/// Fetches the scans of jobs from archives, and sends masks back.
actor ArchiveDesk: Service {
    private enum Errand {
        case fetch(JobRecord)
        case deliver(JobRecord)
    }

    private let archives: [String: Archive]
    /// The archive that OHIF shows.
    private let shown: Archive?
    private let store: Store
    private let board: JobBoard
    private let pool: WorkerPool
    private let lanes: Lanes
    /// The most bytes of a series.
    private let most: Int
    private let logger: Logger
    private let errands: AsyncStream<Errand>
    private let continuation: AsyncStream<Errand>.Continuation
    private var viewer: DICOMWebClient?

    /// So many at once.
    private static let most = 2

    init(_ configuration: ServerConfiguration, store: Store, board: JobBoard, pool: WorkerPool, lanes: Lanes, logger: Logger) {
        archives = configuration.archives
        shown = configuration.shownArchive
        (self.store, self.board, self.pool, self.lanes, self.logger) = (store, board, pool, lanes, logger)
        most = configuration.uploadBytes
        (errands, continuation) = AsyncStream.makeStream()
    }

    // MARK: For clients

    /// The names of the archives that a client may use.
    nonisolated func names(for client: Client) -> [String] { archives.values.filter { $0.isOpen(to: client) }.map(\.name).sorted() }

    /// - Throws: `APIError` where there is none of that name for the client.
    nonisolated func check(_ name: String, for client: Client) throws {
        guard archives[name]?.isOpen(to: client) == true else {
            let known = names(for: client)
            throw APIError(
                .unprocessableContent, "no_archive", field: "archive.name",
                "there is no such archive; \(known.isEmpty ? "none is configured" : "known are \(known.joined(separator: ", "))")")
        }
    }

    /// Fetches the scan of a job that the board has.
    nonisolated func fetch(_ job: JobRecord) { continuation.yield(.fetch(job)) }

    /// Sends the mask of a job, and tells the board what became of it.
    nonisolated func deliver(_ job: JobRecord) { continuation.yield(.deliver(job)) }

    /// A series of the archive that OHIF shows, as a scan; nil where the text names none.
    func series(_ uid: String, for client: Client) async throws -> ScanRecord? {
        guard let archive = shown, archive.isOpen(to: client), DICOMObjectName.isIdentifier(uid) else { return nil }
        do {
            guard let study = try await self.client(of: archive).study(ofSeries: uid) else { return nil }
            return try await scan(study, uid, archive, owner: client.owner)
        } catch let error as DICOMWebError { throw told(error, archive) }
    }

    /// What the archive that OHIF shows answers to a question of a viewer.
    func answer(_ path: String, query: String?, accept: String, for client: Client) async throws -> ForwardedAnswer {
        guard let archive = shown, archive.isOpen(to: client) else { throw APIError.notFound("archive") }
        do { return try await self.client(of: archive).forward(path, query: query, accept: accept) } catch let error as DICOMWebError {
            throw told(error, archive)
        }
    }

    private func client(of archive: Archive) throws -> DICOMWebClient {
        if let viewer { return viewer }
        let client = try DICOMWebClient(archive.address, archive.settings)
        viewer = client
        return client
    }

    // MARK: The work

    func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                var running = 0
                for await errand in errands {
                    if running >= Self.most {
                        await group.next()
                        running -= 1
                    }
                    running += 1
                    group.addTask {
                        switch errand {
                        case .fetch(let job): await self.run(fetching: job)
                        case .deliver(let job): await self.run(delivering: job)
                        }
                    }
                }
                // What is not done by now is begun again at the next start.
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.continuation.finish()
        }
        await viewer?.close()
        try? await gracefulShutdown()
    }

    private func run(fetching job: JobRecord) async {
        guard let source = job.source, await board.unfetched.contains(job.id) else { return }
        do {
            guard let archive = archives[source.archive] else {
                throw APIError(.gone, "no_archive", "the archive \(source.archive) is not configured any more")
            }
            do {
                let scan = try await scan(source.study, source.series, archive, owner: job.owner)
                if try await !board.fetched(job.id, scan) { _ = try store.remove(scan) }
            } catch let error as DICOMWebError { throw told(error, archive) }
        } catch {
            if await board.isClosed { return }
            let error = error as? APIError ?? APIError(.badGateway, "archive", "\(error)".replacingOccurrences(of: store.folder.path + "/", with: ""))
            logger.notice("job \(job.id): \(error.code): \(error.reason)")
            do { try await board.notFetched(job.id, code: error.code, reason: error.reason) } catch {
                logger.error("job \(job.id): its end cannot be noted: \(error)")
            }
        }
    }

    private func run(delivering job: JobRecord) async {
        var sent: [SentMask] = []
        for form in job.forms { sent.append(await send(form, of: job)) }
        if await board.isClosed, sent.contains(where: { !$0.stored }) { return }
        await board.delivered(job.id, sent)
    }

    // MARK: Within

    /// Fetches a series into a folder of its own, and makes it a scan.
    private func scan(_ study: String, _ series: String, _ archive: Archive, owner: String) async throws -> ScanRecord {
        let place = store.incoming(), store = store, most = most
        defer { try? FileManager.default.removeItem(at: place) }
        let fetched = try await bounded { tooMuch in
            try await DICOMWebClient.with(archive.address, archive.settings) { client in
                try await client.retrieve(study: study, series: series, into: place) { _, bytes in if bytes > most { tooMuch() } }
            }
        }
        // The last bytes may have come before the work could be given up.
        guard fetched.bytes <= most else { throw Self.tooLarge(most) }
        return try await lanes.run {
            let found = try ScanRecognition.recognize(series: series, in: place, name: "the series \(series)"), now = Date()
            let record = ScanRecord(
                id: Identifier.new(), owner: owner, name: series, file: "scan", series: found.series, format: found.format, size: found.size,
                spacing: found.spacing, bytes: fetched.bytes, digest: try Self.digest(of: place), created: now, expires: now + store.keep)
            try FileManager.default.createDirectory(
                at: store.folder(ofScan: record.id), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            try FileManager.default.moveItem(at: place, to: store.file(of: record))
            try store.insert(record)
            return record
        }
    }

    /// Lets work be given up when more comes than is allowed.
    private func bounded<Result: Sendable>(_ work: @escaping @Sendable (_ tooMuch: @escaping @Sendable () -> Void) async throws -> Result) async throws
        -> Result
    {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self)
        return try await withThrowingTaskGroup(of: Result?.self) { [most] group in
            group.addTask {
                defer { signal.finish() }
                return try await work { signal.yield() }
            }
            group.addTask {
                for await _ in signals { throw Self.tooLarge(most) }
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() { if let result { return result } }
            throw CancellationError()
        }
    }

    private static func tooLarge(_ most: Int) -> APIError {
        APIError(.contentTooLarge, "too_large", "the series has more than the \(most) bytes that are allowed")
    }

    /// The digest of the files of a folder, by their places in it.
    private static func digest(of folder: URL) throws -> String {
        var hasher = SHA256Digest.Hasher()
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() where name.hasSuffix(".dcm") {
            hasher.add("\(name) \(try SHA256Digest(ofFile: folder.appending(path: name)).text)\n")
        }
        return hasher.finish().text
    }

    private func send(_ form: ResultForm, of job: JobRecord) async -> SentMask {
        let name = job.source?.archive ?? ""
        var sent = SentMask(archive: name, format: form, stored: false)
        do {
            guard let archive = archives[name] else { throw APIError(.gone, "no_archive", "the archive \(name) is not configured any more") }
            do {
                let maker = ResultMaker(store: store, version: await pool.version ?? "0")
                let objects = try await lanes.run { try ObjectFile.all(in: [maker.file(form, of: job)]).objects }
                let outcome = try await DICOMWebClient.with(archive.address, archive.settings) { try await $0.store(objects, verify: true) }
                sent.object = outcome.first?.instance
                sent.stored = outcome.allSatisfy(\.hasArrived)
                sent.reason = outcome.first { !$0.hasArrived || $0.outcome != .arrived(warning: nil) }?.words
            } catch let error as DICOMWebError { throw told(error, archive) }
        } catch { sent.reason = "\(error)".replacingOccurrences(of: store.folder.path + "/", with: "") }
        logger.notice("job \(job.id): \(form.rawValue) to \(name): \(sent.stored ? "is there" : sent.reason ?? "")")
        return sent
    }

    /// An archive's error with the name that clients know.
    private nonisolated func told(_ error: DICOMWebError, _ archive: Archive) -> APIError {
        let isAbsent = if case .notFound = error.problem { true } else { false }
        return APIError(isAbsent ? .notFound : .badGateway, isAbsent ? "not_archived" : "archive", "the archive \(archive.name): \(error.problem)")
    }
}
