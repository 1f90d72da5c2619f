import ArgumentParser
import Foundation
import UNETRPreparation
import UNETRSupport

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
        for await event in job.run() {
            switch event {
            case .prepared, .alreadyThere:
                done += 1
                bar.update(done)
            case .failed(let name, let problem):
                done += 1
                bar.say("unetrpp: \(name): \(problem)")
            case .finished(let summary):
                try conclude(summary, of: job, bar)
            }
        }
    }

    /// Says what is to be done about what was not prepared; fails then.
    private static func conclude(_ summary: PreparationJob.Summary, of job: PreparationJob, _ bar: ProgressBar) throws {
        let ready = summary.prepared.count + summary.alreadyThere.count
        let progress = "\(ready) of \(job.cases.count) cases are prepared, and the same command goes on from there"
        if summary.failed.contains(where: \.isOfOutput) {
            bar.say("\(job.folder.path) cannot take the prepared cases; make room there, or let this user write there. \(progress)")
            throw ExitCode.failure
        }
        if summary.wasCancelled {
            bar.say("unetrpp: stopped; \(progress)")
            throw CancellationError()
        }
        guard !summary.failed.isEmpty else { return }
        bar.say(
            "\(summary.failed.count) of \(job.cases.count) cases cannot be used: "
                + summary.failed.map(\.name).joined(separator: ", ") + "; repair them or take them out of the data set")
        throw ExitCode.failure
    }
}
