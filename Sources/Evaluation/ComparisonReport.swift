public import Foundation
import Pictures
import Support

/// A comparison of two models as a page, with a ranking where there are more.
public struct ComparisonReport: Sendable {
    public var nameOfA: String
    public var nameOfB: String
    public var comparison: Comparison
    public var rankings: [Ranking]

    public init(nameOfA: String, nameOfB: String, comparison: Comparison, rankings: [Ranking] = []) {
        self.nameOfA = nameOfA
        self.nameOfB = nameOfB
        self.comparison = comparison
        self.rankings = rankings
    }

    /// The headings of `lines`.
    public static let head = ["", "A", "B", "A − B", "95 % interval", "p (Wilcoxon)", "A wins", "ties", "loses", "left out"]

    /// One line a class and figure, as text.
    public var lines: [[String]] {
        comparison.rows.map { row in
            let decimals = row.figure.unit == "distance" ? 2 : 4
            func number(_ value: Double?) -> String { HTML.number(value, decimals: decimals) }
            let interval = row.difference?.interval.map { "\(number($0.lowerBound)) to \(number($0.upperBound))" } ?? "–"
            return [
                "\(row.name), \(title(of: row.figure))", number(row.meanOfA), number(row.meanOfB), number(row.difference?.mean), interval,
                row.test.map { Self.probability($0.pValue) } ?? "–", "\(row.wins)", "\(row.ties)", "\(row.losses)", "\(row.leftOut)",
            ]
        }
    }

    /// The page.
    public var html: String {
        let count = comparison.rows.first.map { $0.pairs.count + $0.leftOut } ?? 0
        var body = "<h1>\(HTML.escaped(nameOfA)) against \(HTML.escaped(nameOfB))</h1>\n<p class=\"soft\">A = \(HTML.escaped(nameOfA)), "
            + "B = \(HTML.escaped(nameOfB)); \(count) cases, paired. Definition: <b>\(HTML.escaped(comparison.definition.name))</b>.</p>\n"
        body += "<div class=\"card\">" + HTML.table(head: Self.head, rows: lines.map { $0.map(HTML.escaped) })
            + "<p class=\"soft\">p from Wilcoxon's signed-rank test, two-sided, not corrected for the number of rows; the interval of the mean "
            + "difference from 10,000 bootstrap samples of the cases.</p></div>\n"
        body += "<h2>Differences by case</h2><div class=\"charts\">" + charts.map { "<div class=\"card\">\($0)</div>" }.joined() + "</div>\n"
        if !rankings.isEmpty { body += "<h2>Ranking</h2>\n" + rankings.map(card).joined() }
        body += "<h2>Case by case</h2>\n" + comparison.rows.map(cases).joined()
        return HTML.page(title: "\(nameOfA) against \(nameOfB)", body: body)
    }

    /// Writes the page, replacing one that is there.
    public func write(to url: URL) throws { try AtomicFile.write(Data(html.utf8), to: url) }

    /// The differences A − B of each figure, one group a class, as SVG.
    public var charts: [String] {
        var figures: [Figure] = []
        for row in comparison.rows where !figures.contains(row.figure) { figures.append(row.figure) }
        return figures.map { figure in
            let groups = comparison.rows.filter { $0.figure == figure }.map { row in
                BoxPlot.Group(name: row.name, values: row.pairs.map { $0.a - $0.b })
            }
            let chart = BoxPlot(title: "\(title(of: figure)), A − B", verticalLabel: "A − B", groups: groups, range: 0...0)
            return EvaluationReport.inline(chart.svg())
        }
    }

    private func title(of figure: Figure) -> String {
        figure.unit == "distance" ? "\(figure.title) (\(comparison.definition.unit.rawValue))" : figure.title
    }

    private func card(_ ranking: Ranking) -> String {
        let decimals = ranking.figure.unit == "distance" ? 2 : 4
        let rows = ranking.entries.enumerated().map { place, entry in
            ["\(place + 1). \(HTML.escaped(entry.name))", HTML.number(entry.meanRank, decimals: 2), HTML.number(entry.mean, decimals: decimals)]
        }
        return "<div class=\"card\"><h3>\(HTML.escaped(title(of: ranking.figure)))</h3>"
            + HTML.table(head: ["model", "mean rank over cases and classes", "mean"], rows: rows) + "</div>"
    }

    private func cases(_ row: Comparison.Row) -> String {
        let decimals = row.figure.unit == "distance" ? 2 : 4
        let sign: Double = row.figure.moreIsBetter == false ? -1 : 1
        let sorted = row.pairs.sorted { ($0.a - $0.b) * sign < ($1.a - $1.b) * sign }
        let lines = sorted.map { pair in
            [HTML.escaped(pair.name)] + [pair.a, pair.b, pair.a - pair.b].map { HTML.number($0, decimals: decimals) }
        }
        return "<div class=\"card\"><details><summary>\(HTML.escaped("\(row.name), \(title(of: row.figure))")) "
            + "(A loses most first)</summary>" + HTML.table(head: ["case", "A", "B", "A − B"], rows: lines) + "</details></div>\n"
    }

    /// A p-value as papers print it.
    public static func probability(_ value: Double) -> String {
        value < 0.0001 ? "< 0.0001" : HTML.number(value, decimals: 4)
    }
}
