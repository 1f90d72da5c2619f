import ArgumentParser
import Foundation
import UNETREvaluation
import UNETRVolumes
import UNETRWorkflows

/// What is scored and how, for the commands that compare label maps.
struct ScoringOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Definition of the metrics: \(MetricDefinition.named.map(\.name).joined(separator: ", ")).", valueName: "name"))
    var definition = MetricDefinition.default.name

    @Option(help: ArgumentHelp("Tolerances of the normalized surface Dice, in the definition's unit.", valueName: "list"))
    var tolerances = "1,2"

    @Option(help: ArgumentHelp("Classes to score, such as 1,2 or 1+2+3=tumor,3 (default: those declared, else all that occur).", valueName: "list"))
    var classes: String?

    @Option(
        help: "Declared labels: a dataset.json, a data set's folder, a model bundle, or a dseg.tsv of BIDS (default: a dataset.json beside the files).",
        completion: .file())
    var labels: String?

    @Option(help: "Label of the reference whose voxels are ignored.")
    var ignoreLabel: Int16?

    @Option(help: ArgumentHelp("Match lesions by connected components: 6, 18 or 26 neighbors.", valueName: "neighbors"))
    var lesions: Int?

    @Flag(help: "Compute overlap only, no distances.")
    var overlapOnly = false

    @Flag(help: "Resample predictions that are on another grid to the reference's grid (nearest voxel).")
    var resample = false

    @Flag(help: "Score only cases that have a counterpart.")
    var onlyMatched = false

    @Option(help: "Threads on the CPU (default: all cores).")
    var threads: Int?

    @Option(help: "Seed of the bootstrap intervals.")
    var seed: UInt64 = 0

    @Flag(help: "Print results as JSON on standard output.")
    var json = false

    func validate() throws {
        guard MetricDefinition.named(definition) != nil else {
            throw ValidationError(
                "--definition is '\(definition)'; expected one of \(MetricDefinition.named.map(\.name).joined(separator: ", "))")
        }
        _ = try parsedTolerances
        if let classes, LabelDefinition.list(classes) == nil {
            throw ValidationError("--classes is '\(classes)'; expected labels such as 1,2 or regions such as 1+2+3=tumor,3")
        }
        if let lesions, LesionMatching.Connectivity(rawValue: lesions) == nil {
            throw ValidationError("--lesions is \(lesions); expected 6, 18 or 26")
        }
        try RuntimeOptions.check(threads: threads)
    }

    private var parsedTolerances: [Double] {
        get throws {
            try tolerances.split(separator: ",").map { part in
                guard let value = Double(part.trimmingCharacters(in: .whitespaces)), value >= 0, value.isFinite else {
                    throw ValidationError("--tolerances is '\(tolerances)'; expected numbers such as 1,2")
                }
                return value
            }
        }
    }

    /// What was said, for a workflow; `validate()` has looked at it.
    var request: ScoringRequest {
        get throws {
            var request = ScoringRequest()
            request.definition = MetricDefinition.named(definition) ?? .default
            request.tolerances = try parsedTolerances
            request.classes = classes.flatMap { LabelDefinition.list($0) }
            request.labels = labels.map { URL(fileURLWithPath: $0) }
            request.ignoredLabel = ignoreLabel
            request.lesions = lesions.flatMap(LesionMatching.Connectivity.init).map { LesionMatching(connectivity: $0) }
            request.surfaces = !overlapOnly
            (request.resamples, request.onlyMatched) = (resample, onlyMatched)
            request.threads = threads
            return request
        }
    }
}
