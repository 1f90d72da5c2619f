public import Foundation
import NIOCore
import NIOHTTP1
import UNETRVolumes

/// What an archive answers to a question that was handed on.
public struct ForwardedAnswer: Sendable {
    /// The status, of success.
    public var status: Int
    /// The type of the body; nil where the archive does not say.
    public var type: String?
    /// The body.
    public var body: Data
}

extension DICOMWebClient {
    /// So long an answer is handed on.
    private static let longestForwarded = 256 << 20

    /// Hands a viewer's question on, which reads and changes nothing.
    ///
    /// - Parameters:
    ///   - path: such as `studies/1.2.3/series`.
    ///   - query: as it came.
    ///   - accept: the header `Accept`.
    /// - Throws: `DICOMWebError`, also for a path that leads to no studies, series or instances.
    public func forward(_ path: String, query: String?, accept: String) async throws -> ForwardedAnswer {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,%")
        guard ["studies", "series", "instances"].contains(parts.first), parts.count <= 12,
            parts.allSatisfy({ part in
                !part.isEmpty && part != "." && part != ".." && !part.lowercased().contains("%2")
                    && CharacterSet(charactersIn: String(part)).isSubset(of: plain)
            }),
            let url = URL(string: connection.address.url.absoluteString + "/" + path + (query.map { "?" + $0 } ?? ""))
        else { throw error(.question(what: "the path leads to no studies, series or instances", expected: "such as studies/1.2.3/series")) }
        return try await connection.ask(url, accept: accept, for: "such thing") { answer in
            let body = try await answer.body.collect(upTo: Self.longestForwarded)
            return ForwardedAnswer(status: answer.status, type: answer.headers.first(name: "Content-Type"), body: Data(body.readableBytesView))
        }
    }
}
