import Foundation
import UNETRArchives
import UNETREvaluation
import UNETRInference
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRPictures
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorch
import UNETRVolumes

extension Trainer {
    func readCheckpoint() throws {
        do {
            checkpoint = try Checkpoint.read(
                run.latest, model: network.store, average: average?.tensors, optimizer: optimizer, generator: generator)
        } catch let error as FileError {
            throw damaged(error.problem)
        } catch let error as SafetensorsError {
            throw damaged("cannot be read: \(error.problem)")
        }
        if step.scaler != nil, let scaler = checkpoint.scaler { step.scaler = scaler }
        if checkpoint.redrawnAfter != nil { lowerMomentum() }
    }

    private func damaged(_ problem: String) -> TrainingError {
        let best = (try? Safetensors.verify(run.best)) == true ? run.best.path : nil
        return .damagedCheckpoint(path: run.latest.path, problem: problem, best: best)
    }

    /// What a message about a failure can promise: what lies there, which is the new epoch where only the sync after its rename failed.
    var lastGood: String { Checkpoint.epoch(of: run.latest).map { "that of epoch \($0), \(run.latest.path)" } ?? "none yet" }

    /// Brings the files to the state of the checkpoint that the run goes on from.
    ///
    /// An epoch counts as done from the moment `latest` is renamed into place, and all that an epoch writes afterwards follows from what
    /// `latest` holds: so a program killed in between loses nothing.
    func takeUp() throws {
        try processes.onFirst {
            run.removeAbandoned()
            try saving(checkpoint.epoch) {
                try run.cut(after: checkpoint.epoch)
                guard let record = checkpoint.record else { return }
                if run.records().last != record { try run.append(record) }
                if checkpoint.bestEpoch == checkpoint.epoch, Checkpoint.epoch(of: run.best) != checkpoint.epoch {
                    let file = try MappedFile(run.latest)
                    try AtomicFile.write(to: run.best) { temporary in
                        let copy = try OutputFile(temporary)
                        try file.withUnsafeBytes(copy.write)
                        try copy.flush()
                    }
                }
                try drawProgress()
            }
        }
    }

    /// TensorBoard's file of this start; the epoch that may have been killed before its events were written has them in it.
    func makeBoard() throws -> EventFile {
        try saving(checkpoint.epoch) {
            guard let record = checkpoint.record else { return try EventFile(folder: run.folder, purgingFrom: checkpoint.epoch + 1) }
            let board = try EventFile(folder: run.folder, purgingFrom: record.epoch)
            try write(record, run.timings().last { $0.epoch == record.epoch }, to: board)
            return board
        }
    }

    /// Writes the checkpoint of an epoch, and the best one where it is that.
    ///
    /// The times go before it, since a checkpoint cannot hold them: equal runs write equal checkpoints.
    func save(_ record: EpochRecord, _ timing: EpochTiming) throws {
        var next = checkpoint
        next.epoch = record.epoch
        next.record = record
        next.scaler = step.scaler
        let improved = record.meanDice.map { $0 > checkpoint.bestDice ?? -1 } ?? false
        if improved { (next.bestDice, next.bestEpoch) = (record.meanDice, record.epoch) }
        func write(to url: URL) throws {
            try next.write(model: network.store, average: average?.tensors, optimizer: optimizer, generator: generator, to: url)
        }
        try processes.onFirst {
            try saving(record.epoch) {
                try run.append(timing)
                try write(to: run.latest)
            }
        }
        checkpoint = next
        if improved { try processes.onFirst { try saving(record.epoch) { try write(to: run.best) } } }
    }

    /// Writes a checkpoint that nobody reads, and removes it.
    func tryCheckpoint() throws {
        defer { try? FileManager.default.removeItem(at: run.trial) }
        try checkpoint.write(model: network.store, average: average?.tensors, optimizer: optimizer, generator: generator, to: run.trial)
    }

    /// Writes what people look at: the log, the chart, and TensorBoard's events.
    func log(_ record: EpochRecord, _ timing: EpochTiming, _ board: EventFile?) throws {
        try processes.onFirst {
            try saving(record.epoch) {
                try run.append(record)
                try run.append(timing)
                try drawProgress()
                if let board { try write(record, timing, to: board) }
            }
        }
    }

    private func drawProgress() throws { try ProgressChart.chart(of: run.records(), plan: plan).write(to: run.progress) }

    private func write(_ record: EpochRecord, _ timing: EpochTiming?, to board: EventFile) throws {
        try board.write(record.scalars(plan.labels.foreground.map(\.name)) + (timing?.scalars ?? []), step: record.epoch)
    }

    /// Turns what keeps files from being written, such as a full disk, into a sentence that says what is not lost.
    private func saving<Result>(_ epoch: Int, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as FileError {
            throw TrainingError.cannotSave(epoch: epoch, problem: "\(error)", checkpoint: lastGood)
        }
    }

    /// The final weights (averaged where the run averages) as a bundle, then its validation.
    func finish(_ report: (TrainingEvent) throws -> Void) throws {
        try processes.onFirst {
            let profile = profile()
            try writeModel(nil, profile)
            let result = try finalValidation(report)
            if let result { try writeModel(result, profile) }
            try report(
                .finished(
                    TrainingSummary(
                        epochs: checkpoint.epoch, model: run.model, validation: result.map { _ in run.validation },
                        scores: result.map(Self.scores) ?? [])))
        }
    }

    /// Writes the bundle in one move, with its scores in the card where there are some already.
    private func writeModel(_ result: EvaluationResult?, _ profile: TrainingProfile?) throws {
        try withAveragedWeights {
            let state = try network.store.state(aliases: false)
            try saving(checkpoint.epoch) {
                _ = try ModelBundle.write(plan: plan, state: state, card: card(result, profile), profile: profile, to: run.model)
            }
        }
    }

    /// What the training cases are like; nil where one cannot be read any more, which is no reason to lose a model.
    private func profile() -> TrainingProfile? {
        let scans = try? description.fold.training.map { name in
            let file = try PreparedCaseFile(named: name, in: prepared)
            return file.image.withUnsafeBytes { ScanProfile($0.assumingMemoryBound(to: Float.self), file.properties) }
        }
        return scans.flatMap { $0.isEmpty ? nil : TrainingProfile(of: $0, preparation: plan.preparationDigest) }
    }

    private static func scores(_ result: EvaluationResult) -> [TrainingSummary.Score] {
        result.classes.map { structure in
            func spread(_ figure: Figure) -> TrainingSummary.Spread? {
                Distribution(result.values(figure, of: structure.key), bootstrap: nil).map { .init(mean: $0.mean, deviation: $0.standardDeviation) }
            }
            return .init(name: structure.name, dice: spread(.dice), hd95: spread(.hd95))
        }
    }

    private func card(_ result: EvaluationResult?, _ profile: TrainingProfile?) -> String {
        let last = run.records().last { $0.validationDice != nil }
        var lines =
            last?.validationDice.map { values in
                zip(plan.labels.foreground, values).map { "- \($0.name): Dice \(String(format: "%.4f", $1)), without mirroring" }
            } ?? ["not validated"]
        if let result { lines = Self.scores(result).map { "- \($0.name): \($0.text)" } }
        return """
            # \(plan.dataset)

            - Network: \(network.store.parameterCount) parameters
            - Training: \(description.fold.training.count) cases, \(configuration.epochs) epochs × \(configuration.iterationsPerEpoch) steps \
            of \(configuration.batchSize * configuration.accumulation) patches, seed \(configuration.seed)\
            \(beginning.map { "\n- Start: \($0)" } ?? "")\((description.finetuned?.notes ?? []).map { "\n- Start: \($0)" }.joined())
            - Validation: \(description.fold.validation.count) cases the training never saw

            \(lines.joined(separator: "\n"))
            \(profile.map { "\n\(ModelBundle.profileLine)\($0.summary)\n" } ?? "")
            """
    }
}
