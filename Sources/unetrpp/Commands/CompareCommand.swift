import ArgumentParser
import Foundation
import UNETREvaluation
import UNETRSupport
import UNETRWorkflows

struct CompareCommand: ParsableCommand {
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

    func run() throws {
        memory.apply()
        if let output {
            for name in ["comparison.json", "comparison.html"] { try outputs.check(file: URL(fileURLWithPath: output).appendingPathComponent(name)) }
        }
        let titles = titles
        let results = try zip(titles, models).map { (name: $0, result: try result($1, $0)) }
        let surfaces = results.allSatisfy { !$0.result.tolerances.isEmpty }
        let tolerance = results[0].result.tolerances.first
        let figures: [Figure] = [.dice] + (surfaces ? [.hd95] + (tolerance.map { [Figure.nsd($0)] } ?? []) : [])
        let opponents = try results.dropFirst().map { other -> ComparisonReport.Opponent in
            let comparison = try Comparison(
                results[0].result, other.result, figures: figures, bootstrap: Bootstrap(seed: scoring.seed))
            return ComparisonReport.Opponent(name: other.name, comparison: comparison)
        }
        let rankings = results.count > 2 ? try figures.map { try Ranking(results, by: $0) } : []
        let report = ComparisonReport(name: titles[0], opponents: opponents, rankings: rankings)
        let document = Document(
            definition: results[0].result.definition.name, a: titles[0],
            comparisons: opponents.map { .init(b: $0.name, rows: $0.comparison.rows) }, rankings: rankings)
        if let output {
            let folder = URL(fileURLWithPath: output)
            try AtomicFile.write(Data(JSONLine.encode(document, pretty: true).utf8), to: folder.appendingPathComponent("comparison.json"))
            try report.write(to: folder.appendingPathComponent("comparison.html"))
        }
        print(scoring.json ? try JSONLine.encode(document, pretty: true) : text(report))
    }

    private struct Document: Encodable {
        struct Entry: Encodable {
            var b: String
            var rows: [Comparison.Row]
        }
        var definition: String
        var a: String
        var comparisons: [Entry]
        var rankings: [Ranking]
    }

    /// The names of the models, told apart by their parent folders if they are the same.
    private var titles: [String] {
        if let names { return names.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
        let files = models.map { URL(fileURLWithPath: $0) }
        let short = files.map { $0.pathExtension == "json" ? $0.deletingLastPathComponent().lastPathComponent : $0.lastPathComponent }
        return Set(short).count == short.count ? short : models
    }

    private func result(_ model: String, _ title: String) throws -> EvaluationResult {
        let url = URL(fileURLWithPath: model)
        if url.pathExtension == "json" {
            do {
                return try JSONText.decode(from: InputFile.contents(of: url))
            } catch let error as JSONProblem {
                throw ValidationError("\(model) is not an evaluation.json of this program: \(error.sentence)")
            }
        }
        let references = URL(fileURLWithPath: reference!)
        let pairs = try CasePair.match(predictions: url, references: references, requireAll: !scoring.onlyMatched)
        return try scoring.score(pairs, with: scoring.request.evaluator(beside: [references, url]), title: "Scoring \(title)")
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
