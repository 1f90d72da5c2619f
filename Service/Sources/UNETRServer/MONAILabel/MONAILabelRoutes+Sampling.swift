import Foundation
import HTTPTypes
import Hummingbird
import UNETRSupport
import UNETRWork

/// Which image should be labeled next.
extension MONAILabelRoutes {
    enum Strategy {
        case first, random
        /// What the model is least certain of.
        case uncertainty(ModelDescription)

        static func all(_ models: [ModelDescription]) -> [Strategy] { [.first, .random] + models.map(Self.uncertainty) }

        var name: String {
            switch self {
            case .first: "first"
            case .random: "random"
            case .uncertainty(let model): "\(model.name)_uncertainty"
            }
        }

        var description: String {
            switch self {
            case .first: "The first image without a label"
            case .random: "Any image without a label"
            case .uncertainty(let model): "The image without a label that \(model.name) is least certain of"
            }
        }
    }

    var samplingEndpoints: [Endpoint] {
        [Endpoint(.post, "/activelearning/{strategy}") { _, context in try await nextSample(context) }]
    }

    private func nextSample(_ context: ServerContext) async throws -> Response {
        let owner = context.client.owner, name = try context.path("strategy").removingPercentEncoding ?? ""
        guard let strategy = Strategy.all(try await pool.models(of: owner)).first(where: { $0.name == name }) else { throw APIError.notFound("strategy") }
        let open = try store.openImages(of: owner)
        var image: ImageRecord?, uncertainty: Double?
        switch strategy {
        case .first: image = open.first
        case .random: image = open.randomElement()
        case .uncertainty(let model):
            // From now on this and every new image is looked at when a worker has nothing else to do.
            try store.wantScores(of: model.name, for: owner)
            await board.wake()
            let scores = try store.uncertainties(by: model.digest)
            image = open.max { scores[$0.scan] ?? -1 < scores[$1.scan] ?? -1 }
            uncertainty = image.flatMap { scores[$0.scan] }
            if uncertainty == nil { image = open.first }
        }
        guard let image, let scan = try store.scan(image.scan, of: owner) else { return .json(JSONValue.object([:])) }
        var sample: [String: JSONValue] = ["id": .string(image.name), "name": .string(image.name), "path": .string(FileName.stem(image.name) + ".nii.gz")]
        // Of the bytes that are handed out, which of other formats are not those of the file.
        if scan.file == "scan.nii.gz" { sample["checksum"] = .string("SHA256:\(scan.digest)") }
        if let uncertainty { sample["uncertainty"] = .number(uncertainty) }
        return .json(JSONValue.object(sample))
    }
}
