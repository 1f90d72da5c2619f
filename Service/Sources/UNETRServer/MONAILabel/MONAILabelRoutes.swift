import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import UNETRSupport
import UNETRVolumes
import UNETRWork

/// The API of MONAI Label, as its clients in 3D Slicer and OHIF use it: models are listed and run, scans are kept under names, corrected masks are saved, and
/// models are trained further on them.
struct MONAILabelRoutes: Sendable {
    var configuration: ServerConfiguration
    var store: Store
    var board: JobBoard
    var pool: WorkerPool
    var lanes: Lanes
    var limits: Upload.Limits
    var scans: ScanRoutes
    var jobs: JobRoutes
    var archives: ArchiveDesk
    var trainings: Trainings

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/auth", isOpen: true) { _, _ in .json(["enabled": !configuration.tokens.isEmpty]) },
            Endpoint(.post, "/auth/token", isOpen: true) { request, _ in try await token(request) },
            Endpoint(.get, "/auth/token/valid") { _, _ in .json(["valid": true]) },
            Endpoint(.get, "/info") { _, context in .json(try await info(context.client.owner)) },
        ] + samplingEndpoints + sessionEndpoints + datastoreEndpoints + inferenceEndpoints + trainingEndpoints
    }

    // MARK: Who asks

    /// A token for a name and a password, which is the token itself: clients know no other way to show one.
    private func token(_ request: Request) async throws -> Response {
        let body = try await Upload.receive(request, most: 1 << 12, limits)
        var form = URLComponents()
        form.percentEncodedQuery = String(decoding: body, as: UTF8.self).replacingOccurrences(of: "+", with: "%20").filter { $0.isASCII && !$0.isNewline }
        let password = form.queryItems?.first { $0.name == "password" }?.value ?? ""
        guard AccessToken.matching(password, in: configuration.tokens) != nil else { throw APIError(.unauthorized, "unauthorized", "the token is not known") }
        return .json(["access_token": password, "token_type": "bearer"])
    }

    // MARK: What there is

    private func info(_ owner: String) async throws -> JSONValue {
        let models = try await pool.models(of: owner)
        func text(_ text: String) -> JSONValue { .string(text) }
        let described = models.map { model in
            (
                model.name,
                JSONValue.object([
                    "type": text("segmentation"), "dimension": .integer(3), "description": text(model.title), "config": .object([:]),
                    "labels": .object(Dictionary(model.labels.map { ($0.name, JSONValue.integer($0.value)) }) { first, _ in first }),
                ])
            )
        }
        let strategies = Strategy.all(models).map { ($0.name, JSONValue.object(["description": text($0.description)])) }
        let trainers = models.map { ($0.name, Self.trainer($0)) }
        return .object([
            "name": text("unetrpp"), "description": text("3-D segmentation with UNETR++ and others"), "version": text(await pool.version ?? ""),
            "labels": .array(models.flatMap(\.labels).map(\.name).uniqued.map(text)),
            "models": .object(Dictionary(described) { first, _ in first }),
            "trainers": .object(Dictionary(trainers) { first, _ in first }), "scoring": .object([:]), "train_stats": try trainingFigures(owner),
            "strategies": .object(Dictionary(strategies) { first, _ in first }),
            "datastore": try status(owner),
        ])
    }
}

extension [String] {
    /// Each once, where it comes first.
    fileprivate var uniqued: [String] { reduce(into: []) { list, text in if !list.contains(text) { list.append(text) } } }
}
