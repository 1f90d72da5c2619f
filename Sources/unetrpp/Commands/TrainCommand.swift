import ArgumentParser
import Foundation
import UNETRInference
import UNETRPreparation
import UNETRTorch
import UNETRTraining

struct TrainCommand: AsyncParsableCommand, StoppableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a model on a folder of labeled scans.",
        discussion: """
            DATASET is a folder in the layout of the Medical Segmentation Decathlon, nnU-Net, or plain images/ and labels/. The run's
            folder gets run.json, log.jsonl, progress.svg and TensorBoard's events, checkpoints after every epoch, and at the end
            model.unetrpp and validation/ with the masks and scores of the validation cases. A run that was stopped, in whatever way,
            goes on with --resume and gives the same bits as if it had not been.
            """)

    @Argument(help: "Folder of the data set; a run that is resumed does without where its cases are prepared.", completion: .directory)
    var dataset: String?

    @Option(name: .shortAndLong, help: "Folder of the run.", completion: .directory)
    var output: String

    @Option(help: "Plan (JSON) from `unetrpp plan`; without one the data set is looked at and planned for.", completion: .file())
    var plan: String?

    @Option(help: "Training settings (JSON); what it leaves out is the published protocol.", completion: .file())
    var settings: String?

    @OptionGroup var folds: FoldOptions

    @Option(
        name: .customLong("init"),
        help: "Model bundle or weights file to start from; heads are made anew for another number of classes.", completion: .directory)
    var initial: String?

    @Option(help: "Epochs, over the settings.") var epochs: Int?
    @Option(help: "Steps in an epoch, over the settings.") var iterations: Int?
    @Option(help: "Seed of everything random, over the settings.") var seed: UInt64?
    @Flag(help: "Continue the run in the output folder with the plan, settings and cases it was started with.") var resume = false
    @OptionGroup var planning: PlanningOptions
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        if dataset == nil, !resume { throw ValidationError("the folder of the data set is missing") }
    }

    func run() async throws {
        let device = try runtime.apply()
        let dataset = try dataset.map { try Dataset(contentsOf: URL(fileURLWithPath: $0)) }
        let output = URL(fileURLWithPath: output)
        let run = TrainingRun(folder: output)
        if run.exists, !resume { throw TrainingError.runExists(path: output.path) }
        let known = try run.exists ? resumed(run, dataset, device) : nil
        // What cannot be split, or trained with these settings, says so before minutes are spent on it.
        var choice = try known.map { try CaseChoice(recorded: $0, folds, dataset) } ?? newChoice(of: dataset, run)
        for line in choice.lines { ProgressBar("", total: 0).say(line) }
        let lock = try run.lock()
        let plan = try known?.plan ?? newPlan(for: dataset!)
        let configuration = try known?.configuration ?? newConfiguration(plan, device)
        let prepared = known.map { URL(fileURLWithPath: $0.prepared) } ?? output.appending(path: "prepared")
        if let dataset {
            let chosen = Set(choice.fold.training + choice.fold.validation)
            let cases = dataset.cases.filter { chosen.contains($0.name) }
            try await PrepareCommand.show(PreparationJob(preparer: Preparer(plan: plan), cases: cases, folder: prepared))
            try choice.look(for: cases, in: prepared)
        }
        let description = known ?? newDescription(plan, configuration, choice, dataset!, prepared)
        let trainer = try Trainer(run: run, description: description, device: device, resume: resume, lock: lock)
        if let beginning = trainer.beginning { ProgressBar("", total: 0).say("Start: \(beginning)") }
        do { try await show(trainer) } catch is CancellationError {
            ProgressBar("", total: 0).say(
                "unetrpp: stopped; \(trainer.epochsDone) of \(trainer.description.configuration.epochs) epochs are done, and --resume goes on from there")
            throw CancellationError()
        }
    }

    private func newChoice(of dataset: Dataset?, _ run: TrainingRun) throws -> CaseChoice {
        guard let dataset else {
            throw TrainingError.notARun(path: run.folder.path, problem: "there is none to resume; give the data set to start one")
        }
        let benchmark = planning.preset.flatMap(Benchmark.init(named:)) ?? Benchmark(of: dataset) ?? Benchmark(named: dataset.name)
        return CaseChoice(try folds.split(of: dataset, benchmark: benchmark))
    }

    private func newPlan(for dataset: Dataset) throws -> Plan {
        if let plan { return try planning.withNetwork(Plan(contentsOf: URL(fileURLWithPath: plan))) }
        return try planning.plan(for: dataset)
    }

    private func newDescription(
        _ plan: Plan, _ configuration: TrainingConfiguration, _ choice: CaseChoice, _ dataset: Dataset, _ prepared: URL
    ) -> TrainingRun.Description {
        TrainingRun.Description(
            plan: plan, configuration: configuration, prepared: prepared.path, fold: choice.fold,
            initial: initial.map { URL(fileURLWithPath: $0).path }, references: dataset.references(of: choice.fold), split: choice.origin)
    }

    private func newConfiguration(_ plan: Plan, _ device: Device) throws -> TrainingConfiguration {
        let published = TrainingConfiguration.published(for: plan)
        var configuration =
            try settings.map { try TrainingConfiguration(contentsOf: URL(fileURLWithPath: $0), defaults: published) }
            ?? published
        override(&configuration)
        if runtime.precision != "auto" || configuration.mixedPrecision == nil {
            configuration.mixedPrecision = runtime.mixedPrecision(on: device)
        }
        try configuration.validate()
        return configuration
    }

    /// Puts in what the command line says over the settings.
    func override(_ configuration: inout TrainingConfiguration) {
        if let epochs { configuration.epochs = epochs }
        if let iterations { configuration.iterationsPerEpoch = iterations }
        if let seed { configuration.seed = seed }
    }

    /// Runs the training, with one line of progress that moves and one line for each epoch.
    private func show(_ trainer: Trainer) async throws {
        let configuration = trainer.description.configuration
        var bar = ProgressBar("Epoch \(trainer.epochsDone + 1)/\(configuration.epochs)", total: configuration.iterationsPerEpoch)
        var estimate = ""
        for try await event in trainer.events() {
            switch event {
            case .iteration(_, let iteration, _, let loss):
                bar.update(iteration, String(format: "loss %.4f", loss) + estimate)
            case .validated:
                break
            case .epoch(let record, let timing):
                estimate = record.estimatedMean.map { String(format: ", estimated Dice %.3f (patches)", $0) } ?? ""
                bar.say(line(of: record, timing, trainer))
                if runtime.json { try print(JSONLine.encode(record)) }
                bar = ProgressBar("Epoch \(record.epoch + 1)/\(configuration.epochs)", total: configuration.iterationsPerEpoch)
            case .finished(let summary):
                for score in summary.scores { bar.say("Validation, \(score.name): \(score.text)") }
                if let validation = summary.validation { bar.say("Masks and scores of the validation cases are in \(validation.path)") }
                bar.say("The model is \(summary.model.path)")
                if runtime.json { try print(JSONLine.encode(summary)) }
            }
        }
    }

    private func line(of record: EpochRecord, _ timing: EpochTiming, _ trainer: Trainer) -> String {
        let epochs = trainer.description.configuration.epochs
        var parts = ["loss " + String(format: "%.4f", record.loss)]
        if let estimate = record.estimatedMean { parts.append(String(format: "estimated Dice %.4f (patches)", estimate)) }
        if let values = record.validationDice {
            let names = trainer.description.plan.labels.foreground.map(\.name)
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
