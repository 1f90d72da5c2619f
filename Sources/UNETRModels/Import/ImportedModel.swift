public import Foundation
public import UNETRArchives
public import UNETRPlanning

/// Another tool's model, read as one of ours: one plan, and the weights of the networks that are averaged; of an ensemble several such.
public struct ImportedModel: Sendable {
    /// What the model is, for people: tool, data set, trainer, configuration.
    public let title: String

    /// How scans become input and outputs become masks.
    public let plan: Plan

    /// The networks, such as one for each fold.
    public let members: [Member]

    /// What was read and how it is understood, in sentences.
    public let notes: [String]

    /// Models of other plans whose probabilities are averaged with this one's on the grid of the scan.
    public var others: [ImportedModel] = []

    /// One trained network.
    public struct Member: Sendable {
        /// Such as "fold_0".
        public let name: String

        /// The file with the weights.
        public let checkpoint: URL

        /// The weights, under the keys of the tool.
        /// - Throws: what reading the checkpoint throws.
        public func state() throws -> StateDictionary { try WeightsFile.read(checkpoint) }
    }
}

/// Reads the models of another tool. A tool is added by a folder in `Import` and a line in `ModelImporters.all`.
public protocol ModelImporter: Sendable {
    /// The tool and its files, for people.
    var description: String { get }

    /// The model that lies at a place; nil if the place holds none of this tool's.
    /// - Throws: `ModelImportError` and what reading the files throws, for a model of this tool that cannot be used.
    func model(at place: URL, _ choice: ModelChoice) throws -> ImportedModel?

    /// Whether a file of an archive is needed to read this tool's models, by its path there. Others are not unpacked.
    func reads(_ name: String, _ choice: ModelChoice) -> Bool
}

/// The tools whose models are read.
public enum ModelImporters {
    /// All of them, in the order in which they are asked.
    public static let all: [any ModelImporter] = [NNUNetV2Importer(), NNUNetV1Importer(), MONAIBundleImporter(), HuggingFaceImporter()]
}
