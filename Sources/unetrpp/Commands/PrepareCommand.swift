import ArgumentParser
import Foundation
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRWorkflows

struct PrepareCommand: AsyncParsableCommand, StoppableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare", abstract: "Crop, resample and normalize the scans of a data set for training.",
        discussion: "`unetrpp train` does this by itself. A preparation that was stopped goes on where it was.")

    @Argument(help: "Folder of the data set.", completion: .directory)
    var dataset: String

    @Option(help: "Plan (JSON) from `unetrpp plan`.", completion: .file())
    var plan: String

    @Option(name: .shortAndLong, help: "Folder for the prepared cases.", completion: .directory)
    var output: String

    @Flag(help: "Prepare again what is there already, also what was prepared with another plan.")
    var force = false

    @OptionGroup var memory: MemoryOptions

    func run() async throws {
        memory.apply()
        let dataset = try Dataset(contentsOf: URL(fileURLWithPath: dataset))
        let plan = try Plan(contentsOf: URL(fileURLWithPath: plan)), folder = URL(fileURLWithPath: output)
        try OutputOptions.checkWritable(folder)
        if !force { try Self.check(dataset.cases, plan, folder) }
        let job = PreparationJob(preparer: Preparer(plan: plan), cases: dataset.cases, folder: folder, force: force)
        try await Self.show(job)
    }

    /// Refuses a folder in which a case was prepared with another plan.
    private static func check(_ cases: [DatasetCase], _ plan: Plan, _ folder: URL) throws {
        for scanCase in cases {
            let file = PreparedCase.urls(of: scanCase.name, in: folder).properties
            guard let old = try? CaseProperties(contentsOf: file), old.planDigest != plan.preparationDigest else { continue }
            throw CommandError("\(file.path) was prepared with another plan; choose another --output, or replace it with --force")
        }
    }

    /// Runs a preparation with a progress bar; lists the cases that failed, and fails then.
    static func show(_ job: PreparationJob) async throws {
        let bar = ProgressBar("Preparing", total: job.cases.count)
        var done = 0
        for try await event in job.events() {
            switch event {
            case .prepared, .alreadyThere:
                done += 1
                bar.update(done)
            case .failed(let name, let problem):
                done += 1
                bar.say("unetrpp: \(name): \(problem)")
            case .finished(let summary):
                if summary.wasCancelled { bar.say("unetrpp: stopped; \(WorkflowError.progress(summary.ready, job.cases.count))") }
                try summary.check(job)
            }
        }
    }
}
