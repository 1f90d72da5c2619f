public import ArgumentParser
import Foundation
import UNETRSupport
public import UNETRTraining
import UNETRWorkflows

struct FinetuneCommand: AsyncParsableCommand, StoppableCommand {
    static let configuration = CommandConfiguration(
        commandName: "finetune", abstract: "Train a model further on other scans, with other structures, channels or voxel sizes.",
        discussion: """
            The plan is made for DATASET and keeps MODEL's network. Structures of the same name keep their outputs, others begin anew; weights for
            channels are repeated or averaged, those for positions interpolated. What cannot be taken over is told, one line each. Learning rate,
            frozen part and number of epochs follow from the number of training cases unless they are given.

            The run's folder is that of `unetrpp train`, whose --resume goes on with it, too.
            """)

    @Argument(help: "Model bundle, or a model of another tool.", completion: .directory)
    var model: String

    @Argument(help: "Folder of the data set.", completion: .directory)
    var dataset: String

    @Option(name: .shortAndLong, help: "Folder of the run.", completion: .directory)
    var output: String

    @Option(help: "Plan (JSON) with the model's kind of network (default: make one for the data set).", completion: .file())
    var plan: String?

    @Option(help: "Memory limit for training, from which patch and batch size follow (default: 8G).")
    var memory: String?

    @Option(help: "Training settings (JSON); anything it leaves out follows the number of training cases.", completion: .file())
    var settings: String?

    @Option(help: "What keeps the model's weights: encoder or none (default: encoder for at most 10 training cases).")
    var freeze: TrainingConfiguration.FrozenPart?

    @Option(help: "Learning rate of each stage of the encoder as a part of the next one's, from 0.01 to 1 (default: by the number of training cases).")
    var layerDecay: Double?

    @OptionGroup var folds: FoldOptions
    @OptionGroup var source: ModelOptions
    @OptionGroup var length: LengthOptions
    @Flag(help: "Continue the run in the output folder with its own plan, settings and cases.") var resume = false
    @OptionGroup var group: ProcessOptions
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        if let memory, ByteCount.parse(memory) == nil { throw ValidationError("--memory is '\(memory)'; expected a size such as 8G or 900M") }
        if let layerDecay, !(0.01...1).contains(layerDecay) { throw ValidationError("--layer-decay is \(layerDecay); expected 0.01 to 1") }
    }

    func run() async throws {
        func url(_ path: String) -> URL { URL(fileURLWithPath: path) }
        let launch = try group.launch()
        var options = TrainingWorkflow.Options(dataset: url(dataset), run: url(output))
        options.device = try runtime.apply(launch)
        options.precision = runtime.chosenPrecision
        options.resumes = resume
        options.plan = plan.map(url)
        options.planning.memory = memory.flatMap(ByteCount.parse)
        options.settings = settings.map(url)
        length.apply(to: &options)
        options.split = folds.wish
        var tuning = FineTuning(model: url(model))
        (tuning.choice, tuning.freeze, tuning.layerDecay) = (source.choice, freeze, layerDecay)
        options.tuning = tuning
        if let launch { options.processes = try group.join(launch, in: options.run, device: options.device, isStoppable: true) }
        try await TrainingDisplay.follow(options, json: runtime.json)
    }
}

extension TrainingConfiguration.FrozenPart: ExpressibleByArgument {}
