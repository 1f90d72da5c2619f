import ArgumentParser
import Foundation
import UNETREvaluation
import UNETRSupport
import UNETRWorkflows

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare models on the same cases: differences, significance, wins, ranking.",
        discussion: """
            Each of MODELS is a folder of predictions, scored against --reference, or an evaluation.json that `evaluate --output` wrote.
            The first is A; every other is compared with it, and with more than two all are ranked. With --output a folder gets
            comparison.json and comparison.html.
            """)

    @Argument(help: "Two or more folders of predictions, or evaluation.json files.", completion: .file())
    var models: [String]

    @Option(help: "Folder of the reference label maps.", completion: .directory)
    var reference: String?

    @Option(help: ArgumentHelp("Names of the models in reports, in the same order (default: the folder names).", valueName: "list"))
    var names: String?

    @Option(name: .shortAndLong, help: "Folder for comparison.json and comparison.html.", completion: .directory)
    var output: String?

    @OptionGroup var outputs: OutputOptions
    @OptionGroup var memory: MemoryOptions
    @OptionGroup var scoring: ScoringOptions

    func validate() throws {
        guard models.count >= 2 else { throw ValidationError("\(models.count) model to compare; at least 2 are expected") }
        if let names, names.split(separator: ",").count != models.count {
            throw ValidationError("--names has \(names.split(separator: ",").count) names for \(models.count) models")
        }
        if reference == nil, let folder = models.first(where: { !$0.hasSuffix(".json") }) {
            throw ValidationError("\(folder) is not a file evaluation.json; to score predictions, name their references with --reference")
        }
    }

    func run() async throws {
        memory.apply()
        let sources = models.map { URL(fileURLWithPath: $0) }
        var compared = ModelComparison.Model.named(after: sources)
        if let names {
            compared = zip(names.split(separator: ","), sources).map { .init(name: $0.trimmingCharacters(in: .whitespaces), source: $1) }
        }
        var options = ModelComparison.Options(models: compared)
        options.references = reference.map { URL(fileURLWithPath: $0) }
        options.scoring = try scoring.request
        (options.output, options.replaces) = (output.map { URL(fileURLWithPath: $0) }, outputs.force)
        options.bootstrap = Bootstrap(seed: scoring.seed)
        var bar: (model: String, bar: ProgressBar)?
        for try await event in ModelComparison(options).job().events() {
            switch event {
            case .scored(let model, let done, let count):
                if bar?.model != model { bar = (model, ProgressBar("Scoring \(model)", total: count)) }
                bar?.bar.update(done)
            case .finished(let report):
                print(scoring.json ? String(decoding: try report.json(), as: UTF8.self) : text(report))
            }
        }
    }

    private func text(_ report: ComparisonReport) -> String {
        var parts = report.opponents.map { opponent in
            "A = \(report.name), B = \(opponent.name), definition \(opponent.comparison.definition.name)\n"
                + TextTable.render(head: ComparisonReport.head, rows: ComparisonReport.lines(opponent.comparison))
        }
        for ranking in report.rankings {
            let rows = ranking.entries.map { entry in
                [entry.name, String(format: "%.3f", entry.meanRank), entry.mean.map { String(format: "%.4f", $0) } ?? "–"]
            }
            parts.append(TextTable.render(head: ["Ranking by \(ranking.figure.title)", "mean rank", "mean"], rows: rows))
        }
        return parts.joined(separator: "\n\n")
    }
}
