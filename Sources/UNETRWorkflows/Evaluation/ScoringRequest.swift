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
        } else if let labels = try declaredLabels(beside: places) ?? Self.labels(in: pairs) {
            evaluator.score(labels)
            if let ignoredLabel { evaluator.ignoredLabel = ignoredLabel }
        }
        return evaluator
    }

    /// The labels that files name. Label maps are asked first: numbers in a DICOM object need not be those of a label map.
    private static func labels(in pairs: [CasePair]) -> LabelSet? {
        let references = pairs.map(\.reference), files = references + pairs.map(\.prediction)
        let maps = files.filter { !DICOMStructures.recognizes($0) }
        // What is wrong with a file is said when it is read.
        if let named = joined(maps.compactMap { (try? VolumeFile.readLabelSet($0)) ?? nil }) { return named }
        // Of structures the expert's count. Where the masks are label maps, their numbers must be the same in all objects, else they say nothing.
        let objects = references.filter(DICOMStructures.recognizes).compactMap { try? DICOMStructures(contentsOf: $0) }
        guard !objects.isEmpty else { return nil }
        return maps.isEmpty ? DICOMStructures.labelSet(of: objects) : joined(objects.map(\.labelSet))
    }

    /// All labels together; nil where there are none, or two files name one value differently.
    private static func joined(_ sets: [LabelSet]) -> LabelSet? {
        var found: [LabelDefinition] = []
        for labels in sets {
            for label in labels.foreground where !found.contains(label) {
                guard !found.contains(where: { $0.values == label.values && $0.name != label.name }) else { return nil }
                if !found.contains(where: { $0.values == label.values }) { found.append(label) }
            }
        }
        return found.isEmpty ? nil : LabelSet(definitions: [LabelDefinition(name: "background", value: 0)] + found.sorted { $0.values[0] < $1.values[0] })
    }

    private func declaredLabels(beside places: [URL]) throws -> LabelSet? {
        if let labels { return try LabelSet(declaredBy: labels) }
        for place in places {
            // The files' folder, which the place itself may be, and the data set's folder around it.
            let isFile = CasePair.caseName(of: place) != nil
            let folder = isFile ? place.deletingLastPathComponent() : place
            for folder in [folder, folder.deletingLastPathComponent()] {
                let file = folder.appendingPathComponent("dataset.json")
                if FileManager.default.fileExists(atPath: file.path) { return try LabelSet(declaredBy: file) }
            }
        }
        return nil
    }
}
