import ArgumentParser
import Foundation
import UNETRPreparation

struct DatasetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset", abstract: "Look at a folder of scans.", subcommands: [Check.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check every scan and label before hours are spent on them.",
            discussion: "The exit code is 1 if something must be mended first.")

        @Argument(help: "Folder of the data set.", completion: .directory)
        var dataset: String

        @Option(help: "File of splits (JSON) to check as well; without it the one in the data set's folder.", completion: .file())
        var splits: String?

        @Flag(help: "Carry out the repairs that are offered (headers that differ by rounding).")
        var repair = false

        @Flag(help: "Print the report as JSON on standard output.")
        var json = false

        func run() throws {
            let report = try DatasetCheck.run(on: URL(fileURLWithPath: dataset), splits: splits.map { URL(fileURLWithPath: $0) })
            if repair {
                for finding in report.findings { try finding.repair?.apply() }
            }
            print(json ? try JSONLine.encode(report, pretty: true) : report.lines.joined(separator: "\n"))
            guard report.isUsable else { throw ExitCode.failure }
        }
    }
}
