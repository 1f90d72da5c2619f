public import Foundation
public import UNETREvaluation
public import UNETRSupport

/// The comparison of models on the same cases: the first with each other one, and a ranking of more than two.
///
///     let models = [ModelComparison.Model(name: "ours", source: ours), ModelComparison.Model(name: "theirs", source: theirs)]
///     var options = ModelComparison.Options(models: models)
///     options.references = labels
///     for try await event in ModelComparison(options).job().events() { … }
public struct ModelComparison: Sendable {
    /// One of the models.
    public struct Model: Sendable {
        /// Its name in reports.
        public var name: String
        /// A folder of its masks, or the `evaluation.json` of an evaluation of them.
        public var source: URL

        /// A model by its masks or scores.
        public init(name: String, source: URL) {
            self.name = name
            self.source = source
        }

        /// Whether the scores are there already.
        public var isScored: Bool { source.pathExtension == "json" }

        /// Models named after their folders; by their whole paths where two folders have one name.
        public static func named(after sources: [URL]) -> [Model] {
            let short = sources.map { $0.pathExtension == "json" ? $0.deletingLastPathComponent().lastPathComponent : $0.lastPathComponent }
            let names = Set(short).count == short.count ? short : sources.map(\.path)
            return zip(names, sources).map { Model(name: $0, source: $1) }
        }
    }

    /// What is compared, and what is written about it.
    public struct Options: Sendable {
        /// At least two; the first is A.
        public var models: [Model]
        /// The expert's label maps; needed where a model has masks only.
        public var references: URL?
        /// What is computed of masks, and how.
        public var scoring = ScoringRequest()
        /// A folder for `ComparisonFiles`; nil: nothing is written.
        public var output: URL?
        /// Whether files that are there already are replaced.
        public var replaces = false
        /// How the intervals are drawn.
        public var bootstrap = Bootstrap()

        /// Options with the usual settings.
        public init(models: [Model]) { self.models = models }
    }

    /// What happens; the last event is `finished`.
    public enum Event: Sendable {
        /// So many cases of a model are scored.
        case scored(model: String, done: Int, of: Int)
        /// All models are compared.
        case finished(ComparisonReport)
    }

    /// What is compared.
    public let options: Options

    /// A comparison with these options.
    public init(_ options: Options) { self.options = options }

    /// The workflow as a job.
    ///
    /// - Throws: `OutputError` before the work; `EvaluationError` and what reading the files throws.
    public func job() -> LongJob<Event> { LongJob { try run($0) } }

    private func run(_ report: @escaping LongJob<Event>.Report) throws {
        if let output = options.output {
            for name in ComparisonFiles.names { try OutputRule(replaces: options.replaces).check(file: output.appending(path: name)) }
        }
        let comparison = try ComparisonReport(
            of: options.models.map { (name: $0.name, result: try result(of: $0, report)) }, bootstrap: options.bootstrap)
        if let output = options.output { try ComparisonFiles.write(comparison, to: output) }
        try report(.finished(comparison))
    }

    private func result(of model: Model, _ report: @escaping LongJob<Event>.Report) throws -> EvaluationResult {
        if model.isScored { return try EvaluationResult(contentsOf: model.source) }
        guard let references = options.references else { throw EvaluationError.noReferences(predictions: model.source.path) }
        let scoring = options.scoring
        let pairs = try CasePair.match(predictions: model.source, references: references, requireAll: !scoring.onlyMatched)
        let evaluator = try scoring.evaluator(beside: [references, model.source], pairs: pairs)
        return try StopOnError.run { stop in
            try evaluator.evaluate(pairs, resample: scoring.resamples) { done in
                stop.catching { try report(.scored(model: model.name, done: done, of: pairs.count)) }
            }
        }
    }
}
