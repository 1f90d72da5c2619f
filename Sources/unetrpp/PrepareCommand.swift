import ArgumentParser
import Foundation
import Preparation

struct PrepareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare", abstract: "Crop, resample and normalise the scans of a data set for training.",
        discussion: "`unetrpp train` does this by itself. A preparation that was stopped goes on where it was.")

    @Argument(help: "Folder of the data set.", completion: .directory)
    var dataset: String

    @Option(help: "Plan (JSON) from `unetrpp plan`.", completion: .file())
    var plan: String

    @Option(name: .shortAndLong, help: "Folder for the prepared cases.", completion: .directory)
    var output: String

    @Flag(help: "Prepare again what is there already.")
    var force = false

    func run() async throws {
        let dataset = try Dataset(contentsOf: URL(fileURLWithPath: dataset))
        let job = PreparationJob(
            preparer: Preparer(plan: try Plan(contentsOf: URL(fileURLWithPath: plan))), cases: dataset.cases,
            folder: URL(fileURLWithPath: output), force: force)
        try await Self.show(job)
    }

    /// Runs a preparation with a progress bar; lists the cases that failed, and fails then.
    static func show(_ job: PreparationJob) async throws {
        let bar = ProgressBar("Preparing", total: job.cases.count)
        var done = 0
        for await event in job.run() {
            switch event {
            case .prepared, .alreadyThere:
                done += 1
                bar.update(done)
            case .failed(let name, let problem):
                done += 1
                bar.say("unetrpp: \(name): \(problem)")
            case .finished(let summary) where !summary.failed.isEmpty:
                bar.say(
                    "\(summary.failed.count) of \(job.cases.count) cases cannot be used: "
                        + summary.failed.map(\.name).joined(separator: ", ") + "; repair them or take them out of the data set")
                throw ExitCode.failure
            case .finished:
                break
            }
        }
    }
}
