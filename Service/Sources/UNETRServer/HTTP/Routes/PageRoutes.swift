import Foundation
import HTTPTypes
import Hummingbird

/// The page: the files of a folder, as they are when the server starts.
struct PageRoutes: Sendable {
    /// By their paths below the folder.
    private var files: [String: URL] = [:]

    /// Nothing the page loads comes from elsewhere, and no other page shows it in a frame.
    private static let policy =
        "default-src 'self'; img-src 'self' blob: data:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        + "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8", "svg": "image/svg+xml", "png": "image/png", "ico": "image/x-icon", "wasm": "application/wasm",
        "json": "application/json", "txt": "text/plain; charset=utf-8", "woff2": "font/woff2",
    ]

    init(_ folder: URL?) {
        guard let folder, let names = FileManager.default.enumerator(atPath: folder.path) else { return }
        for case let name as String in names where !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
            let file = folder.appending(path: name)
            guard (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true else { continue }
            files[name] = file
        }
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/", isOpen: true) { _, context in try await file("index.html", context) },
            Endpoint(.get, "/favicon.ico", isOpen: true) { _, context in try await file("favicon.ico", context) },
            Endpoint(.get, "/assets/**", isOpen: true) { request, context in
                try await file(String((request.uri.path.removingPercentEncoding ?? "").drop { $0 == "/" }), context)
            },
        ]
    }

    private func file(_ name: String, _ context: ServerContext) async throws -> Response {
        guard let file = files[name] else { throw APIError.notFound("page") }
        var response = try await Response.file(file, type: Self.types[file.pathExtension.lowercased()] ?? "application/octet-stream", context)
        response.headers[.contentSecurityPolicy] = Self.policy
        response.headers[.init("Referrer-Policy")!] = "no-referrer"
        response.headers[.cacheControl] = "no-cache"
        return response
    }
}
