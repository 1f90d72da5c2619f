public import Foundation
public import UNETREvaluation
public import UNETRSupport

/// The scoring of a folder of predictions against a folder of references, or of one file against another.
///
///     var options = FolderEvaluation.Options(predictions: masks, references: labels)
///     options.output = report
///     for try await event in FolderEvaluation(options).job().events() { … }
public struct FolderEvaluation: Sendable {
    /// What is scored, and what is written about it.
    public struct Options: Sendable {
        /// Label maps, or folders of them whose files belong together by name.
        public var predictions: URL
        /// The expert's label maps.
        public var references: URL

        /// What is computed, and how.
        public var scoring = ScoringRequest()

        /// The published results that the classes are those of, for a table beside ours.
        public var benchmark: PublishedTable?

        /// Probabilities, one channel a label, for calibration: a folder, or a file for one case.
        public var probabilities: URL?

        /// A folder for `EvaluationFiles`; nil: nothing is written.
        public var output: URL?

        /// Whether files that are there already are replaced.
        public var replaces = false

        /// Folder of the scans: the ground of the report's pictures, and the grid of DICOM objects where both sides are some.
        public var images: URL?
        /// How many of the worst cases get a picture.
        public var worst = 5

        /// The seed of the bootstrap intervals.
        public var bootstrap = Bootstrap()

        /// Options with the usual settings.
        public init(predictions: URL, references: URL) {
            self.predictions = predictions
            self.references = references
        }
    }

    /// What happens; the last event is `finished`.
    public enum Event: Sendable {
        /// So many cases are scored.
        case scored(done: Int, of: Int)
        /// All cases are scored.
        case finished(EvaluationResult)
    }

    /// What is evaluated.
    public let options: Options

    /// An evaluation with these options.
    public init(_ options: Options) { self.options = options }

    /// The workflow as a job.
    ///
    /// - Throws: `OutputError` before the work; `EvaluationError` and what reading the files throws.
    public func job() -> LongJob<Event> { LongJob { try run($0) } }

    private func run(_ report: @escaping LongJob<Event>.Report) throws {
        if let output = options.output {
            for name in EvaluationFiles.names { try OutputRule(replaces: options.replaces).check(file: output.appending(path: name)) }
        }
        let scoring = options.scoring
        var pairs = try CasePair.match(predictions: options.predictions, references: options.references, requireAll: !scoring.onlyMatched)
        if let probabilities = options.probabilities { pairs = try CasePair.adding(probabilities: probabilities, to: pairs) }
        if let images = options.images {
            for index in pairs.indices { pairs[index].scan = CasePair.study(of: pairs[index].name, in: images) }
        }
        let evaluator = try scoring.evaluator(
            beside: [options.references, options.predictions], pairs: pairs, benchmark: options.benchmark)
        let count = pairs.count, scored = pairs
        let result = try StopOnError.run { stop in
            try evaluator.evaluate(scored, resample: scoring.resamples) { done in stop.catching { try report(.scored(done: done, of: count)) } }
        }
        if let output = options.output { try write(result, pairs, evaluator, to: output) }
        try report(.finished(result))
    }

    private func write(_ result: EvaluationResult, _ pairs: [CasePair], _ evaluator: Evaluator, to folder: URL) throws {
        let scoring = options.scoring
        let pictures = try EvaluationReport.pictures(
            of: result, pairs: pairs, count: options.worst, images: options.images, resample: scoring.resamples,
            ignoredLabel: evaluator.ignoredLabel)
        var remarks: [String] = []
        if scoring.resamples { remarks.append("Predictions on another grid were brought to the reference's by the nearest voxel.") }
        if scoring.onlyMatched { remarks.append("Only cases with both a prediction and a reference were scored.") }
        let report = EvaluationReport(
            title: "Evaluation of \(options.predictions.lastPathComponent)", result: result, pictures: pictures, table: options.benchmark,
            remarks: remarks, bootstrap: options.bootstrap)
        try EvaluationFiles.write(report, to: folder)
    }
}
