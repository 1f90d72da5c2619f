public import ArgumentParser
import Foundation
import UNETRPlanning
import UNETRSupport
public import UNETRTraining
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

    @Option(help: "Settings that go together: published, or efficient for a budget of hours (default: published).")
    var recipe: TrainingConfiguration.Recipe?

    @Option(help: "Training settings (JSON); anything it leaves out follows the recipe.", completion: .file())
    var settings: String?

    @OptionGroup var folds: FoldOptions

    @Option(
        name: .customLong("init"),
        help: "Model bundle or weights file to start from; output layers are initialized anew if the number of classes differs.", completion: .directory)
    var initial: String?

    @OptionGroup var length: LengthOptions
    @Flag(help: "Continue the run in the output folder with its own plan, settings and cases.") var resume = false
    @OptionGroup var planning: PlanningOptions
    @OptionGroup var group: ProcessOptions
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        if dataset == nil, !resume { throw ValidationError("the folder of the data set is missing") }
        if resume, recipe != nil { throw ValidationError("--resume goes on with the run's settings; leave out --recipe") }
        if let planner = planning.planner, plan != nil || resume {
            throw ValidationError(
                "\(resume ? "--resume goes on with the run's plan" : "--plan names a plan"); leave out --planner \(planner.rawValue)")
        }
    }

    func run() async throws {
        let launch = try group.launch()
        var options = try workflowOptions(launch)
        if let launch { options.processes = try group.join(launch, in: options.run, device: options.device, isStoppable: true) }
        try await TrainingDisplay.follow(options, json: runtime.json)
    }

    private func workflowOptions(_ launch: Launch?) throws -> TrainingWorkflow.Options {
        func url(_ path: String) -> URL { URL(fileURLWithPath: path) }
        var options = TrainingWorkflow.Options(dataset: dataset.map(url), run: url(output))
        options.device = try runtime.apply(launch)
        options.precision = runtime.chosenPrecision
        options.resumes = resume
        options.plan = plan.map(url)
        options.planning = planning.request
        if let recipe { options.recipe = recipe }
        options.settings = settings.map(url)
        length.apply(to: &options)
        options.split = folds.wish
        options.initial = initial.map(url)
        return options
    }
}

extension TrainingConfiguration.Recipe: ExpressibleByArgument {}
