public import Foundation
import UNETRPictures
import UNETRSupport

/// Comparisons of one model with others on the same cases as a page, with a ranking where there are more than two.
public struct ComparisonReport: Sendable {
    /// One of the others.
    public struct Opponent: Sendable {
        /// The name of the model that is compared.
        public var name: String
        /// The comparison with it.
        public var comparison: Comparison

        /// A model that is compared.
        public init(name: String, comparison: Comparison) {
            self.name = name
            self.comparison = comparison
        }
    }

    /// Model A.
    public var name: String
    /// Each of them is B in its comparison.
    public var opponents: [Opponent]
    /// All models, ordered by each figure.
    public var rankings: [Ranking]

    /// A report on the model `name` against others.
    public init(name: String, opponents: [Opponent], rankings: [Ranking] = []) {
        self.name = name
        self.opponents = opponents
        self.rankings = rankings
    }

    /// The headings of `lines`.
    public static let head = ["", "A", "B", "A − B", "95 % interval", "p (Wilcoxon)", "A wins", "ties", "loses", "left out"]

    /// One line a class and figure, as text.
    public static func lines(_ comparison: Comparison) -> [[String]] {
        comparison.rows.map { row in
            func number(_ value: Double?) -> String { HTML.number(value, decimals: decimals(row.figure)) }
            let interval = row.difference?.interval.map { "\(number($0.lowerBound)) to \(number($0.upperBound))" } ?? "–"
            return [
                "\(row.name), \(title(of: row.figure, comparison))", number(row.meanOfA), number(row.meanOfB),
                number(row.difference?.mean), interval, row.test.map { probability($0.pValue) } ?? "–",
                "\(row.wins)", "\(row.ties)", "\(row.losses)", "\(row.leftOut)",
            ]
        }
    }

    /// The page.
    public var html: String {
        let title = "\(name) against \(opponents.map(\.name).joined(separator: ", "))"
        let definition = opponents.first?.comparison.definition.name ?? ""
        var body =
            "<h1>\(HTML.escaped(title))</h1>\n<p class=\"soft\">Paired by case. Definition: <b>\(HTML.escaped(definition))</b>. "
            + "p from Wilcoxon's signed-rank test, two-sided, not corrected for the number of rows; the interval of the mean difference "
            + "from 10,000 bootstrap samples of the cases.</p>\n"
        body += rankings.map(card).joined()
        body += opponents.map(section).joined()
        return HTML.page(title: title, body: body)
    }

    private func section(_ opponent: Opponent) -> String {
        let comparison = opponent.comparison
        let count = comparison.rows.first.map { $0.pairs.count + $0.leftOut } ?? 0
        return "<h2>A = \(HTML.escaped(name)), B = \(HTML.escaped(opponent.name)), \(count) cases</h2>\n<div class=\"card\">"
            + HTML.table(head: Self.head, rows: Self.lines(comparison).map { $0.map(HTML.escaped) }) + "</div>\n<div class=\"charts\">"
            + Self.charts(comparison).map { "<div class=\"card\">\($0)</div>" }.joined() + "</div>\n<h3>Case by case</h3>\n"
            + comparison.rows.map { cases($0, comparison) }.joined()
    }

    /// Writes the page, replacing one that is there.
    public func write(to url: URL) throws { try AtomicFile.write(Data(html.utf8), to: url) }

    /// The differences A − B of each figure, one group a class, as SVG.
    public static func charts(_ comparison: Comparison) -> [String] {
        var figures: [Figure] = []
        for row in comparison.rows where !figures.contains(row.figure) { figures.append(row.figure) }
        return figures.map { figure in
            let groups = comparison.rows.filter { $0.figure == figure }.map { row in
                BoxPlot.Group(name: row.name, values: row.pairs.map { $0.a - $0.b })
            }
            let chart = BoxPlot(title: "\(title(of: figure, comparison)), A − B", verticalLabel: "A − B", groups: groups, range: 0...0)
            return HTML.inline(chart.svg())
        }
    }

    private static func decimals(_ figure: Figure) -> Int { figure.unit == "distance" ? 2 : 4 }

    private static func title(of figure: Figure, _ comparison: Comparison) -> String {
        figure.unit == "distance" ? "\(figure.title) (\(comparison.definition.unit.rawValue))" : figure.title
    }

    private func card(_ ranking: Ranking) -> String {
        let rows = ranking.entries.enumerated().map { place, entry in
            [
                "\(place + 1). \(HTML.escaped(entry.name))", HTML.number(entry.meanRank, decimals: 2),
                HTML.number(entry.mean, decimals: Self.decimals(ranking.figure)),
            ]
        }
        return "<div class=\"card\"><h3>Ranking by \(HTML.escaped(ranking.figure.title))</h3>"
            + HTML.table(head: ["model", "mean rank over cases and classes", "mean"], rows: rows) + "</div>\n"
    }

    private func cases(_ row: Comparison.Row, _ comparison: Comparison) -> String {
        let sign: Double = row.figure.moreIsBetter == false ? -1 : 1
        let sorted = row.pairs.sorted { ($0.a - $0.b) * sign < ($1.a - $1.b) * sign }
        let lines = sorted.map { pair in
            [HTML.escaped(pair.name)] + [pair.a, pair.b, pair.a - pair.b].map { HTML.number($0, decimals: Self.decimals(row.figure)) }
        }
        return "<div class=\"card\"><details><summary>\(HTML.escaped("\(row.name), \(Self.title(of: row.figure, comparison))")) "
            + "(A loses most first)</summary>" + HTML.table(head: ["case", "A", "B", "A − B"], rows: lines) + "</details></div>\n"
    }

    /// A p-value as papers print it.
    public static func probability(_ value: Double) -> String {
        value < 0.0001 ? "< 0.0001" : HTML.number(value, decimals: 4)
    }
}
