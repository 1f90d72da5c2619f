import ArgumentParser
import Foundation
import UNETRPreparation

struct DatasetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset", abstract: "Work with a folder of scans.", subcommands: [Check.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find problems in scans and labels before they cost you hours.",
            discussion: "The exit code is 1 if something must be fixed before training.")

        @Argument(help: "Folder of the data set.", completion: .directory)
        var dataset: String

        @Option(help: "File of splits (JSON) to check as well (default: the one in the data set's folder).", completion: .file())
        var splits: String?

        @Flag(help: "Make the suggested repairs (headers that differ by rounding).")
        var repair = false

        @Flag(help: "Print the report as JSON on standard output.")
        var json = false

        func run() throws {
            func check() throws -> DatasetReport {
                try DatasetCheck.run(on: URL(fileURLWithPath: dataset), splits: splits.map { URL(fileURLWithPath: $0) })
            }
            var report = try check()
            let repairs = repair ? report.findings.compactMap(\.repair) : []
            if !repairs.isEmpty {
                for repair in repairs { try repair.apply() }
                EngineOptions.note("\(repairs.count) label map\(repairs.count == 1 ? "" : "s") written anew with the geometry of the scan")
                report = try check()  // what is left
            }
            print(json ? try JSONLine.encode(report, pretty: true) : report.lines.joined(separator: "\n"))
            guard report.isUsable else { throw ExitCode.failure }
        }
    }
}
