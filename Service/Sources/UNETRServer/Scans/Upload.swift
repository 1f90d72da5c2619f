import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import UNETRSupport

/// Whether all of the request at hand has come.
final class RequestEnd: Sendable {
    @TaskLocal static var current: RequestEnd?

    private let state = Mutex(false)
    var hasCome: Bool { state.withLock { $0 } }
    func note() { state.withLock { $0 = true } }
}

/// Bytes of a request on their way to a file.
struct Upload: Sendable {
    /// How much and how slowly may be sent.
    struct Limits: Sendable {
        /// The most bytes.
        var bytes: Int
        /// No longer may nothing come.
        var silence: Duration
        /// After the first minute, no fewer bytes a second on average.
        var rate = 1024
    }

    var bytes: Int
    /// SHA-256.
    var digest: String

    /// Writes a body to a new file, which is removed where that fails.
    ///
    /// - Throws: `APIError` for a body that is too long or too slow; `FileError` where the disk refuses.
    static func receive(_ request: Request, to file: URL, _ limits: Limits) async throws -> Upload {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.bytes { throw tooLong(limits) }
        do {
            try PrivateFolder.makeFile(file)
            let output = try FileHandle(forWritingTo: file)
            defer { try? output.close() }
            let upload = try await write(request.body, limits) { part in
                do { try output.write(contentsOf: part) } catch { throw Self.full(error) }
            }
            guard request.headers[.contentLength].flatMap({ Int($0) }) ?? upload.bytes == upload.bytes else {
                throw APIError(.badRequest, "cut_off", "the body ended before its end")
            }
            return upload
        } catch {
            try? FileManager.default.removeItem(at: file)
            throw error
        }
    }

    /// A short body as a whole.
    static func receive(_ request: Request, most: Int, _ limits: Limits) async throws -> Data {
        let limits = Limits(bytes: most, silence: limits.silence)
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > most { throw tooLong(limits) }
        let all = Bytes()
        _ = try await write(request.body, limits) { all.add($0) }
        return all.data
    }

    /// What has come of a short body.
    private final class Bytes: Sendable {
        private let all = Mutex(Data())
        var data: Data { all.withLock { $0 } }
        func add(_ part: Data) { all.withLock { $0 += part } }
    }

    /// How much has come, and when the last of it did.
    private final class Progress: Sendable {
        private let state = Mutex((bytes: 0, last: ContinuousClock.now))
        var now: (bytes: Int, last: ContinuousClock.Instant) { state.withLock { $0 } }
        func note(_ bytes: Int) { state.withLock { $0 = (bytes, .now) } }
    }

    /// Hands a body over as it comes.
    static func write(_ body: RequestBody, _ limits: Limits, _ write: @escaping @Sendable (Data) throws -> Void) async throws -> Upload {
        let progress = Progress(), start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Upload?.self) { group in
            group.addTask {
                var hasher = SHA256Digest.Hasher(), bytes = 0
                for try await buffer in body {
                    bytes += buffer.readableBytes
                    guard bytes <= limits.bytes else { throw tooLong(limits) }
                    progress.note(bytes)
                    try buffer.withUnsafeReadableBytes { part in
                        hasher.add(part)
                        try write(Data(part))
                    }
                }
                RequestEnd.current?.note()
                return Upload(bytes: bytes, digest: hasher.finish().text)
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: min(limits.silence / 4, .seconds(1)))
                    let (bytes, last) = progress.now, passed = ContinuousClock.now - start
                    let isSlow = passed > .seconds(60) && bytes < limits.rate * Int(passed.components.seconds)
                    guard ContinuousClock.now - last <= limits.silence, !isSlow else {
                        throw APIError(.requestTimeout, "too_slow", "the body came too slowly; send it again over a better connection")
                    }
                }
            }
            defer { group.cancelAll() }
            guard let upload = try await group.next() ?? nil else { throw CancellationError() }
            return upload
        }
    }

    private static func tooLong(_ limits: Limits) -> APIError {
        APIError(.contentTooLarge, "too_large", "the body has more than the \(limits.bytes) bytes that are allowed")
    }

    /// The disk's refusal; that it is full is told the client.
    static func full(_ error: any Error) -> any Error {
        let code = (error as? CocoaError)?.code
        return code == .fileWriteOutOfSpace ? diskFull : error
    }

    static var diskFull: APIError { APIError(.insufficientStorage, "disk_full", "the server's disk is full; ask who runs it") }
}
