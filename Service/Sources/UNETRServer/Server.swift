import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import NIOSSL
public import ServiceLifecycle
import UNETRSupport
public import UnixSignals

/// The server: models behind HTTP, computed by worker processes, with jobs that survive a restart.
///
///     let server = try Server(configuration, logger: logger)
///     try await server.group(signals: [.sigterm, .sigint]).run()
public struct Server: Sendable {
    private let configuration: ServerConfiguration
    private let logger: Logger
    private let store: Store
    private let board: JobBoard
    private let pool: WorkerPool
    private let archives: ArchiveDesk
    private let trainings: Trainings
    let routes: [Endpoint]
    private let metrics: MetricsRegistry

    /// Opens the store, and puts in order what an earlier server left.
    ///
    /// - Throws: `FolderInUse` while another server uses the data's folder; `FileError`, and what the database says.
    public init(_ configuration: ServerConfiguration, logger: Logger, metrics: MetricsRegistry = MetricsRegistry()) throws {
        // A worker that is gone is an error of writing to it.
        signal(SIGPIPE, SIG_IGN)
        self.configuration = configuration
        self.logger = logger
        self.metrics = metrics
        store = try Store(folder: configuration.data, keep: configuration.keep)
        board = JobBoard(store: store, capacity: configuration.queue, logger: logger)
        let settings = WorkerPool.Settings(
            program: configuration.program, models: [configuration.models, store.models], devices: configuration.devices,
            arguments: configuration.workerArguments,
            grace: configuration.grace)
        pool = WorkerPool(settings, store: store, board: board, logger: logger)
        let limits = Upload.Limits(bytes: configuration.uploadBytes, silence: configuration.silence), lanes = Lanes(2)
        archives = ArchiveDesk(configuration, store: store, board: board, pool: pool, lanes: lanes, logger: logger)
        let scans = ScanRoutes(store: store, lanes: lanes, limits: limits, diskBytes: configuration.diskBytes, metrics: metrics)
        let jobs = JobRoutes(store: store, board: board, pool: pool, lanes: lanes, limits: limits, scans: scans, archives: archives)
        trainings = Trainings(settings, store: store, board: board, pool: pool, logger: logger) { try await scans.image(of: $0) }
        let info = InfoRoutes(configuration: configuration, store: store, board: board, pool: pool, archives: archives, metrics: metrics)
        let label = MONAILabelRoutes(
            configuration: configuration, store: store, board: board, pool: pool, lanes: lanes, limits: limits, scans: scans, jobs: jobs, archives: archives,
            trainings: trainings)
        routes =
            scans.endpoints + jobs.endpoints + info.endpoints + label.endpoints + PageRoutes(configuration.page).endpoints
            + OHIFRoutes(configuration, archives: archives).endpoints
    }

    /// The services of the server, in one group.
    ///
    /// - Parameters:
    ///   - signals: those that end it: requests and jobs under way have some time, streams of events end at once, jobs that are not done by then wait for
    ///     the next server.
    ///   - onRunning: called with the port when requests are taken.
    /// - Throws: what is wrong with the certificate.
    public func group(signals: [UnixSignal] = [], onRunning: @escaping @Sendable (Int) async -> Void = { _ in }) throws -> ServiceGroup {
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints), gate = Gate(configuration)
        router.add(middleware: OuterMiddleware(gate: gate, metrics: metrics))
        router.add(routes, gate: gate)
        // Longer than a body may be silent, so that this is told and not just cut off. A head has the same time.
        let silence = TimeAmount.nanoseconds(Int64((configuration.silence + .seconds(10)) / .nanoseconds(1)))
        var channel = HTTPServerBuilder.http1(
            configuration: .init(
                idleTimeout: silence, httpDecoderConfiguration: .init(maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)))
        if let (certificate, key) = configuration.tls { channel = try .tls(channel, tlsConfiguration: Self.tls(certificate, key)) }
        let application = Application(
            router: router, server: channel,
            configuration: .init(
                address: .hostname(configuration.address, port: configuration.port), serverName: nil, backlog: 1024),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) }, logger: logger)
        // Ended from the last to the first.
        return ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: pool, serviceName: "workers"), .init(service: trainings, serviceName: "trainings"),
                    .init(service: archives, serviceName: "archives"),
                    .init(service: Housekeeping(store: store, board: board, archives: archives, logger: logger), serviceName: "housekeeping"),
                    .init(service: application, serviceName: "requests"), .init(service: Closing(board: board), serviceName: "closing"),
                ], gracefulShutdownSignals: signals, logger: logger
            ).limitingShutdown(to: configuration.grace + .seconds(6)))
    }

    private static func tls(_ certificate: URL, _ key: URL) throws -> TLSConfiguration {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate.path).map { NIOSSLCertificateSource.certificate($0) }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(try NIOSSLPrivateKey(file: key.path, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            return configuration
        } catch { throw ConfigurationError(.tlsCertificate, "and its key (\(certificate.path), \(key.path)) cannot be used: \(error)") }
    }
}

extension ServiceGroupConfiguration {
    fileprivate func limitingShutdown(to duration: Duration) -> ServiceGroupConfiguration {
        var configuration = self
        configuration.maximumGracefulShutdownDuration = duration
        return configuration
    }
}

/// Takes up the jobs of before, and removes what was kept long enough.
private struct Housekeeping: Service {
    var store: Store
    var board: JobBoard
    var archives: ArchiveDesk
    var logger: Logger

    func run() async throws {
        await board.onDelivery { archives.deliver($0) }
        let waiting = try store.recover()
        await board.restore(waiting)
        for job in waiting where job.needsFetching { archives.fetch(job) }
        await cancelWhenGracefulShutdown {
            var seconds = 0
            while true {
                do { try await Task.sleep(for: .seconds(15)) } catch { return }
                await board.ping()
                seconds += 15
                guard seconds % 60 == 0 else { continue }
                do { try store.removeExpired() } catch { logger.error("what is old cannot be removed: \(error)") }
            }
        }
    }
}

/// Ends streams of events before the server waits for its requests, and begins no more jobs.
private struct Closing: Service {
    var board: JobBoard

    func run() async throws {
        try? await gracefulShutdown()
        await board.close()
    }
}
