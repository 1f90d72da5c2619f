import ArgumentParser
import Foundation
import UNETREvaluation
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

struct PostprocessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postprocess", abstract: "Decide from cross-validation results whether to keep only the largest part of a structure.",
        discussion: """
            PREDICTIONS are masks of scans that the model which made them was not trained on, as `unetrpp segment --validation-of RUN
            --no-postprocessing` makes them, the folds of a cross-validation in one folder. All structures as one are tried first, then each
            by itself; what raises the mean Dice and lowers none is stored in the plan of every --model, and `unetrpp segment` applies it.
            """)

    @Argument(help: "Folder of predicted masks, not cleaned up.", completion: .directory)
    var predictions: String

    @Argument(help: "Folder of the experts' label maps, files of the same names.", completion: .directory)
    var references: String

    @Option(name: .shortAndLong, help: "Model bundle to store the decision in; several, such as all folds, get the same.", completion: .directory)
    var model: [String]

    @Flag(help: "Show the decision and store nothing.")
    var dryRun = false

    @Flag(help: "Print the decision as JSON on standard output.")
    var json = false

    @OptionGroup var memory: MemoryOptions

    func validate() throws {
        guard !model.isEmpty else { throw ValidationError("--model is missing: the folder of the model that made the masks") }
    }

    private struct Report: Encodable {
        var cases: Int
        var keepLargest: [[Int]]
        /// Mean Dice of each label value: as predicted, after the joint removal, after its own on what was adopted.
        var dice: [Int: Double]
        var jointDice: [Int: Double]
        var singleDice: [Int: Double]
        var models: [String]
    }

    func run() throws {
        memory.apply()
        let bundles = try model.map { try ModelBundle(contentsOf: URL(fileURLWithPath: $0)) }
        let labels = bundles[0].plan.labels
        for bundle in bundles.dropFirst() where bundle.plan.labels != labels {
            throw CommandError("\(bundle.url.path) has other labels than \(bundles[0].url.path); decide about each by itself")
        }
        if !dryRun { for bundle in bundles { try OutputOptions.checkWritable(bundle.url.resolvingSymlinksInPath().deletingLastPathComponent()) } }
        // A reference without a prediction is a case of another fold; a prediction without a reference is a mistake.
        let pairs = try CasePair.match(
            predictions: URL(fileURLWithPath: predictions), references: URL(fileURLWithPath: references), requireAll: false)
        let bar = ProgressBar("Deciding", total: pairs.count)
        let decision = try PostProcessingDecision(values: labels.foregroundValues, cases: pairs.count) { index in
            defer { bar.advance() }
            return try Self.read(pairs[index], labels)
        }
        if !dryRun { for bundle in bundles { try bundle.store(decision.postProcessing) } }
        show(decision, labels, pairs.count)
    }

    private static func read(_ pair: CasePair, _ labels: LabelSet) throws -> PostProcessingDecision.Pair {
        var (prediction, reference) = try pair.labelMaps(as: labels)
        guard prediction.geometry.size == reference.geometry.size, prediction.channels == 1, reference.channels == 1 else {
            throw PreparationError.sizeMismatch(
                scan: pair.prediction.path, expected: reference.geometry.size, got: prediction.geometry.size)
        }
        if let ignored = labels.ignoreValue.map({ Int16(truncatingIfNeeded: $0) }) {
            for index in prediction.voxels.indices where reference.voxels[index] == ignored { prediction.voxels[index] = 0 }
        }
        return .init(size: prediction.geometry.size, prediction: prediction.voxels, reference: reference.voxels)
    }

    private func show(_ decision: PostProcessingDecision, _ labels: LabelSet, _ count: Int) {
        let kept = decision.postProcessing.keepLargest
        if json {
            let report = Report(
                cases: count, keepLargest: kept, dice: decision.rawDice, jointDice: decision.jointDice, singleDice: decision.singleDice,
                models: dryRun ? [] : model)
            if let text = try? JSONLine.encode(report, pretty: true) { print(text) }
            return
        }
        func number(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "–" }
        let rows = labels.foregroundValues.map { value in
            let name = labels.foreground.first { $0.values == [value] }?.name ?? "label \(value)"
            return [
                name, number(decision.rawDice[value]), number(decision.jointDice[value]), number(decision.singleDice[value]),
                kept.contains([value]) ? "yes" : "no",
            ]
        }
        print(TextTable.render(head: ["Mean Dice of \(count) cases", "predicted", "largest of all", "largest of each", "keep largest"], rows: rows))
        print(
            kept.contains { $0.count > 1 } ? "Only the largest part of all structures together is kept." : "All structures together are left as they are.")
        print(dryRun ? "Nothing was stored." : "Stored in \(model.joined(separator: ", ")).")
    }
}
