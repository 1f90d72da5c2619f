import ArgumentParser
import Foundation
import UNETRPlanning
import UNETRSupport
import UNETRTraining
import UNETRWorkflows

struct TrainCommand: AsyncParsableCommand, StoppableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a model on a folder of labeled scans.",
        discussion: """
            DATASET is a folder in the layout of the Medical Segmentation Decathlon, nnU-Net, or plain images/ and labels/. The run's
            folder gets run.json, log.jsonl, progress.svg and TensorBoard's events, checkpoints after every epoch, and at the end
            model.unetrpp and validation/ with the masks and scores of the validation cases. A run that was stopped, in whatever way,
            goes on with --resume and gives the same bits as if it had not been.

            Started several times by torchrun --no-python, mpirun or srun, the processes train one model together on CPUs, and the batch is
            that of all of them. DIR must be on a file system that they share. They end with 75 when one of them is lost.
            """)

    @Argument(help: "Folder of the data set; not needed with --resume once the cases are prepared.", completion: .directory)
    var dataset: String?

    @Option(name: .shortAndLong, help: "Folder of the run.", completion: .directory)
    var output: String

    @Option(help: "Plan (JSON) from `unetrpp plan` (default: make one for the data set).", completion: .file())
    var plan: String?

    @Option(help: "Training settings (JSON); anything it leaves out follows the published protocol.", completion: .file())
    var settings: String?

    @OptionGroup var folds: FoldOptions

    @Option(
        name: .customLong("init"),
        help: "Model bundle or weights file to start from; output layers are initialized anew if the number of classes differs.", completion: .directory)
    var initial: String?

    @Option(help: "Number of epochs, instead of the one in the settings.") var epochs: Int?
    @Option(help: "Steps per epoch, instead of the number in the settings.") var iterations: Int?
    @Option(
        help: ArgumentHelp(
            "What the run may take, from which the number of epochs follows: a time such as 2h, 90m or 1h30m, or voxels of training patches such as 500M-voxels.",
            valueName: "budget"),
        transform: TrainCommand.budget)
    var budget: TrainingBudget?
    @Option(help: "Random seed, instead of the one in the settings.") var seed: UInt64?
    @Flag(help: "Continue the run in the output folder with its own plan, settings and cases.") var resume = false
    @OptionGroup var planning: PlanningOptions
    @OptionGroup var group: ProcessOptions
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        if dataset == nil, !resume { throw ValidationError("the folder of the data set is missing") }
        if budget != nil, epochs != nil { throw ValidationError("the number of epochs follows from --budget; leave out --epochs") }
        if let planner = planning.planner, plan != nil || resume {
            throw ValidationError(
                "\(resume ? "--resume goes on with the run's plan" : "--plan names a plan"); leave out --planner \(planner.rawValue)")
        }
    }

    func run() async throws {
        let launch = try group.launch()
        var options = try workflowOptions(launch)
        if let launch { options.processes = try group.join(launch, in: options.run, device: options.device) }
        // One speaks for all; what keeps another from going on, it says itself.
        let speaks = options.processes.rank == 0
        let workflow = TrainingWorkflow(options, logger: speaks ? .talk : .silent)
        let display = TrainingDisplay(json: runtime.json)
        do {
            for try await event in workflow.job().events() { if speaks { try display.show(event) } }
        } catch is CancellationError {
            if speaks { display.sayStopped() }
            // The signal may have come to another process.
            throw Interruption.exitStatus == nil ? ExitStatus.stopped : CancellationError()
        }
    }

    private func workflowOptions(_ launch: Launch?) throws -> TrainingWorkflow.Options {
        func url(_ path: String) -> URL { URL(fileURLWithPath: path) }
        var options = TrainingWorkflow.Options(dataset: dataset.map(url), run: url(output))
        options.device = try runtime.apply(launch)
        options.precision = runtime.chosenPrecision
        options.resumes = resume
        options.plan = plan.map(url)
        options.planning = planning.request
        options.settings = settings.map(url)
        (options.epochs, options.iterations, options.seed) = (epochs, iterations, seed)
        options.budget = budget
        options.split = folds.wish
        options.initial = initial.map(url)
        return options
    }

    @Sendable static func budget(_ text: String) throws -> TrainingBudget {
        guard let budget = TrainingBudget(text) else {
            throw ValidationError("--budget is '\(text)'; expected a time such as 2h, 90m or 1h30m, or voxels of training patches such as 500M-voxels")
        }
        return budget
    }
}
