public import Foundation
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// What a cross-validation showed to be best: one configuration, or the average of two, with the clean-up of its masks.
///
/// On disk a JSON file beside the models, which it names by paths; `ModelOpener` opens it like a model.
public struct ConfigurationChoice: Codable, Equatable, Sendable {
    /// A configuration with the networks of its folds.
    public struct Member: Codable, Equatable, Sendable {
        /// Its name.
        public var name: String
        /// The networks, whose outputs are averaged window by window.
        public var models: [Model]

        /// A configuration.
        public init(name: String, models: [Model]) { (self.name, self.models) = (name, models) }
    }

    /// One network.
    public struct Model: Codable, Equatable, Sendable {
        /// Its bundle; a relative path begins at the folder of the file.
        public var path: String
        /// The SHA-256 of its weights' file.
        public var weights: String

        /// A network.
        public init(path: String, weights: String) { (self.path, self.weights) = (path, weights) }
    }

    /// A configuration, or a pair of them, and its score.
    public struct Candidate: Codable, Equatable, Sendable {
        /// The names of the configurations.
        public var members: [String]
        /// The mean of `structures`; nil if the Dice of one of them is not defined in any case.
        public var dice: Double?
        /// Mean Dice of each structure over the cases in which it is defined.
        public var structures: [String: Double]

        /// A candidate.
        public init(members: [String], dice: Double?, structures: [String: Double]) {
            (self.members, self.dice, self.structures) = (members, dice, structures)
        }
    }

    /// Version of the file's form.
    public private(set) var version = 1
    /// The data set.
    public var dataset: String
    /// How many cases were looked at.
    public var cases: Int
    /// What is best: one configuration, or two whose probabilities are averaged on the grid of the scan.
    public var chosen: [Member]
    /// The sets of label values whose largest part is kept, in order.
    public var keepLargest: [[Int]]
    /// All that were compared, in their order.
    public var candidates: [Candidate]
    /// A command that segments with it; nothing reads this.
    public var segment: String

    /// A choice.
    public init(dataset: String, cases: Int, chosen: [Member], keepLargest: [[Int]], candidates: [Candidate], segment: String) {
        self.dataset = dataset
        self.cases = cases
        self.chosen = chosen
        self.keepLargest = keepLargest
        self.candidates = candidates
        self.segment = segment
    }

    /// Whether a path means a choice: a file `NAME.json`.
    static func isMeant(by url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return url.pathExtension == "json" && FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && !isFolder.boolValue
    }

    /// Reads a choice and opens its models, each configuration a group.
    /// - Throws: `ConfigurationChoiceError`; what opening a bundle throws.
    static func open(_ url: URL) throws -> (ConfigurationChoice, groups: [[ModelBundle]]) {
        func fail(_ problem: String) -> ConfigurationChoiceError { ConfigurationChoiceError(path: url.path, problem: problem) }
        let choice: ConfigurationChoice
        do { choice = try JSONText.decode(from: InputFile.contents(of: url, most: 1 << 24)) } catch let error as JSONProblem { throw fail(error.sentence) }
        guard choice.version == 1 else { throw fail("its version is \(choice.version), only 1 is known here; use a newer release") }
        guard (1...2).contains(choice.chosen.count), choice.chosen.allSatisfy({ (1...64).contains($0.models.count) }) else {
            throw fail("it has \(choice.chosen.count) configurations; expected one or two, each with 1 to 64 models")
        }
        let folder = url.resolvingSymlinksInPath().deletingLastPathComponent()
        let groups = try choice.chosen.map { member in
            try member.models.map { model in
                let bundle = try ModelBundle(contentsOf: URL(fileURLWithPath: model.path, relativeTo: folder).absoluteURL)
                let found = try bundle.weightsDigest().text
                guard found == model.weights else {
                    throw fail("\(bundle.url.path) has other weights than when it was chosen (SHA-256 \(found), expected \(model.weights)); choose again")
                }
                return bundle.cleaning(PostProcessing(keepLargest: choice.keepLargest))
            }
        }
        let known = groups[0][0].plan.labels.foregroundValues
        guard choice.keepLargest.allSatisfy({ !$0.isEmpty && Set($0).isSubset(of: known) }) else {
            throw fail("it cleans up the values \(choice.keepLargest), but the labels of the models are \(known)")
        }
        return (choice, groups)
    }

    var title: String { "chosen on \(cases) cases of \(dataset): \(chosen.map(\.name).joined(separator: " and "))" }

    var notes: [String] {
        let means = chosen.count > 1 ? ["Probabilities of the two are averaged on the grid of the scan and decided there."] : []
        let cleaning = keepLargest.isEmpty ? "Masks are not cleaned up." : "The largest part of \(keepLargest) is kept."
        return means + [cleaning]
    }
}

/// Why a file is no choice that can be used.
public struct ConfigurationChoiceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it.
    public let problem: String

    /// One sentence: where, and what is wrong.
    public var description: String { "\(path): \(problem)" }
}
