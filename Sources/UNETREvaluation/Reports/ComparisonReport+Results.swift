public import Foundation
import UNETRSupport

extension ComparisonReport {
    /// Compares the first of the evaluated models with each other one by Dice and, where all have distances, by HD95 and surface Dice; more than two
    /// are ranked.
    ///
    /// - Parameters:
    ///   - results: each model's name and scores, at least two.
    ///   - bootstrap: how the intervals are drawn.
    /// - Throws: `EvaluationError` for scores that were made with different settings or on different cases.
    public init(of results: [(name: String, result: EvaluationResult)], bootstrap: Bootstrap = Bootstrap()) throws {
        precondition(results.count >= 2, "a comparison takes at least two models")
        let first = results[0]
        let surfaces = results.allSatisfy { !$0.result.tolerances.isEmpty }
        let surfaceDice = first.result.tolerances.first.map { [Figure.nsd($0)] } ?? []
        let figures: [Figure] = [.dice] + (surfaces ? [.hd95] + surfaceDice : [])
        self.init(
            name: first.name,
            opponents: try results.dropFirst().map {
                Opponent(name: $0.name, comparison: try Comparison(first.result, $0.result, figures: figures, bootstrap: bootstrap))
            },
            rankings: results.count > 2 ? try figures.map { try Ranking(results, by: $0) } : [])
    }

    /// The layout of `unetrpp compare --json`.
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

    /// The figures as JSON text: A, each B with its rows, and the rankings.
    public func json() throws -> Data {
        try JSONText.encode(
            Document(
                definition: opponents.first?.comparison.definition.name ?? "", a: name,
                comparisons: opponents.map { Document.Entry(b: $0.name, rows: $0.comparison.rows) }, rankings: rankings))
    }
}

/// The files of a comparison in a folder: `comparison.json` and `comparison.html`.
public enum ComparisonFiles {
    /// The two files of a comparison.
    public static let names = ["comparison.json", "comparison.html"]

    /// Writes a report in both forms; each file replaces one that is there.
    ///
    /// - Throws: `FileError`.
    public static func write(_ report: ComparisonReport, to folder: URL) throws {
        try AtomicFile.write(report.json(), to: folder.appending(path: names[0]))
        try report.write(to: folder.appending(path: names[1]))
    }
}
