public import Foundation
public import UNETRPlanning
public import UNETRPreparation
public import UNETRSupport

/// A training run's folder: `run.json`, `log.jsonl`, `timing.jsonl`, `progress.svg`, TensorBoard's `events.out.tfevents.…`, `latest/` and
/// `best/` checkpoints, `model.unetrpp`, and `validation/` with the masks and scores of the validation cases.
public struct TrainingRun: Sendable {
    /// The folder.
    public let folder: URL

    /// The run in this folder, which need not exist yet.
    public init(folder: URL) { self.folder = folder }

    /// Everything needed to repeat the run.
    public struct Description: Codable, Equatable, Sendable {
        /// Version of the file's form.
        public var version = 1
        /// The plan.
        public var plan: Plan
        /// The settings.
        public var configuration: TrainingConfiguration
        /// Folder of the prepared cases.
        public var prepared: String
        /// The cases.
        public var fold: Fold
        /// Weights the run starts from (a bundle or a weights file; a relative path begins at the run's folder); nil: new ones.
        public var initial: String?
        /// The model that those were made from; nil where the run tunes none.
        public var finetuned: TunedModel?
        /// The label files that the last validation is scored against, by case.
        public var references: [String: String] = [:]
        /// Where the choice of cases came from; nil where nobody said.
        public var split: SplitOrigin?
        /// The budget that the number of epochs follows from; nil where the settings say it.
        public var budget: LaidBudget?

        /// A description from its parts.
        public init(
            plan: Plan, configuration: TrainingConfiguration, prepared: String, fold: Fold, initial: String? = nil,
            references: [String: String] = [:], split: SplitOrigin? = nil
        ) {
            self.plan = plan
            self.configuration = configuration
            self.prepared = prepared
            self.fold = fold
            self.initial = initial
            self.references = references
            self.split = split
        }
    }

    /// A model that a run goes on from with other data.
    public struct TunedModel: Codable, Equatable, Sendable {
        /// Its name.
        public var name: String
        /// SHA-256 of its weights' file.
        public var digest: String
        /// What was not taken over as it was, a sentence each.
        public var notes: [String]

        /// A model from its name, digest and what is told about it.
        public init(name: String, digest: String, notes: [String]) {
            self.name = name
            self.digest = digest
            self.notes = notes
        }

        /// One line for people.
        public var title: String { "tuned further from \(name), whose weights have the SHA-256 \(digest)" }
    }

    /// The file of first weights that a run has in its own folder.
    public static let initialWeights = "initial.safetensors"

    /// A budget, and what a run's length was laid by.
    public struct LaidBudget: Codable, Equatable, Sendable {
        /// The budget.
        public var budget: TrainingBudget
        /// The settings of an epoch as they were asked for, which the budget may have shortened.
        public var asked: Epoch
        /// What was measured; nil for a budget of voxels.
        public var measured: TrainingTimes?
        /// Seconds that the whole run was to take by that.
        public var expected: Double?

        /// The settings that a budget changes, besides the number of epochs.
        public struct Epoch: Codable, Equatable, Sendable {
            /// Steps in an epoch.
            public var iterationsPerEpoch: Int
            /// Batches of the estimate.
            public var estimationIterations: Int
            /// Epochs from one validation to the next.
            public var validationInterval: Int

            init(of configuration: TrainingConfiguration) {
                iterationsPerEpoch = configuration.iterationsPerEpoch
                estimationIterations = configuration.estimationIterations
                validationInterval = configuration.validationInterval
            }

            /// Puts them into settings.
            public func restore(in configuration: inout TrainingConfiguration) {
                configuration.iterationsPerEpoch = iterationsPerEpoch
                configuration.estimationIterations = estimationIterations
                configuration.validationInterval = validationInterval
            }
        }
    }

    var descriptionURL: URL { folder.appending(path: "run.json") }
    private var digestURL: URL { folder.appending(path: "run.json.sha256") }
    /// The checkpoint of the last complete epoch.
    public var latest: URL { folder.appending(path: "latest/checkpoint.safetensors") }
    /// The checkpoint of the best epoch.
    public var best: URL { folder.appending(path: "best/checkpoint.safetensors") }
    /// One JSON object for each epoch.
    public var log: URL { folder.appending(path: "log.jsonl") }
    /// A checkpoint that is written to see how long that takes.
    var trial: URL { folder.appending(path: "latest/trial.safetensors") }
    var timing: URL { folder.appending(path: "timing.jsonl") }
    /// The chart.
    public var progress: URL { folder.appending(path: "progress.svg") }
    /// Masks and scores of the last validation.
    public var validation: URL { folder.appending(path: "validation") }
    /// The finished model.
    public var model: URL { folder.appending(path: "model.unetrpp") }

    /// Whether the folder holds a run.
    public var exists: Bool { FileManager.default.fileExists(atPath: descriptionURL.path) }

    /// Reads `run.json`.
    ///
    /// - Throws: `TrainingError.notARun` if it is missing or damaged.
    public func readDescription() throws -> Description {
        guard exists else { throw TrainingError.notARun(path: folder.path, problem: "run.json is missing") }
        let data = try InputFile.contents(of: descriptionURL)
        // Older runs have no digest.
        if FileManager.default.fileExists(atPath: digestURL.path) {
            let expected = String(decoding: try InputFile.contents(of: digestURL, most: 1 << 12).prefix(64), as: UTF8.self)
            guard expected == SHA256Digest(of: data).text else {
                throw TrainingError.notARun(
                    path: folder.path, problem: "run.json is damaged or was changed: it is not what \(digestURL.lastPathComponent) was written for")
            }
        }
        do { return try JSONText.decode(from: data) } catch {
            throw TrainingError.notARun(path: folder.path, problem: "run.json cannot be read: \(error)")
        }
    }

    func write(_ description: Description) throws {
        let data = try JSONText.encode(description)
        // First, so that a description that is there has one; `sha256sum -c` reads it.
        try AtomicFile.write(Data("\(SHA256Digest(of: data))  \(descriptionURL.lastPathComponent)\n".utf8), to: digestURL)
        try AtomicFile.write(data, to: descriptionURL)
    }

    /// The epochs logged so far.
    public func records() -> [EpochRecord] { Self.lines(of: log) }

    private static func lines<Line: Decodable>(of url: URL) -> [Line] {
        let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    /// Puts an epoch's line into the log, behind those of the epochs before it.
    func append(_ record: EpochRecord) throws {
        try Self.write(records().filter { $0.epoch < record.epoch } + [record], to: log)
    }

    /// The same for its times.
    func append(_ timing: EpochTiming) throws {
        try Self.write(timings().filter { $0.epoch < timing.epoch } + [timing], to: self.timing)
    }

    func timings() -> [EpochTiming] { Self.lines(of: timing) }

    /// Takes the lines of later epochs out of the log and the times.
    func cut(after epoch: Int) throws {
        let (records, timings) = (records(), timings())
        if records.contains(where: { $0.epoch > epoch }) { try Self.write(records.filter { $0.epoch <= epoch }, to: log) }
        if timings.contains(where: { $0.epoch > epoch }) { try Self.write(timings.filter { $0.epoch <= epoch }, to: timing) }
    }

    /// A line without its end.
    static func line(_ value: some Encodable) throws -> Data { try JSONText.encode(value, .plainLine) }

    private static func write(_ lines: [some Encodable], to url: URL) throws {
        var data = Data()
        for line in lines {
            data += try Self.line(line)
            data.append(UInt8(ascii: "\n"))
        }
        try AtomicFile.write(data, to: url)
    }

    /// Keeps the run's folder for one process, as long as the result lives.
    /// - Throws: `FolderInUse` when another has it.
    public func lock() throws -> FolderLock { try FolderLock(folder) }

    /// Removes what killed processes left half written.
    func removeAbandoned() {
        try? FileManager.default.removeItem(at: trial)
        for folder in [folder, latest.deletingLastPathComponent(), best.deletingLastPathComponent(), validation] {
            AtomicFile.removeAbandoned(in: folder)
        }
    }
}
