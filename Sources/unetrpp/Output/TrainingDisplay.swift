import Foundation
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTraining
import UNETRVolumes
import UNETRWorkflows

/// What `train` shows: a bar for looking at the scans and for their preparation, one that moves for each epoch, and a line behind it.
final class TrainingDisplay {
    private let json: Bool
    private var bar = ProgressBar("", total: 0)
    private var description: TrainingRun.Description?
    private var epochsDone = 0
    private var casesDone = 0
    private var cases = 0
    private var estimate = ""

    init(json: Bool) { self.json = json }

    func show(_ event: TrainingWorkflow.Event) throws {
        switch event {
        case .planning(let done, let count):
            if done == 0 { bar = ProgressBar("Looking at the scans", total: count) } else { bar.update(done) }
        case .preparing(let event, let count): show(event, count)
        case .begins(let description, let epochsDone):
            (self.description, self.epochsDone) = (description, epochsDone)
            bar = epochBar(description)
        case .training(let event): if let description { try show(event, description) }
        }
    }

    /// Runs a workflow, of several processes the first one's with words.
    static func follow(_ options: TrainingWorkflow.Options, json: Bool) async throws {
        // One speaks for all; what keeps another from going on, it says itself.
        let speaks = options.processes.rank == 0
        let workflow = TrainingWorkflow(options, logger: speaks ? .talk : .silent)
        let display = TrainingDisplay(json: json)
        do {
            for try await event in workflow.job().events() { if speaks { try display.show(event) } }
        } catch is CancellationError {
            if speaks { display.sayStopped() }
            // The signal may have come to another process.
            throw Interruption.exitStatus == nil ? ExitStatus.stopped : CancellationError()
        }
    }

    /// What became of the work, after a signal.
    func sayStopped() {
        if let description {
            bar.say("unetrpp: stopped; \(epochsDone) of \(description.configuration.epochs) epochs are done, and --resume goes on from there")
        } else if cases > 0 {
            bar.say("unetrpp: stopped; \(WorkflowError.progress(casesDone, cases))")
        }
    }

    private func show(_ event: PreparationJob.Event, _ count: Int) {
        if cases == 0 { bar = ProgressBar("Preparing", total: count) }
        cases = count
        switch event {
        case .prepared, .alreadyThere:
            casesDone += 1
            bar.update(casesDone)
        case .failed(let name, let problem): bar.say("unetrpp: \(name): \(problem)")
        case .finished: break
        }
    }

    private func epochBar(_ description: TrainingRun.Description) -> ProgressBar {
        ProgressBar("Epoch \(epochsDone + 1)/\(description.configuration.epochs)", total: description.configuration.iterationsPerEpoch)
    }

    private func show(_ event: TrainingEvent, _ description: TrainingRun.Description) throws {
        switch event {
        case .iteration(_, let iteration, _, let loss):
            bar.update(iteration, String(format: "loss %.4f", loss) + estimate)
        case .validated:
            break
        case .epoch(let record, let timing):
            estimate = record.estimatedMean.map { String(format: ", estimated Dice %.3f (patches)", $0) } ?? ""
            epochsDone = record.epoch
            bar.say(Self.line(of: record, timing, description))
            if json { try print(JSONLine.encode(record)) }
            bar = epochBar(description)
        case .finished(let summary):
            for score in summary.scores { bar.say("Validation, \(score.name): \(score.text)") }
            if let validation = summary.validation { bar.say("Masks and scores of the validation cases are in \(validation.path)") }
            bar.say("The model is \(summary.model.path)")
            if json { try print(JSONLine.encode(summary)) }
        }
    }

    private static func line(of record: EpochRecord, _ timing: EpochTiming, _ description: TrainingRun.Description) -> String {
        let epochs = description.configuration.epochs
        var parts = ["loss " + String(format: "%.4f", record.loss)]
        if let estimate = record.estimatedMean { parts.append(String(format: "estimated Dice %.4f (patches)", estimate)) }
        if let values = record.validationDice {
            let names = description.plan.labels.foreground.map(\.name)
            let scores = zip(names, values).map { "\($0) \(String(format: "%.4f", $1))" }.joined(separator: ", ")
            parts.append("Dice of whole cases \(scores)" + String(format: ", mean %.4f", record.meanDice ?? 0))
        }
        parts.append(String(format: "rate %.2g", record.learningRate))
        parts.append(ProgressBar.duration(timing.seconds))
        parts.append(String(format: "waiting for data %.1f %%", 100 * timing.waiting / timing.seconds))
        if record.epoch < epochs { parts.append("\(ProgressBar.duration(timing.seconds * Double(epochs - record.epoch))) left") }
        if record.redrawn == true { parts.append("nothing was learned so far: all weights are drawn anew, with less momentum") }
        return "Epoch \(record.epoch)/\(epochs): " + parts.joined(separator: ", ")
    }
}
