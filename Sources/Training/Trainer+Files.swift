import Evaluation
import Foundation
import Inference
import Layers
import Networks
import Pictures
import Preparation
import Support
import Torch

extension Trainer {
    func readCheckpoint() throws {
        checkpoint = try Checkpoint.read(run.latest, model: network.store, average: average?.tensors, optimizer: optimizer, generator: generator)
        if step.scaler != nil, let scaler = checkpoint.scaler { step.scaler = scaler }
        if checkpoint.redrawnAfter != nil { lowerMomentum() }
    }

    /// What a message about a failure can promise.
    var lastGood: String { checkpoint.epoch == 0 ? "none yet" : "that of epoch \(checkpoint.epoch), \(run.latest.path)" }

    /// Writes the checkpoint of an epoch, and the best one where it is that.
    func save(_ record: EpochRecord) throws {
        var next = checkpoint
        next.epoch = record.epoch
        next.scaler = step.scaler
        let improved = record.meanDice.map { $0 > checkpoint.bestDice ?? -1 } ?? false
        if improved { next.bestDice = record.meanDice }
        if writes {
            try saving(record.epoch) {
                for url in improved ? [run.latest, run.best] : [run.latest] {
                    try next.write(model: network.store, average: average?.tensors, optimizer: optimizer, generator: generator, to: url)
                }
            }
        }
        checkpoint = next
    }

    /// Writes what people look at: the log, the chart, and TensorBoard's events.
    func log(_ record: EpochRecord, _ timing: EpochTiming, _ board: EventFile?) throws {
        try saving(record.epoch) {
            try run.append(record, timing)
            try ProgressChart.chart(of: run.records(), plan: plan).write(to: run.progress)
            try board?.write(record.scalars(plan.labels.foreground.map(\.name)) + timing.scalars, step: record.epoch)
        }
    }

    /// Turns what keeps files from being written, such as a full disk, into a sentence that says what is not lost.
    private func saving(_ epoch: Int, _ body: () throws -> Void) throws {
        do { try body() } catch {
            throw TrainingError.cannotSave(epoch: epoch, problem: "\(error)", checkpoint: lastGood)
        }
    }

    /// The final weights (averaged where the run averages) as a bundle, then its validation.
    func finish(_ report: (TrainingEvent) throws -> Void) throws {
        guard writes else { return }
        try withAveragedWeights {
            let state = try network.store.state(aliases: false)
            try saving(checkpoint.epoch) { _ = try ModelBundle.write(plan: plan, state: state, card: card(nil), to: run.model) }
        }
        let result = try finalValidation(report)
        if let result { try AtomicFile.write(Data(card(result).utf8), to: run.model.appending(path: "card.md")) }
        try report(.finished(TrainingSummary(
            epochs: checkpoint.epoch, model: run.model, validation: result.map { _ in run.validation }, scores: result.map(Self.scores) ?? [])))
    }

    private static func scores(_ result: EvaluationResult) -> [TrainingSummary.Score] {
        result.classes.map { structure in
            func spread(_ figure: Figure) -> TrainingSummary.Spread? {
                Distribution(result.values(figure, of: structure.key), bootstrap: nil).map { .init(mean: $0.mean, deviation: $0.standardDeviation) }
            }
            return .init(name: structure.name, dice: spread(.dice), hd95: spread(.hd95))
        }
    }

    private func card(_ result: EvaluationResult?) -> String {
        let last = run.records().last { $0.validationDice != nil }
        var lines = last?.validationDice.map { values in
            zip(plan.labels.foreground, values).map { "- \($0.name): Dice \(String(format: "%.4f", $1)), without mirroring" }
        } ?? ["not validated"]
        if let result { lines = Self.scores(result).map { "- \($0.name): \($0.text)" } }
        return """
            # \(plan.dataset)

            - Network: \(network.store.parameterCount) parameters
            - Training: \(description.fold.training.count) cases, \(configuration.epochs) epochs × \(configuration.iterationsPerEpoch) steps \
            of \(configuration.batchSize * configuration.accumulation * processes.count) patches, seed \(configuration.seed)\
            \(beginning.map { "\n- Start: \($0)" } ?? "")
            - Validation: \(description.fold.validation.count) cases the training never saw

            \(lines.joined(separator: "\n"))

            """
    }
}
