public import Foundation
public import UNETREvaluation
public import UNETRVolumes

/// What is scored and how.
public struct ScoringRequest: Sendable {
    /// What the names of metrics mean.
    public var definition = MetricDefinition.default

    /// Tolerances of the normalized surface Dice, in the definition's unit.
    public var tolerances: [Double] = [1, 2]

    /// The classes to score; nil: those declared, else all that occur.
    public var classes: [LabelDefinition]?

    /// Where labels are declared: a dataset.json, a data set's folder or a model bundle; nil: a dataset.json beside the files, if there is one.
    public var labels: URL?

    /// Label of the reference whose voxels count nowhere; nil: as declared.
    public var ignoredLabel: Int16?

    /// How lesions are matched; nil: not at all.
    public var lesions: LesionMatching?

    /// Whether distances are computed.
    public var surfaces = true

    /// Whether predictions on another grid are brought to the reference's by the nearest voxel; otherwise they are an error.
    public var resamples = false

    /// Whether cases without counterpart are left out; otherwise they are an error.
    public var onlyMatched = false

    /// Threads; nil: all cores.
    public var threads: Int?

    /// The usual settings.
    public init() {}

    /// The evaluator for files that lie at `places`, where a dataset.json is looked for if none is named.
    ///
    /// - Parameters:
    ///   - places: the files' folders.
    ///   - pairs: the files to score, which may hold names of labels themselves; these count where no dataset.json does.
    ///   - benchmark: published results whose classes are scored.
    /// - Throws: `EvaluationError` for a declaration that cannot be read.
    public func evaluator(beside places: [URL], pairs: [CasePair] = [], benchmark: PublishedTable? = nil) throws -> Evaluator {
        var evaluator = Evaluator(
            definition: definition, ignoredLabel: ignoredLabel, tolerances: tolerances, surfaces: surfaces, lesions: lesions, threads: threads)
        if let classes {
            evaluator.classes = classes
        } else if let benchmark {
            evaluator.classes = benchmark.classes
            evaluator.declaredLabels = Set(benchmark.classes.flatMap(\.labels) + benchmark.otherLabels)
        } else if let labels = try declaredLabels(beside: places) ?? LabelSearch.named(in: pairs.map(\.reference), and: pairs.map(\.prediction)) {
            evaluator.score(labels)
            if let ignoredLabel { evaluator.ignoredLabel = ignoredLabel }
        }
        return evaluator
    }

    private func declaredLabels(beside places: [URL]) throws -> LabelSet? {
        try labels.map { try LabelSet(declaredBy: $0) } ?? LabelSearch.declared(beside: places)
    }
}
