import ArchiveTestSupport
import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@testable import UNETRServer

/// A server in this process, with the stand-in worker, in a folder of its own.
struct TestServer: Sendable {
    var client: TestClient
    var port: Int
    var folder: URL
    var group: ServiceGroup
    var routes: [Endpoint]

    var models: URL { folder.appending(path: "models") }
    var data: URL { folder.appending(path: "data") }

    /// Jobs that a worker began, in order.
    var begun: [String] {
        ((try? String(contentsOf: models.appending(path: "orders.log"), encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    static let standIn = productsFolder.appending(path: "stand-in-worker")

    /// What is different from a server as it is by itself.
    struct Change {
        var apply: (inout ServerConfiguration) throws -> Void

        init(_ apply: @escaping (inout ServerConfiguration) throws -> Void = { _ in }) { self.apply = apply }
    }

    /// Calls `body` with a server that is ready.
    static func with<Result: Sendable>(
        in known: URL? = nil, waits: Bool = true, _ change: Change = Change(),
        _ body: @escaping @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        if let known { return try await run(known, waits: waits, change, body) }
        return try await withTemporaryFolder { try await run($0, waits: waits, change, body) }
    }

    private static func run<Result: Sendable>(
        _ folder: URL, waits: Bool, _ change: Change, _ body: @escaping @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        let models = folder.appending(path: "models")
        try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
        var configuration = try ServerConfiguration(
            flags: [.models: models.path, .data: folder.appending(path: "data").path, .port: "0", .program: standIn.path])
        configuration.grace = .seconds(4)
        try change.apply(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let served = try await whenFree { try Server(configuration, logger: logger) }
        let group = try served.group { port in
            continuation.yield(port)
            continuation.finish()
        }
        let scheme = configuration.tls == nil ? "http" : "https"
        return try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask {
                defer { continuation.finish() }
                try await group.run()
                return nil
            }
            var result: Result?
            do {
                guard let port = await ports.first(where: { _ in true }) else { throw CancellationError() }
                let server = TestServer(
                    client: TestClient(base: "\(scheme)://localhost:\(port)"), port: port, folder: folder, group: group, routes: served.routes)
                if waits { try await wait { try await server.client.get("/ready").status == 200 } }
                result = try await body(server)
            } catch {
                await group.triggerGracefulShutdown()
                while (try? await tasks.next()) != nil {}
                throw error
            }
            await group.triggerGracefulShutdown()
            while try await tasks.next() != nil {}
            return result!
        }
    }
}

/// What opens a server's folder, once the last tasks of a server that has ended let go of it.
func whenFree<Result>(_ open: () throws -> Result) async throws -> Result {
    for _ in 0..<100 {
        do { return try open() } catch  where "\(error)".contains("is in use by process") { try await Task.sleep(for: .milliseconds(50)) }
    }
    return try open()
}

/// Bytes over a connection as they are, for what no client would send.
struct RawConnection {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard result == 0 else { throw CocoaError(.fileReadUnknown) }
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    @discardableResult
    func send(_ text: String) -> Bool { text.withCString { Foundation.send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) >= 0 } }

    /// All that comes until the other side closes or says nothing for 20 s; waits on a thread of its own.
    func rest() async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var all: [UInt8] = [], part = [UInt8](repeating: 0, count: 1 << 16)
                while true {
                    let count = recv(descriptor, &part, part.count, 0)
                    guard count > 0 else { break }
                    all += part.prefix(count)
                }
                continuation.resume(returning: String(decoding: all, as: UTF8.self))
            }
        }
    }

    func halfClose() { shutdown(descriptor, Int32(SHUT_WR)) }
    func close() { Foundation.close(descriptor) }
}
