import Foundation
import HTTPTypes
import Hummingbird
import UNETRSupport

/// Why a request is not granted, in the one form that all errors have:
/// `{"error": {"code": …, "field": …, "reason": …}}`.
struct APIError: Error, HTTPResponseError, Sendable, CustomStringConvertible {
    var status: HTTPResponse.Status
    /// For programs.
    var code: String
    /// What of the request is wrong; nil where it is no single thing.
    var field: String?
    /// For people: one sentence.
    var reason: String
    /// Seconds after which the same request may be granted.
    var retryAfter: Int?
    /// With 500: what the log calls it.
    var id: String?
    /// What could have been asked instead.
    var allow: [HTTPRequest.Method] = []

    init(_ status: HTTPResponse.Status, _ code: String, field: String? = nil, _ reason: String, retryAfter: Int? = nil) {
        self.status = status
        self.code = code
        self.field = field
        self.reason = reason
        self.retryAfter = retryAfter
    }

    static func notFound(_ what: String) -> APIError { APIError(.notFound, "not_found", "there is no such \(what)") }

    var description: String { reason }

    private struct Form: Encodable {
        struct Content: Encodable {
            var code: String
            var field: String?
            var reason: String
            var id: String?

            private enum Key: CodingKey { case code, field, reason, id }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(code, forKey: .code)
                try container.encode(field, forKey: .field)
                try container.encode(reason, forKey: .reason)
                try container.encodeIfPresent(id, forKey: .id)
            }
        }

        var error: Content
    }

    var response: Response {
        let form = Form(error: .init(code: code, field: field, reason: reason, id: id))
        var response = Response.json(form, status: status)
        if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        if !allow.isEmpty { response.headers[.allow] = allow.map(\.rawValue).sorted().joined(separator: ", ") }
        return response
    }

    func response(from request: Request, context: some RequestContext) -> Response { response }
}

extension HTTPResponse.Status {
    /// There is no room for what was sent.
    static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}

extension Response {
    /// A value as JSON.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        guard let data = try? APIJSON.encode(value) else { return Response(status: .internalServerError) }
        return Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }

    static var noContent: Response { Response(status: .noContent) }
}

/// JSON as clients get it.
enum APIJSON {
    /// On one line; dates as ISO 8601 in UTC with milliseconds.
    static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        }
        return try encoder.encode(value)
    }
}
