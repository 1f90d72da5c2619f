public import Foundation
public import Preparation
import Support

/// A training run's folder: `run.json`, `log.jsonl`, `timing.jsonl`, `progress.svg`, TensorBoard's `events.out.tfevents.…`, `latest/` and
/// `best/` checkpoints, `model.unetrpp`, and `validation/` with the masks and scores of the validation cases.
public struct TrainingRun: Sendable {
    public let folder: URL

    public init(folder: URL) { self.folder = folder }

    /// Everything needed to repeat the run.
    public struct Description: Codable, Equatable, Sendable {
        public var version = 1
        public var plan: Plan
        public var configuration: TrainingConfiguration
        /// Folder of the prepared cases.
        public var prepared: String
        public var fold: Fold
        /// Weights the run starts from (a bundle or a weights file); nil: new ones.
        public var initial: String?
        /// The label files that the last validation is scored against, by case.
        public var references: [String: String] = [:]

        public init(
            plan: Plan, configuration: TrainingConfiguration, prepared: String, fold: Fold, initial: String? = nil,
            references: [String: String] = [:]
        ) {
            self.plan = plan
            self.configuration = configuration
            self.prepared = prepared
            self.fold = fold
            self.initial = initial
            self.references = references
        }
    }

    var descriptionURL: URL { folder.appending(path: "run.json") }
    public var latest: URL { folder.appending(path: "latest/checkpoint.safetensors") }
    public var best: URL { folder.appending(path: "best/checkpoint.safetensors") }
    public var log: URL { folder.appending(path: "log.jsonl") }
    var timing: URL { folder.appending(path: "timing.jsonl") }
    public var progress: URL { folder.appending(path: "progress.svg") }
    /// Masks and scores of the last validation.
    public var validation: URL { folder.appending(path: "validation") }
    public var model: URL { folder.appending(path: "model.unetrpp") }

    public var exists: Bool { FileManager.default.fileExists(atPath: descriptionURL.path) }

    public func readDescription() throws -> Description {
        guard let data = try? Data(contentsOf: descriptionURL) else {
            throw TrainingError.notARun(path: folder.path, problem: "run.json is missing")
        }
        do { return try JSONText.decode(from: data) } catch {
            throw TrainingError.notARun(path: folder.path, problem: "run.json cannot be read: \(error)")
        }
    }

    func write(_ description: Description) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(encoder.encode(description), to: descriptionURL)
    }

    /// The epochs logged so far.
    public func records() -> [EpochRecord] { Self.lines(of: log) }

    private static func lines<Line: Decodable>(of url: URL) -> [Line] {
        let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    /// Puts the lines of the first `epoch` epochs and a new one into a log: a killed run may have logged an epoch whose checkpoint it did
    /// not write.
    func append(_ record: EpochRecord, _ timing: EpochTiming) throws {
        try Self.write(records().filter { $0.epoch < record.epoch } + [record], to: log)
        try Self.write(Self.lines(of: self.timing).filter { (line: EpochTiming) in line.epoch < timing.epoch } + [timing], to: self.timing)
    }

    private static func write<Line: Encodable>(_ lines: [Line], to url: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var data = Data()
        for line in lines {
            data += try encoder.encode(line)
            data.append(UInt8(ascii: "\n"))
        }
        try AtomicFile.write(data, to: url)
    }
}
