import Foundation
import HTTPTypes
import Hummingbird

/// The page.
struct PageRoutes: Sendable {
    private let files: StaticFiles

    /// Nothing the page loads comes from elsewhere, and no other page shows it in a frame.
    private static let policy =
        "default-src 'self'; img-src 'self' blob: data:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        + "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

    init(_ folder: URL?) { files = StaticFiles(folder, policy: Self.policy) }

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/", isOpen: true) { _, context in try await files.response("index.html", context) },
            Endpoint(.get, "/favicon.ico", isOpen: true) { _, context in try await files.response("favicon.ico", context) },
            Endpoint(.get, "/assets/**", isOpen: true) { request, context in
                try await files.response(String((request.uri.path.removingPercentEncoding ?? "").drop { $0 == "/" }), context)
            },
        ]
    }
}
