import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A server on this machine that answers as a test says, rightly or not.
final class StandIn: Sendable {
    struct Request: Sendable {
        var method = ""
        /// With the question behind it.
        var path = ""
        /// By their names in small letters.
        var headers: [String: String] = [:]
        var body: [UInt8] = []
    }

    /// What it does to answer, one after the other. Afterwards the connection stays open.
    enum Step: Sendable {
        case send([UInt8])
        /// The same bytes so often.
        case repeated([UInt8], Int)
        case wait(seconds: Double)
        case close
    }

    /// All that it was asked, in order.
    final class Log: @unchecked Sendable {
        private let lock = NSLock()
        private var list: [Request] = []
        var requests: [Request] { lock.withLock { list } }
        func add(_ request: Request) -> Int {
            lock.withLock {
                list.append(request)
                return list.count
            }
        }
    }

    let url: String
    private let log: Log
    var requests: [Request] { log.requests }

    private init(url: String, log: Log) {
        self.url = url
        self.log = log
    }

    /// Calls `body` with a server.
    ///
    /// - Parameters:
    ///   - tls: nil: unencrypted.
    ///   - answer: what it does for a request, of which the number is given, from 1.
    static func with<Result>(
        tls: NIOSSLContext? = nil, host: String = "127.0.0.1", _ answer: @escaping @Sendable (Request, Int) -> [Step],
        during body: (StandIn) async throws -> Result
    ) async throws -> Result {
        let log = Log()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try channel.pipeline.syncOperations.addHandler(Handler(log, answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let standIn = StandIn(url: "\(tls == nil ? "http" : "https")://\(host):\(server.localAddress!.port!)/dicom-web", log: log)
        do {
            let result = try await body(standIn)
            try await server.close()
            return result
        } catch {
            try? await server.close()
            throw error
        }
    }

    /// Collects a request and takes the steps of its answer.
    private final class Handler: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = HTTPServerRequestPart

        private let log: Log
        private let answer: @Sendable (Request, Int) -> [Step]
        private var request = Request()

        init(_ log: Log, _ answer: @escaping @Sendable (Request, Int) -> [Step]) {
            self.log = log
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                let headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { $1 }
                request = Request(method: head.method.rawValue, path: head.uri, headers: headers)
            case .body(let bytes): request.body += Array(bytes.readableBytesView)
            case .end: take(answer(request, log.add(request))[...], context.channel)
            }
        }

        private func take(_ steps: ArraySlice<Step>, _ channel: any Channel) {
            guard let step = steps.first else { return }
            let rest = steps.dropFirst()
            switch step {
            case .send(let bytes):
                channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenSuccess { self.take(rest, channel) }
            case .repeated(let bytes, let count):
                guard count > 0 else { return take(rest, channel) }
                channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenSuccess { self.take([.repeated(bytes, count - 1)] + rest, channel) }
            case .wait(let seconds):
                channel.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1000))) { self.take(rest, channel) }
            case .close: channel.close(promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            guard error is HTTPParserError else { return context.close(promise: nil) }
            take([.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)), .close], context.channel)
        }
    }
}

extension [StandIn.Step] {
    /// A whole answer with its right length.
    static func answer(_ status: Int, _ headers: [String: String] = [:], _ body: [UInt8] = []) -> Self {
        head(status, headers.merging(["Content-Length": "\(body.count)"]) { one, _ in one }) + [.send(body)]
    }

    static func json(_ text: String, status: Int = 200) -> Self { answer(status, ["Content-Type": "application/dicom+json"], [UInt8](text.utf8)) }

    static func head(_ status: Int, _ headers: [String: String]) -> Self {
        let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
        return [.send([UInt8]("HTTP/1.1 \(status) Words\r\n\(lines)\r\n".utf8))]
    }

    static let boundary = "MIME-boundary-1"
    static let multipartType = ["Content-Type": "multipart/related; type=\"application/dicom\"; boundary=\"\(boundary)\""]

    /// The bytes of objects as parts.
    static func parts(_ objects: [[UInt8]], isWhole: Bool = true) -> [UInt8] {
        objects.flatMap { [UInt8]("--\(boundary)\r\nContent-Type: application/dicom\r\nContent-Length: \($0.count)\r\n\r\n".utf8) + $0 + [13, 10] }
            + (isWhole ? [UInt8]("--\(boundary)--\r\n".utf8) : [])
    }

    static func multipart(_ objects: [[UInt8]], isWhole: Bool = true) -> Self { answer(200, multipartType, parts(objects, isWhole: isWhole)) }
}
