import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import UNETRDICOMWeb

/// OHIF at `/ohif/`, and the way to the archive that it shows, under the paths that MONAI Label's build of it asks.
struct OHIFRoutes: Sendable {
    var files: StaticFiles
    var archives: ArchiveDesk

    /// The viewer makes code while it runs (WebAssembly, templates), and has a script in its page. Nothing comes from elsewhere.
    private static let policy =
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        + "img-src 'self' blob: data:; font-src 'self' data:; connect-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

    /// Whether connections are encrypted.
    private var isEncrypted: Bool

    init(_ configuration: ServerConfiguration, archives: ArchiveDesk) {
        files = StaticFiles(configuration.ohif, policy: Self.policy)
        isEncrypted = configuration.tls != nil
        self.archives = archives
    }

    var endpoints: [Endpoint] {
        guard !files.isEmpty else { return [] }
        return [
            Endpoint(.get, "/ohif", isOpen: true) { request, context in
                guard request.uri.path.hasSuffix("/") else { return Response(status: .movedPermanently, headers: [.location: "/ohif/"]) }
                return try await page(request, context)
            },
            Endpoint(.get, "/ohif/**", isOpen: true) { request, context in
                let name = (request.uri.path.removingPercentEncoding ?? "").drop { $0 == "/" }.dropFirst("ohif/".count)
                // The viewer's own places, such as /ohif/viewer, are all one page.
                let isPlace = !name.split(separator: "/").contains { $0.contains(".") }
                return isPlace ? try await page(request, context) : try await files.response(String(name), context)
            },
            Endpoint(.get, "/proxy/dicom/qido/**") { request, context in try await archived(request, context) },
            Endpoint(.get, "/proxy/dicom/wado/**") { request, context in try await archived(request, context) },
        ]
    }

    private static let server = "MONAILABEL_SERVER_URL"

    /// The viewer's page. Its panel remembers the server's address in a cookie, and without one asks another port.
    private func page(_ request: Request, _ context: ServerContext) async throws -> Response {
        var response = try await files.response("index.html", context)
        if let host = request.head.authority, request.headers[.cookie]?.contains("\(Self.server)=") != true {
            let address = "\(isEncrypted ? "https" : "http")://\(host)/".addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            response.headers[.setCookie] = "\(Self.server)=\(address); Path=/ohif; SameSite=Strict"
        }
        return response
    }

    private func archived(_ request: Request, _ context: ServerContext) async throws -> Response {
        let path = request.uri.path.split(separator: "/").dropFirst(3).joined(separator: "/")
        let answer = try await archives.answer(path, query: request.uri.query, accept: request.headers[.accept] ?? "*/*", for: context.client)
        var headers: HTTPFields = [:]
        if let type = answer.type { headers[.contentType] = type }
        return Response(status: .init(code: answer.status), headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}
