import CoreMetrics
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Who is let in.
struct Gate: Sendable {
    var tokens: [AccessToken]
    /// Names of this server, without ports.
    var hosts: Set<String>
    /// Origins of other pages that may ask.
    var origins: Set<String>

    init(_ configuration: ServerConfiguration) {
        tokens = configuration.tokens
        hosts = Set((configuration.hosts + [configuration.address, "localhost", "127.0.0.1", "::1"]).map { $0.lowercased() })
        origins = Set(configuration.origins.map { $0.lowercased() })
    }

    /// Refuses what a page of somebody else makes a browser ask. Nothing is granted for where a request comes from, so with tokens that page gains nothing;
    /// it is refused all the same.
    func checkOrigin(of request: Request) throws {
        let host = request.head.authority?.lowercased() ?? ""
        // A name that leads here and that nobody told the server is one that somebody else's page was loaded from.
        if tokens.isEmpty, !hosts.contains(Self.name(host)) {
            throw APIError(.misdirectedRequest, "foreign_host", field: "Host", "the server is not known by this name; the setting hosts tells it its names")
        }
        guard let origin = request.headers[.origin]?.lowercased(), !origins.contains(origin) else { return }
        let own = origin == "http://\(host)" || origin == "https://\(host)"
        if !own, ![.get, .head].contains(request.method) {
            throw APIError(.forbidden, "foreign_origin", field: "Origin", "pages of other servers may not change anything here")
        }
    }

    /// A host without its port.
    static func name(_ host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[host.index(after: host.startIndex)..<end]) }
        return host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? host
    }

    /// - Throws: `APIError` where a token is needed and not shown.
    func client(of request: Request, _ context: ServerContext, isOpen: Bool) throws -> Client {
        guard !tokens.isEmpty else { return Client(owner: "", line: context.address) }
        let words = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1)
        let shown = words.count == 2 && words[0].lowercased() == "bearer" ? words[1].trimmingCharacters(in: .whitespaces) : nil
        if let shown, let token = AccessToken.matching(shown, in: tokens) { return Client(owner: token.name, line: token.name) }
        guard isOpen else {
            throw APIError(.unauthorized, "unauthorized", field: "Authorization", shown == nil ? "a token is needed" : "the token is not known")
        }
        return Client(owner: "", line: context.address)
    }
}

/// Makes every failure an error in the one form, counts requests, and lets no page of somebody else ask.
struct OuterMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    var gate: Gate
    var metrics: MetricsRegistry

    func handle(_ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response) async throws -> Response {
        let start = ContinuousClock.now, end = RequestEnd()
        var response: Response
        do {
            try gate.checkOrigin(of: request)
            response = try await RequestEnd.$current.withValue(end) { try await next(request, context) }
        } catch let error as HTTPParserError {
            throw error  // no request any more; the connection is closed
        } catch {
            let error = Self.told(error, request, context)
            response = error.response
            if Self.hasBody(request), !end.hasCome {
                // Whoever goes on sending what nobody reads is not listened to for long.
                response.headers[.connection] = "close"
                Task { [channel = context.channel] in
                    try await Task.sleep(for: .seconds(10))
                    channel.close(mode: .all, promise: nil)
                }
            }
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        let passed = ContinuousClock.now - start
        Counter(label: "unetrpp_requests_total", dimensions: [("status", "\(response.status.code)")], factory: metrics).increment()
        CoreMetrics.Timer(label: "unetrpp_request_seconds", dimensions: [], factory: metrics).recordNanoseconds(Int64(passed / .nanoseconds(1)))
        context.logger.debug("\(request.method.rawValue) \(request.uri.path): \(response.status.code) after \(passed)")
        return response
    }

    private static func hasBody(_ request: Request) -> Bool {
        request.headers[.transferEncoding] != nil || (request.headers[.contentLength].flatMap { Int($0) } ?? 0) > 0
    }

    private static func told(_ error: any Error, _ request: Request, _ context: ServerContext) -> APIError {
        switch error {
        case let error as APIError: return error
        case let error as HTTPError where error.status == .notFound: return .notFound("page")
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL: return Upload.diskFull
        case is CancellationError, is ChannelError: return APIError(.badRequest, "cut_off", "the request ended before its end")
        case let error as HTTPError where error.status.code < 500:
            return APIError(error.status, "bad_request", error.body ?? "the request is not what is expected here")
        default:
            let id = Identifier.new()
            context.logger.error("\(id): \(request.method.rawValue) \(request.uri.path): \(error)")
            var told = APIError(.internalServerError, "internal", "something went wrong here; the server's log says what, under the id")
            told.id = id
            return told
        }
    }
}
