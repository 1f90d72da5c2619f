public import Foundation
import UNETRArchitectures
import UNETRArchives
import UNETRPlanning
import UNETRSupport

/// A model as a folder in the form of the Hugging Face Hub: `config.json`, `model.safetensors`, and the card as `README.md`.
///
/// `config.json` has the plan under the key `plan`. Weights have the keys and the type that they have in the bundle.
public enum HuggingFaceFolder {
    static let configurationFile = "config.json", modelType = "unetrpp", cardFile = "README.md"

    struct Configuration: Codable {
        var modelType: String
        var architectures: [String]?
        var plan: Plan?

        private enum CodingKeys: String, CodingKey {
            case architectures, plan
            case modelType = "model_type"
        }
    }

    /// Whether a folder has the two files, and is no bundle.
    static func isMeant(by folder: URL) -> Bool {
        let files = FileManager.default
        return [configurationFile, ModelBundle.weightsFile].allSatisfy { files.fileExists(atPath: folder.appending(path: $0).path) }
            && !files.fileExists(atPath: folder.appending(path: ModelBundle.planFile).path)
    }

    /// Writes a bundle in that form, in one move. Ranges for 8 bits have no place there.
    ///
    /// - Throws: `BundleDigestError` if the bundle is not what its digests say; `FileError`; what reading it throws.
    public static func write(_ bundle: ModelBundle, to url: URL) throws {
        let configuration = Configuration(
            modelType: modelType, architectures: [bundle.network.architecture.rawValue], plan: bundle.plan)
        let state = try bundle.state()
        let card = (try? InputFile.contents(of: bundle.url.appending(path: ModelBundle.cardFile), most: 1 << 24)) ?? Data()
        try ModelBundle.replace(url) { folder in
            try AtomicFile.makeFolder(folder)
            // Readers of the Hub's files look for the format in the file's own description.
            try state.write(to: folder.appending(path: ModelBundle.weightsFile), metadata: ["format": "pt"])
            try AtomicFile.write(JSONText.encode(configuration), to: folder.appending(path: configurationFile))
            try AtomicFile.write(Data(header.utf8) + card, to: folder.appending(path: cardFile))
        }
    }

    /// What the Hub reads of a card.
    private static let header = """
        ---
        library_name: unetrpp
        pipeline_tag: image-segmentation
        tags: [medical, "3d"]
        ---

        """
}

/// Models of this package in the form of the Hugging Face Hub.
public struct HuggingFaceImporter: ModelImporter {
    /// An importer.
    public init() {}

    /// The tool and its files, for people.
    public let description = "folders with config.json and model.safetensors, as the Hugging Face Hub has them"

    /// Whether it is one of the two files.
    public func reads(_ name: String, _ choice: ModelChoice) -> Bool {
        let file = name.split(separator: "/").last.map(String.init)
        return file == HuggingFaceFolder.configurationFile || file == ModelBundle.weightsFile
    }

    /// The model that lies at a place; nil if the place holds none of this form.
    public func model(at place: URL, _ choice: ModelChoice) throws -> ImportedModel? {
        guard HuggingFaceFolder.isMeant(by: place) else { return nil }
        guard choice == ModelChoice() else { throw ModelImportError.nothingToChoose(path: place.path) }
        let file = place.appending(path: HuggingFaceFolder.configurationFile)
        // Models of others have other members, which need not be understood to say whose they are.
        let kind = try Plan.decode(JSONValue.self, from: file)["model_type"]?.string
        guard kind == HuggingFaceFolder.modelType else {
            throw ModelImportError.network(path: file.path, name: kind ?? "(it has no model_type)")
        }
        guard let plan = try Plan.decode(HuggingFaceFolder.Configuration.self, from: file).plan else {
            throw PlanError.unreadable(path: file.path, problem: "it has no plan")
        }
        return ImportedModel(
            title: "Hugging Face folder: \(plan.dataset)", plan: plan,
            members: [.init(name: "model", checkpoint: place.appending(path: ModelBundle.weightsFile))], notes: [])
    }
}
