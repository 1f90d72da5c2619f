public import Foundation
public import UNETRArchitectures
public import UNETRArchives
import UNETRPlanning
import UNETRSupport

/// Opens models by any of their names: a bundle, or another tool's folder or zip file, which is converted once into a cache of bundles.
///
/// No pickle is executed, and of a checkpoint only the network's weights are taken. A cached bundle is found by the digests of plan and
/// weights, so a model that changes is converted anew.
public struct ModelOpener: Sendable {
    /// Brings a checkpoint's weights under the keys of a network, and checks every key and shape.
    public typealias Translation = @Sendable (_ state: StateDictionary, _ network: NetworkDescription) throws -> StateDictionary

    /// Where converted models are kept; nobody but the user may write in it.
    public var cache: URL

    private let translate: Translation

    /// An opener.
    ///
    /// - Parameters:
    ///   - cache: where converted models are kept; nil: the user's folder for caches.
    ///   - translate: checks and orders weights, as the networks that compute can.
    public init(cache: URL? = nil, translate: @escaping Translation) {
        self.cache = cache ?? CacheFolder.standard.appending(path: "models")
        self.translate = translate
    }

    /// What was opened.
    public struct Opened: Sendable {
        /// The bundles in groups: those of a group, which have one plan, are averaged window by window, and the probabilities of several
        /// groups on the grid of the scan. Of a task all parts are one group.
        public let groups: [[ModelBundle]]

        /// All bundles.
        public var bundles: [ModelBundle] { groups.flatMap { $0 } }

        /// What the bundles make together; nil where their results are averaged.
        public var task: ModelTask?

        /// What a model of another tool is, or a choice of several, and how it is understood; nil for a bundle.
        public let imported: Description?
    }

    /// What is told about a model of another tool.
    public struct Description: Codable, Equatable, Sendable {
        /// Tool, data set, trainer, configuration.
        public let title: String

        /// The networks, such as "fold_0".
        public let members: [String]

        /// What was read and how it is understood, in sentences.
        public let notes: [String]
    }

    /// Opens the model at a place.
    ///
    /// - Parameters:
    ///   - url: a bundle, a task, or another tool's folder, checkpoint or zip file.
    ///   - choice: which of several models is meant; bundles have nothing to choose.
    /// - Throws: `ModelImportError`, `ModelError`, `ArchiveError`, `PlanError`, `FileError`, `PrivateFolderError`, and what the translation throws.
    public func open(_ url: URL, _ choice: ModelChoice = ModelChoice()) throws -> Opened {
        if ModelTask.isTask(url) {
            guard choice == ModelChoice() else { throw ModelImportError.nothingToChoose(path: url.path) }
            let (task, parts) = try ModelTask.open(url)
            return Opened(groups: [parts], task: task, imported: nil)
        }
        if ModelBundle.isMeant(by: url) {
            guard choice == ModelChoice() else { throw ModelImportError.nothingToChoose(path: url.path) }
            return Opened(groups: [[try ModelBundle(contentsOf: url)]], imported: nil)
        }
        if ConfigurationChoice.isMeant(by: url) {
            guard choice == ModelChoice() else { throw ModelImportError.nothingToChoose(path: url.path) }
            let (found, groups) = try ConfigurationChoice.open(url)
            let description = Description(title: found.title, members: found.chosen.flatMap { $0.models.map(\.path) }, notes: found.notes)
            return Opened(groups: groups, imported: description)
        }
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw ModelError.notABundle(path: url.path, problem: "there is no such file or folder")
        }
        try PrivateFolder.make(cache)
        _ = try PrivateFolder(cache)
        // Checkpoints are zip files as well.
        if ZipArchive.recognizes(url), !["pth", "pt", "ts"].contains(url.pathExtension.lowercased()) { return try openArchive(url, choice) }
        guard let opened = try open(foreign: url, choice) else { throw Self.unknown(url) }
        return opened
    }

    private static func unknown(_ url: URL) -> ModelImportError {
        .unknown(path: url.path, known: ["model bundles (folders with plan.json and model.safetensors)"] + ModelImporters.all.map(\.description))
    }

    /// What another tool's folder or checkpoint holds; nil if no tool knows it.
    private func open(foreign url: URL, _ choice: ModelChoice) throws -> Opened? {
        for importer in ModelImporters.all {
            guard let model = try importer.model(at: url, choice) else { continue }
            let models = [model] + model.others
            return Opened(
                groups: try models.map { model in try model.members.map { try bundle(of: $0, model) } },
                imported: Description(title: model.title, members: models.flatMap(\.members).map(\.name), notes: model.notes))
        }
        return nil
    }

    /// The bundle of a network, from the cache or made now.
    private func bundle(of member: ImportedModel.Member, _ model: ImportedModel) throws -> ModelBundle {
        var key = SHA256Digest.Hasher()
        key.add("import \(Self.version) ")
        try model.plan.json().withUnsafeBytes { key.add($0) }
        key.add(try SHA256Digest(ofFile: member.checkpoint).text)
        let url = cache.appending(path: "\(key.finish().text).unetrpp")
        if ModelBundle.isBundle(url), let known = try? ModelBundle(contentsOf: url) { return known }
        let network = try model.plan.networkDescription()
        let state: StateDictionary
        do { state = try translate(member.state(), network) } catch let error as StateError {
            throw ModelImportError.weights(path: member.checkpoint.path, problem: "\(error)")
        }
        return try ModelBundle.write(plan: model.plan, state: state, card: Self.card(model, member), to: url)
    }

    /// Counted up when the same files are understood in another way.
    private static let version = 1

    private static func card(_ model: ImportedModel, _ member: ImportedModel.Member) -> String {
        """
        # \(model.title), \(member.name)

        Converted from `\(member.checkpoint.lastPathComponent)`. Data, license, protocol and scores: not stated.

        \(model.notes.map { "- \($0)" }.joined(separator: "\n"))

        """
    }
}

extension ModelOpener {
    /// What was once found in an archive.
    private struct Known: Codable {
        var description: Description
        /// Names of the bundles in the cache.
        var groups: [[String]]
    }

    private func openArchive(_ url: URL, _ choice: ModelChoice) throws -> Opened {
        let key = SHA256Digest(of: Data("archive \(Self.version) \(try SHA256Digest(ofFile: url)) \(choice)".utf8)).text
        let record = cache.appending(path: "\(key).json")
        if let data = try? InputFile.contents(of: record, most: 1 << 20), let known = try? JSONDecoder().decode(Known.self, from: data),
            let groups = try? known.groups.map({ try $0.map { try ModelBundle(contentsOf: cache.appending(path: $0)) } })
        {
            return Opened(groups: groups, imported: known.description)
        }
        let archive = try ZipArchive(contentsOf: url)
        let folder = TemporaryName.next(for: cache.appending(path: key))
        PartialFiles.begin(folder)
        defer {
            try? FileManager.default.removeItem(at: folder)
            PartialFiles.end(folder)
        }
        let wanted = archive.names.filter { name in ModelImporters.all.contains { $0.reads(name, choice) } }
        guard !wanted.isEmpty else { throw Self.unknown(url) }
        for name in wanted { try archive.extract(name, into: folder) }
        let opened: Opened
        do {
            guard let found = try open(foreign: folder, choice) else { throw Self.unknown(url) }
            opened = found
        } catch {
            // The folder is gone when the sentence is read.
            let sentence = "\(error)"
            guard sentence.contains(folder.path) else { throw error }
            throw ModelImportError.archive(
                sentence: sentence.replacingOccurrences(of: folder.path, with: url.path), cause: error as? ModelImportError)
        }
        if let description = opened.imported {
            try AtomicFile.write(JSONText.encode(Known(description: description, groups: opened.groups.map { $0.map(\.url.lastPathComponent) })), to: record)
        }
        return opened
    }
}

extension ModelBundle {
    /// Whether a folder has the files of a bundle.
    public static func isBundle(_ url: URL) -> Bool { requiredFiles.allSatisfy { has($0, url) } }

    /// Whether a folder is a bundle, or was to be one: by its name or one of its files.
    static func isMeant(by url: URL) -> Bool {
        url.pathExtension == "unetrpp" || requiredFiles.contains { has($0, url) } && !HuggingFaceFolder.isMeant(by: url)
    }

    private static func has(_ file: String, _ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.appending(path: file).path) }
}
