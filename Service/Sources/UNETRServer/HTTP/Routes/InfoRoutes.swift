import CoreMetrics
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
    var metrics: MetricsRegistry
    let started = Date()

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
                let text = try await figures()
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

    private func figures() async throws -> String {
        let counts = await board.counts, jobs = try store.countJobs(), ended = await board.ended
        func gauge(_ name: String, _ value: some BinaryInteger, _ labels: (String, String)...) {
            Meter(label: "unetrpp_\(name)", dimensions: labels, factory: metrics).set(value)
        }
        gauge("up_seconds", Int(-started.timeIntervalSinceNow))
        for state in [JobState.queued, .running, .done, .failed, .canceled] {
            gauge("jobs", jobs[state] ?? 0, ("state", state.rawValue))
            if let count = ended[state] { gauge("jobs_ended_total", count, ("state", state.rawValue)) }
        }
        gauge("jobs_waiting", counts.waiting)
        gauge("jobs_running", counts.running)
        gauge("event_streams", counts.watchers)
        gauge("workers", await pool.devices.count)
        gauge("stored_bytes", store.usedBytes)
        return metrics.text
    }
}
