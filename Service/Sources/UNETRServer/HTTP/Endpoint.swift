import Foundation
import HTTPTypes
import Hummingbird

/// A request that the server answers.
struct Endpoint: Sendable {
    typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

    var method: HTTPRequest.Method
    /// As in the description of the API: `/v1/scans/{id}`.
    var path: String
    /// Whether it is answered without a token.
    var isOpen: Bool
    var handler: Handler

    init(_ method: HTTPRequest.Method, _ path: String, isOpen: Bool = false, _ handler: @escaping Handler) {
        self.method = method
        self.path = path
        self.isOpen = isOpen
        self.handler = handler
    }
}

extension Router<ServerContext> {
    /// Answers requests, and says for each path what else could be asked.
    func add(_ endpoints: [Endpoint], gate: Gate) {
        let methods: [HTTPRequest.Method] = [.get, .post, .put, .delete, .patch, .options, .trace]
        for (path, same) in Dictionary(grouping: endpoints, by: \.path) {
            let known = same.map(\.method)
            for endpoint in same {
                on(RouterPath(path), method: endpoint.method) { request, context in
                    var context = context
                    context.client = try gate.client(of: request, context, isOpen: endpoint.isOpen)
                    return try await endpoint.handler(request, context)
                }
            }
            for method in methods where !known.contains(method) {
                on(RouterPath(path), method: method) { request, _ -> Response in
                    var error = APIError(.methodNotAllowed, "method", "\(request.method.rawValue) is nothing that can be asked here")
                    error.allow = known + (known.contains(.get) ? [.head] : [])
                    throw error
                }
            }
        }
    }
}
