public import Foundation
public import Logging
import UNETRModels
import UNETRPlanning
public import UNETRPreparation
public import UNETRSupport
public import UNETRTorch
public import UNETRTraining

/// The way from a data set's folder to a model: the cases are divided, looked at, planned for and prepared, a network is trained and
/// validated.
///
///     var options = TrainingWorkflow.Options(dataset: scans, run: folder)
///     options.epochs = 100
///     for try await event in TrainingWorkflow(options, logger: logger).job().events() { … }
///
/// A run that was stopped, in whatever way, goes on where it was and gives the same bits as if it had not been.
public struct TrainingWorkflow: Sendable {
    /// What is trained on what.
    public struct Options: Sendable {
        /// The data set's folder; nil only for a run that goes on with cases that are prepared.
        public var dataset: URL?

        /// The run's folder.
        public var run: URL

        /// Whether a run that is there goes on; else it is refused.
        public var resumes = false

        /// A file with the plan; nil: the data set is planned for.
        public var plan: URL?

        /// How the data set is planned for, or what a given plan is changed to.
        public var planning = PlanningRequest()

        /// The settings that hold where nothing else is said.
        public var recipe = TrainingConfiguration.Recipe.published

        /// A file with settings; what it leaves out is the recipe's.
        public var settings: URL?

        /// Epochs, steps in an epoch and the seed, over the settings.
        public var epochs: Int?
        /// Steps per epoch, instead of those in the settings.
        public var iterations: Int?
        /// Seed, instead of the one in the settings.
        public var seed: UInt64?

        /// What the run may take; the number of epochs then follows from it, and may not be given. Nil: that number counts.
        public var budget: TrainingBudget?

        /// Which cases are trained on, and which kept for validation.
        public var split = SplitWish()

        /// A model bundle or a weights file to start from; nil: new weights.
        public var initial: URL?

        /// A model that is tuned further; its network is then the run's, and `planning` has no effect but for the memory. Nil: a network of the plan.
        public var tuning: FineTuning?

        /// Where it computes.
        public var device = Device.cpu

        /// The precision; `automatic` leaves it to the settings where they name one.
        public var precision = Precision.automatic

        /// The processes that train together, each with this workflow and the same options; all see the run's folder.
        public var processes: any ProcessGroup = SingleProcess()

        /// Options with the usual settings. The data set may be nil where a run is resumed.
        public init(dataset: URL?, run: URL) {
            self.dataset = dataset
            self.run = run
        }
    }

    /// What happens, in this order; the last event is `training(.finished(…))`.
    public enum Event: Sendable {
        /// So many cases were looked at, to plan for them.
        case planning(done: Int, of: Int)
        /// What the preparation says, of so many cases.
        case preparing(PreparationJob.Event, cases: Int)
        /// Training begins, behind the epochs that are done.
        case begins(TrainingRun.Description, epochsDone: Int)
        /// Something happened in the training.
        case training(TrainingEvent)
    }

    /// What is trained.
    public let options: Options

    /// Gets notes about the split, the plan and the first weights.
    let logger: Logger

    /// A workflow with these options; notes go to `logger`.
    public init(_ options: Options, logger: Logger) {
        self.options = options
        self.logger = logger
    }

    /// The workflow as a job.
    ///
    /// - Throws: `TrainingError`, `WorkflowError`, `ProcessError`, and what reading a data set, splitting it and planning for it throw;
    ///   `CancellationError` where it was stopped.
    public func job() -> LongJob<Event> {
        LongJob { report in
            let processes = options.processes
            do { try run(report) } catch let error where processes.hasFailed && !(error is ProcessError) {
                throw ProcessError.lost(problem: (error as? CommunicationError)?.message ?? "\(error)", checkpoint: nil)
            }
        }
    }

    private func run(_ report: @escaping LongJob<Event>.Report) throws {
        let processes = options.processes, beginning = ContinuousClock.now
        if processes.count > 1 { try processes.requireEqual(processes.inStep { try wishes() }) }
        var start: (description: TrainingRun.Description, lock: FolderLock)?
        // One process prepares; the others wait and take over what it found.
        try processes.onFirst { start = try begin(report) }
        var description = try start?.description ?? JSONText.decode(from: processes.broadcast(Data()))
        if processes.rank == 0, processes.count > 1 { _ = try processes.broadcast(JSONText.encode(description)) }
        // A run that goes on has its length already.
        if let budget = options.budget, description.budget == nil { description = try laid(budget, description, since: beginning) }
        let trainer = try Trainer(
            run: TrainingRun(folder: options.run), description: description, device: options.device, processes: processes, resume: options.resumes,
            lock: start?.lock)
        if let beginning = trainer.beginning { logger.notice("Start: \(beginning)") }
        try report(.begins(description, epochsDone: trainer.epochsDone))
        try trainer.run { try report(.training($0)) }
    }

    /// The description with the length that the budget allows.
    private func laid(
        _ budget: TrainingBudget, _ description: TrainingRun.Description, since beginning: ContinuousClock.Instant
    ) throws -> TrainingRun.Description {
        if case .time = budget { logger.notice("Measuring how long a step takes") }
        let laid = try Trainer.lay(
            budget, for: description, run: TrainingRun(folder: options.run), since: beginning, device: options.device, processes: options.processes)
        logger.notice("\(laid.budgetText)")
        return laid
    }

    /// What the processes must agree in, besides what the first finds.
    private func wishes() throws -> [(name: String, text: String)] {
        func contents(_ url: URL?) throws -> String { try url.map { try SHA256Digest(ofFile: $0).text } ?? "" }
        return [
            ("plan", try contents(options.plan)), ("recipe", options.recipe.rawValue), ("file of settings", try contents(options.settings)),
            ("number of epochs", "\(options.epochs ?? 0)"), ("number of steps", "\(options.iterations ?? 0)"),
            ("budget", options.budget.map { "\($0)" } ?? ""),
            ("seed", options.seed.map { "\($0)" } ?? ""), ("choice of cases", "\(options.split)"), ("way of planning", "\(options.planning)"),
            ("choice of first weights", options.initial?.lastPathComponent ?? ""), ("model", options.tuning?.model.lastPathComponent ?? ""),
            ("way of tuning", "\(options.tuning?.freeze.map(\.rawValue) ?? "") \(options.tuning?.layerDecay ?? 0)"), ("precision", "\(options.precision)"),
            ("choice between a new run and one that goes on", "\(options.resumes)"), ("kind of device", options.device == .cpu ? "cpu" : "gpu"),
        ]
    }

    /// Plans and prepares: the description of the run, and the lock of its folder.
    private func begin(_ report: @escaping LongJob<Event>.Report) throws -> (TrainingRun.Description, FolderLock) {
        let dataset = try options.dataset.map { try Dataset(contentsOf: $0) }
        let run = TrainingRun(folder: options.run)
        if run.exists, !options.resumes { throw TrainingError.runExists(path: options.run.path) }
        if let budget = options.budget { try checkAlone(budget) }
        let known = try run.exists ? resumed(run, dataset) : nil
        // What cannot be split, or trained with these settings, says so before minutes are spent on it.
        var choice = try known.map { try CaseChoice(recorded: $0, options.split, dataset) } ?? newChoice(of: dataset, run)
        choice.log(logger)
        let lock = try run.lock()
        let model = try options.tuning?.open()
        let plan = try known?.plan ?? newPlan(for: dataset!, like: model, report)
        let configuration = try known?.configuration ?? newConfiguration(plan, cases: choice.fold.training.count)
        let prepared = known.map { URL(fileURLWithPath: $0.prepared) } ?? options.run.appending(path: "prepared")
        if let dataset {
            let chosen = Set(choice.fold.training + choice.fold.validation)
            let cases = dataset.cases.filter { chosen.contains($0.name) }
            try prepare(cases, plan, prepared, report)
            try choice.look(for: cases, in: prepared, logger)
        }
        var description = known ?? newDescription(plan, configuration, choice, dataset!, prepared)
        if known == nil, let model { try tune(model, &description) }
        return (description, lock)
    }

    /// Refuses a budget beside a number of epochs.
    private func checkAlone(_ budget: TrainingBudget) throws {
        if options.epochs != nil { throw WorkflowError.budgetAndEpochs(budget: budget, settings: nil) }
        guard let settings = options.settings, try TrainingConfiguration.fields(in: settings).contains("epochs") else { return }
        throw WorkflowError.budgetAndEpochs(budget: budget, settings: settings.path)
    }

    private func newChoice(of dataset: Dataset?, _ run: TrainingRun) throws -> CaseChoice {
        guard let dataset else {
            throw TrainingError.notARun(path: run.folder.path, problem: "there is none to resume; give the data set to start one")
        }
        var named: Benchmark?
        if case .benchmark(let benchmark) = options.planning.preset { named = benchmark }
        return CaseChoice(try options.split.split(of: dataset, benchmark: named ?? Benchmark(of: dataset) ?? Benchmark(named: dataset.name)))
    }

    private func newPlan(for dataset: Dataset, like model: ModelBundle?, _ report: @escaping LongJob<Event>.Report) throws -> Plan {
        if let model { return try newPlan(for: dataset, tuning: model) { try report(.planning(done: $0, of: $1)) } }
        if let plan = options.plan { return try options.planning.applied(to: Plan(contentsOf: plan)) }
        return try options.planning.plan(for: dataset, logger: logger) { try report(.planning(done: $0, of: $1)) }
    }

    private func prepare(_ cases: [DatasetCase], _ plan: Plan, _ folder: URL, _ report: @escaping LongJob<Event>.Report) throws {
        let job = PreparationJob(preparer: Preparer(plan: plan), cases: cases, folder: folder)
        let summary = try job.run { try report(.preparing($0, cases: cases.count)) }
        try report(.preparing(.finished(summary), cases: cases.count))
        try summary.check(job)
    }

    private func newDescription(
        _ plan: Plan, _ configuration: TrainingConfiguration, _ choice: CaseChoice, _ dataset: Dataset, _ prepared: URL
    ) -> TrainingRun.Description {
        TrainingRun.Description(
            plan: plan, configuration: configuration, prepared: prepared.path, fold: choice.fold,
            initial: options.initial?.path, references: dataset.references(of: choice.fold), split: choice.origin)
    }

    private func newConfiguration(_ plan: Plan, cases: Int) throws -> TrainingConfiguration {
        var usual = TrainingConfiguration.recipe(options.recipe, for: plan)
        if options.tuning != nil { usual = FineTuningRule(cases: cases).applied(to: usual) }
        var configuration = try options.settings.map { try TrainingConfiguration(contentsOf: $0, defaults: usual) } ?? usual
        options.override(&configuration)
        if options.precision != .automatic || configuration.mixedPrecision == nil {
            configuration.mixedPrecision = options.precision.mixed(on: options.device)
        }
        try configuration.validate()
        return configuration
    }
}

extension TrainingWorkflow.Options {
    /// Puts in what is asked for over the settings.
    func override(_ configuration: inout TrainingConfiguration) {
        if let epochs { configuration.epochs = epochs }
        if let iterations { configuration.iterationsPerEpoch = iterations }
        if let seed { configuration.seed = seed }
        if let freeze = tuning?.freeze { configuration.freeze = freeze }
        if let decay = tuning?.layerDecay { configuration.layerDecay = decay }
    }
}

extension TrainingRun.Description {
    /// What follows from the budget, in a sentence.
    var budgetText: String {
        guard let budget else { return "" }
        let length = "\(configuration.epochs) epochs of \(configuration.iterationsPerEpoch) steps"
        guard let times = budget.measured, let expected = budget.expected else { return "Budget \(budget.budget): \(length)" }
        return "Budget \(budget.budget): \(length), expected to end after \(TrainingBudget.time(seconds: Int(clampingRounded: expected) ?? 0)); a step takes "
            + String(format: "%.3g s (median of %d)", times.step, times.steps)
    }
}

extension Dataset {
    /// The label files of the validation cases, by case.
    func references(of fold: Fold) -> [String: String] {
        let labels = cases.compactMap { entry in entry.labelURL.map { (entry.name, $0.path) } }
        return Dictionary(labels.filter { fold.validation.contains($0.0) }) { first, _ in first }
    }
}
