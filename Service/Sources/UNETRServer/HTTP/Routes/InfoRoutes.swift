import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import UNETRWork

/// What the server is, can do, and how it is.
struct InfoRoutes: Sendable {
    var configuration: ServerConfiguration
    var store: Store
    var board: JobBoard
    var pool: WorkerPool
    var archives: ArchiveDesk
    var counters: Counters

    private struct Info: Encodable {
        struct Limits: Encodable {
            var uploadBytes: Int
            var keepSeconds: Int
        }

        var name = "unetrpp"
        var version: String
        var devices: [String]
        var limits: Limits
        var authentication: Bool
        var archives: [String]
    }

    /// A model and whether it answers at once.
    private struct ModelView: Encodable {
        var model: ModelDescription
        var state: String

        private enum Key: CodingKey { case state }

        func encode(to encoder: any Encoder) throws {
            try model.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(state, forKey: .state)
        }
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/v1/models") { _, context in
                var models: [ModelView] = []
                for model in try await pool.models(of: context.client.owner) { models.append(ModelView(model: model, state: await pool.state(of: model.name))) }
                return .json(["models": models])
            },
            Endpoint(.get, "/v1/info") { _, context in
                .json(
                    Info(
                        version: await pool.version ?? "", devices: await pool.devices,
                        limits: .init(uploadBytes: configuration.uploadBytes, keepSeconds: Int(configuration.keep)),
                        authentication: !configuration.tokens.isEmpty, archives: archives.names(for: context.client)))
            },
            Endpoint(.get, "/health", isOpen: true) { _, _ in .json(["status": "ok"]) },
            Endpoint(.get, "/ready", isOpen: true) { _, _ in
                guard await pool.isReady, await !board.isClosed else {
                    throw APIError(.serviceUnavailable, "not_ready", "not every device has a worker that takes jobs", retryAfter: 2)
                }
                return .json(["status": "ok"])
            },
            Endpoint(.get, "/metrics", isOpen: true) { _, _ in
                let text = try await metrics()
                return Response(
                    status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: text)))
            },
            Endpoint(.get, "/v1/openapi.json", isOpen: true) { _, _ in
                Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: .init(byteBuffer: ByteBuffer(bytes: try OpenAPI.document(version: await pool.version ?? "0"))))
            },
        ]
    }

    private func metrics() async throws -> String {
        let counts = await board.counts, jobs = try store.countJobs(), ended = await board.ended
        var text = MetricsText()
        text.add("up_seconds", "gauge", "Seconds since the start.", [("", -counters.started.timeIntervalSinceNow.rounded())])
        text.add(
            "requests_total", "counter", "Answers by status.",
            counters.statuses.sorted { $0.key < $1.key }.map { ("status=\"\($0.key)\"", Double($0.value)) })
        text.add("uploaded_bytes_total", "counter", "Bytes of scans that came.", [("", Double(counters.uploadedBytes))])
        text.add(
            "jobs", "gauge", "Jobs in the store by state.",
            jobs.sorted { $0.key.rawValue < $1.key.rawValue }.map { ("state=\"\($0.key.rawValue)\"", Double($0.value)) })
        text.add(
            "jobs_ended_total", "counter", "Jobs that ended since the start.",
            ended.sorted { $0.key.rawValue < $1.key.rawValue }.map { ("state=\"\($0.key.rawValue)\"", Double($0.value)) })
        text.add("jobs_waiting", "gauge", "Jobs in the queue.", [("", Double(counts.waiting))])
        text.add("jobs_running", "gauge", "Jobs under way.", [("", Double(counts.running))])
        text.add("event_streams", "gauge", "Streams of events that are open.", [("", Double(counts.watchers))])
        text.add("workers", "gauge", "Workers that take jobs.", [("", Double(await pool.devices.count))])
        text.add("stored_bytes", "gauge", "Bytes on the disk.", [("", Double(store.usedBytes))])
        return text.text
    }
}
