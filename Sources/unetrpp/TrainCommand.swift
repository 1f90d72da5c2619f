import ArgumentParser
import Foundation
import Inference
import Preparation
import Torch
import Training

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a model on a folder of labelled scans.",
        discussion: """
            DATASET is a folder in the layout of the Medical Segmentation Decathlon, nnU-Net, or plain images/ and labels/. The run's
            folder gets run.json, log.jsonl, checkpoints after every epoch, and at the end model.unetrpp. A run that was stopped, in
            whatever way, goes on with --resume and gives the same bits as if it had not been.
            """)

    @Argument(help: "Folder of the data set.", completion: .directory)
    var dataset: String

    @Option(name: .shortAndLong, help: "Folder of the run.", completion: .directory)
    var output: String

    @Option(help: "Plan (JSON) from `unetrpp plan`; without one the data set is looked at and planned for.", completion: .file())
    var plan: String?

    @Option(help: "Training settings (JSON); what it leaves out is the published protocol.", completion: .file())
    var settings: String?

    @Option(help: "Cross-validation fold whose part is kept for validation, 0 to 4.")
    var fold = 0

    @Option(name: .customLong("init"), help: "Model bundle whose weights the run starts from.", completion: .directory)
    var initial: String?

    @Option(help: "Epochs, over the settings.") var epochs: Int?
    @Option(help: "Steps in an epoch, over the settings.") var iterations: Int?
    @Option(help: "Seed of everything random, over the settings.") var seed: UInt64?
    @Flag(help: "Continue the run in the output folder.") var resume = false
    @OptionGroup var planning: PlanningOptions
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        guard (0...4).contains(fold) else { throw ValidationError("--fold is \(fold); expected 0 to 4") }
    }

    func run() async throws {
        let device = try runtime.apply()
        let dataset = try Dataset(contentsOf: URL(fileURLWithPath: dataset))
        let output = URL(fileURLWithPath: output)
        let run = TrainingRun(folder: output)
        if run.exists, !resume { throw TrainingError.runExists(path: output.path) }
        let plan = try plan(for: dataset, run)
        let prepared = output.appending(path: "prepared")
        let cases = dataset.cases.filter { $0.labelURL != nil }
        try await PrepareCommand.show(PreparationJob(preparer: Preparer(plan: plan), cases: cases, folder: prepared))

        let folds = try CrossValidation.folds(cases.map(\.name))
        let description = TrainingRun.Description(
            plan: plan, configuration: try configuration(device), prepared: prepared.path, fold: folds[fold],
            initial: initial.map { URL(fileURLWithPath: $0).path })
        let trainer = try Trainer(run: run, description: description, device: device, resume: resume)
        try train(trainer)
    }

    private func configuration(_ device: Device) throws -> TrainingConfiguration {
        var configuration = try settings.map { try TrainingConfiguration(contentsOf: URL(fileURLWithPath: $0)) } ?? .published
        if let epochs { configuration.epochs = epochs }
        if let iterations { configuration.iterationsPerEpoch = iterations }
        if let seed { configuration.seed = seed }
        if runtime.precision != "auto" || configuration.mixedPrecision == nil {
            configuration.mixedPrecision = runtime.mixedPrecision(on: device)
        }
        return configuration
    }

    /// The plan that was named, else that of the run to resume, else a new one.
    private func plan(for dataset: Dataset, _ run: TrainingRun) throws -> Plan {
        if let plan { return try planning.withNetwork(Plan(contentsOf: URL(fileURLWithPath: plan))) }
        return try run.exists ? run.readDescription().plan : planning.plan(for: dataset)
    }

    private func train(_ trainer: Trainer) throws {
        let configuration = trainer.description.configuration
        let names = trainer.description.plan.labels.foreground.map(\.name)
        var bar = ProgressBar("Epoch \(trainer.epochsDone + 1)/\(configuration.epochs)", total: configuration.iterationsPerEpoch)
        try trainer.train { event in
            switch event {
            case .iteration(_, let iteration, _, let loss):
                bar.update(iteration, String(format: "loss %.4f", loss))
            case .validated:
                break
            case .epoch(let record, let timing):
                let dice = record.validationDice.map { values in
                    ", Dice " + zip(names, values).map { "\($0) \(String(format: "%.4f", $1))" }.joined(separator: ", ")
                        + String(format: ", mean %.4f", record.meanDice ?? 0)
                } ?? ""
                let waiting = String(format: "%.1f %%", 100 * timing.waiting / timing.seconds)
                bar.say(
                    "Epoch \(record.epoch)/\(configuration.epochs): loss \(String(format: "%.4f", record.loss))\(dice), "
                        + "\(ProgressBar.duration(timing.seconds)), waiting for data \(waiting)")
                if runtime.json { try print(JSONLine.encode(record)) }
                bar = ProgressBar("Epoch \(record.epoch + 1)/\(configuration.epochs)", total: configuration.iterationsPerEpoch)
            }
        }
        bar.say("The model is \(trainer.run.model.path)")
    }
}
