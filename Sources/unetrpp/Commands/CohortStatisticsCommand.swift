import ArgumentParser
import Foundation
import UNETREvaluation
import UNETRSupport
import UNETRVolumes
import UNETRWorkflows

struct CohortStatisticsCommand: AsyncParsableCommand, StoppableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics", abstract: "Measure the structures of many masks, whoever made them, and show what is unusual.",
        discussion: """
            MASKS is a BIDS data set with files dseg, a folder of label maps (\(VolumeFormats.endings.joined(separator: ", "))) or DICOM objects, or one of these. With SCANS, a folder of
            CASE.nii.gz, CASE_0000.nii.gz or DICOM studies CASE, intensities are measured too. With --output a folder gets statistics.csv (a line for
            each case and structure), statistics.jsonl (a line for each case) and statistics.html, which needs no other file.
            A mask that cannot be measured does not stop the others; the exit status is then 65.
            """)

    @Argument(help: "Folder of the masks, or one mask.", completion: .file())
    var masks: String

    @Argument(help: "Folder of the scans, or the scan of one mask.", completion: .file())
    var scans: String?

    @Option(name: .shortAndLong, help: "Folder for statistics.csv, statistics.jsonl and statistics.html.", completion: .directory)
    var output: String?

    @Option(
        name: [.customLong("labels"), .customLong("model")],
        help:
            "Names of the labels: a dataset.json, a data set's folder, a model bundle, or a dseg.tsv of BIDS (default: one of these beside the files, else names in the masks).",
        completion: .file())
    var labels: String?

    @Option(help: "Suffix of the scans, such as T1w, where they are a BIDS data set (default: the only one there is).")
    var suffix: String?

    @Option(help: "Which channel of the scans is measured, from 0.")
    var channel = 0

    @Option(help: "Threads on the CPU (default: all cores).")
    var threads: Int?

    @Flag(help: "Print the cases as JSON on standard output.") var json = false

    @OptionGroup var outputs: OutputOptions
    @OptionGroup var memory: MemoryOptions

    func validate() throws {
        guard (0...9999).contains(channel) else { throw ValidationError("--channel is \(channel); expected a number from 0 to 9999") }
        try RuntimeOptions.check(threads: threads)
    }

    func run() async throws {
        memory.apply()
        func url(_ path: String) -> URL { URL(fileURLWithPath: path) }
        var options = FolderStatistics.Options(masks: url(masks))
        (options.scans, options.channel, options.labels) = (scans.map(url), channel, labels.map(url))
        options.suffix = suffix
        (options.output, options.replaces, options.threads) = (output.map(url), outputs.force, threads)
        var bar: ProgressBar?
        for try await event in FolderStatistics(options).job().events() {
            switch event {
            case .measured(let done, let count):
                bar = bar ?? ProgressBar("Measuring", total: count)
                bar?.update(done)
            case .failed(let name, let error): (bar ?? ProgressBar("", total: 0)).say("unetrpp: \(name): \(Advice.added(to: error))")
            case .finished(let statistics): try conclude(statistics)
            }
        }
    }

    private func conclude(_ statistics: CohortStatistics) throws {
        print(json ? try JSONLine.encode(statistics.cases, pretty: true) : text(statistics))
        if !statistics.failed.isEmpty { throw ExitStatus.badData }
    }

    /// The structures for a terminal, then which cases to look at.
    private func text(_ statistics: CohortStatistics) -> String {
        let rows = statistics.structures.enumerated().map { place, structure in
            let present = statistics.present(place), volumes = Distribution(present.map(\.milliliters), bootstrap: nil)
            let figures = [volumes?.median, volumes?.minimum, volumes?.maximum].map { $0.map { String(format: "%.2f", $0) } ?? "–" }
            return [structure.name, "\(present.count)", "\(statistics.measured.count - present.count)", "\(present.count { !$0.border.isEmpty })"] + figures
        }
        var parts = [TextTable.render(head: ["Structure", "cases", "without it", "at the border", "ml: median", "least", "most"], rows: rows)]
        let words = Dictionary(grouping: statistics.flags, by: \.caseName).sorted { $0.key < $1.key }.map { name, flags in
            "- \(name): " + flags.map { "\(statistics.structures[$0.structure].name) (\($0.word))" }.joined(separator: ", ")
        }
        // A terminal has no room for many; the files have them all.
        if !words.isEmpty {
            parts.append("Unusual\n" + (words.prefix(20) + (words.count > 20 ? ["- … and \(words.count - 20) more cases"] : [])).joined(separator: "\n"))
        }
        parts.append("\(statistics.measured.count) of \(statistics.cases.count) cases are measured")
        return parts.joined(separator: "\n\n")
    }
}
