import Foundation
import HTTPTypes
import Hummingbird

/// The files of a folder as they are when the server starts, by their paths in it.
struct StaticFiles: Sendable {
    private var files: [String: URL] = [:]
    private let policy: String

    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8", "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "ico": "image/x-icon",
        "wasm": "application/wasm", "json": "application/json", "txt": "text/plain; charset=utf-8", "woff": "font/woff", "woff2": "font/woff2",
    ]

    /// - Parameters:
    ///   - folder: nil: there are no files.
    ///   - policy: what a browser may load for them.
    init(_ folder: URL?, policy: String) {
        self.policy = policy
        guard let folder, let names = FileManager.default.enumerator(atPath: folder.path) else { return }
        for case let name as String in names where !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
            let file = folder.appending(path: name)
            guard (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true else { continue }
            files[name] = file
        }
    }

    var isEmpty: Bool { files.isEmpty }

    func response(_ name: String, _ context: ServerContext) async throws -> Response {
        guard let file = files[name] else { throw APIError.notFound("page") }
        var response = try await Response.file(file, type: Self.types[file.pathExtension.lowercased()] ?? "application/octet-stream", context)
        response.headers[.contentSecurityPolicy] = policy
        response.headers[.init("Referrer-Policy")!] = "no-referrer"
        response.headers[.cacheControl] = "no-cache"
        return response
    }
}
