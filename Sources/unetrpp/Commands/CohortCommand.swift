import ArgumentParser
import Foundation
import UNETRSupport
import UNETRWorkflows

struct CohortCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cohort", abstract: "Results of many scans.", subcommands: [Merge.self, CohortStatisticsCommand.self])

    struct Merge: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put together what became of each case, from the folder that `segment --shard` or `segment --resume` wrote.",
            discussion: """
                The table has a line for each case: its state, seconds, peak memory, the volume of each structure in ml, and why there is no mask.
                The exit status is 0 if every case is done, 75 if another run may do what is left, and 65 if some cases cannot be done.
                """)

        @Argument(help: "Folder of the masks.", completion: .directory) var masks: String
        @Option(name: .shortAndLong, help: "Table to write (.csv).", completion: .file()) var output: String?
        @Option(help: "The cases there should be: one a line, or a table with a column named case.", completion: .file()) var cases: String?
        @OptionGroup var outputs: OutputOptions
        @Flag(help: "Print the records as JSON on standard output.") var json = false

        func run() throws {
            let target = output.map { URL(fileURLWithPath: $0) }
            if let target { try outputs.check(file: target) }
            let expected = try cases.map { try CaseList(contentsOf: URL(fileURLWithPath: $0)) }
            let summary = try CohortSummary(CohortRecords(masks: URL(fileURLWithPath: masks)).all(), expected: expected?.names)
            if let target { try AtomicFile.write(Data(summary.csv.utf8), to: target) }
            if json { print(try JSONLine.encode(summary.records, pretty: true)) } else { print(text(summary)) }
            if !summary.unfinished.isEmpty { throw ExitStatus.temporary }
            if !summary.failed.isEmpty { throw ExitStatus.badData }
        }

        private func text(_ summary: CohortSummary) -> String {
            var lines = ["\(summary.done.count) of \(summary.count) cases are done"]
            if !summary.unfinished.isEmpty { lines.append("another run may do \(summary.unfinished.joined(separator: ", "))") }
            lines += summary.failed.map { "\($0.name): \($0.error ?? "no mask")" }
            return lines.joined(separator: "\n")
        }
    }
}
