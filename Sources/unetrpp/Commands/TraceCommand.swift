import ArgumentParser
import Foundation
import UNETRPlanning
import UNETRPreparation
import UNETRTorch
import UNETRTraining

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Record the first training steps for comparison with another implementation.",
        discussion: """
            Steps in float32 without augmentation and dropout. The output file (safetensors) holds the weights before the first step, the
            images and targets of every step, and its loss and gradient norm. Scripts/reference/curve repeats them in PyTorch.
            """)

    @Argument(help: "Folder of the data set.", completion: .directory) var dataset: String
    @Option(help: "Plan (JSON) from `unetrpp plan`.", completion: .file()) var plan: String
    @Option(help: "Training settings (JSON); anything it leaves out follows the published protocol.", completion: .file()) var settings: String?
    @Option(help: "Number of steps.") var steps = 20
    @Option(help: "Folder for the prepared cases.", completion: .directory) var prepared: String
    @Option(name: .shortAndLong, help: "Safetensors file to write.", completion: .file()) var output: String
    @Option(help: "Threads on the CPU (default: all cores).") var threads: Int?
    @OptionGroup var outputs: OutputOptions

    func validate() throws {
        guard (1...100_000).contains(steps) else { throw ValidationError("--steps is \(steps); expected 1 to 100000") }
        try RuntimeOptions.check(threads: threads)
    }

    func run() async throws {
        try outputs.check(file: URL(fileURLWithPath: output))
        try OutputOptions.checkWritable(URL(fileURLWithPath: prepared))
        try Runtime.setThreads(threads ?? ProcessInfo.processInfo.activeProcessorCount)
        let dataset = try Dataset(contentsOf: URL(fileURLWithPath: dataset))
        let plan = try Plan(contentsOf: URL(fileURLWithPath: plan))
        let cases = dataset.cases.filter { $0.labelURL != nil }
        let folder = URL(fileURLWithPath: prepared)
        try await PrepareCommand.show(PreparationJob(preparer: Preparer(plan: plan), cases: cases, folder: folder))
        let published = TrainingConfiguration.published(for: plan)
        let description = TrainingRun.Description(
            plan: plan,
            configuration: try settings.map { try TrainingConfiguration(contentsOf: URL(fileURLWithPath: $0), defaults: published) } ?? published,
            prepared: folder.path, fold: Fold(training: cases.map(\.name), validation: []))
        try TrainingTrace.record(description, steps: steps, to: URL(fileURLWithPath: output))
        print(output)
    }
}
