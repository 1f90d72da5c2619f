import Foundation
import HTTPTypes
import Hummingbird
import UNETRSupport

/// Scans that are kept for some work; the identifier of the scan is that of the session.
extension MONAILabelRoutes {
    var sessionEndpoints: [Endpoint] {
        [
            Endpoint(.put, "/session") { request, context in try await createSession(request, context) },
            Endpoint(.get, "/session/{id}") { _, context in .json(try SessionView(session(context))) },
            Endpoint(.delete, "/session/{id}") { _, context in
                guard try store.remove(session(context)) else { throw APIError(.conflict, "in_use", "a job needs the session's scan") }
                return .json(JSONValue.object([:]))
            },
        ]
    }

    private struct SessionView: Encodable {
        var name: String
        var image: String
        var created: Int
        var expiry: Int

        private enum CodingKeys: String, CodingKey {
            case name, image, expiry
            case created = "create_ts"
        }

        init(_ scan: ScanRecord) {
            (name, image, created) = (scan.id, scan.name, Int(scan.created.timeIntervalSince1970))
            expiry = Int(min(scan.expires.timeIntervalSince(scan.created), 1e9))
        }
    }

    private struct NewSession: Encodable {
        var id: String
        var info: SessionView

        private enum CodingKeys: String, CodingKey {
            case id = "session_id"
            case info = "session_info"
        }
    }

    private func createSession(_ request: Request, _ context: ServerContext) async throws -> Response {
        try scans.checkRoom(for: request)
        let form = try await ReceivedForm.receive(request, store, limits)
        defer { form.discard() }
        guard let file = form.files["files"] else { throw APIError(.unprocessableContent, "bad_form", field: "files", "the form has no file") }
        let scan = try await scans.take(file.url, file.upload, name: file.name, series: nil, owner: context.client.owner)
        return .json(NewSession(id: scan.id, info: SessionView(scan)))
    }

    private func session(_ context: ServerContext) throws -> ScanRecord {
        guard let scan = try store.scan(context.path("id"), of: context.client.owner) else { throw APIError.notFound("session") }
        return scan
    }
}
