public import Foundation
import UNETRPictures
import UNETRSupport

/// The statistics of a cohort for a person: one HTML file that needs no other, with distributions and with what is unusual.
public struct CohortReport: Sendable {
    /// The heading.
    public var title: String
    /// What is reported.
    public var statistics: CohortStatistics

    /// Rows of a table beyond which only the other files have all.
    static let mostRows = 2000

    /// A report.
    public init(title: String, statistics: CohortStatistics) {
        self.title = title
        self.statistics = statistics
    }

    /// The page.
    public var html: String { HTML.page(title: title, body: [head, tiles, rules, failures, flags, overview, charts, caseTable].joined(separator: "\n")) }

    /// Writes the page, replacing one that is there.
    public func write(to url: URL) throws { try AtomicFile.write(Data(html.utf8), to: url) }
}

extension CohortReport {
    private var measured: [CaseStatistics] { statistics.measured }
    private var hasIntensities: Bool { measured.contains { $0.structures.contains { $0.intensities != nil } } }

    private func name(_ structure: CohortStatistics.Structure) -> String {
        HTML.escaped(structure.name == structure.key ? "Label \(structure.key)" : structure.name)
    }

    private var head: String {
        let count = statistics.cases.count, structures = statistics.structures.count
        return "<h1>\(HTML.escaped(title))</h1>\n<p class=\"soft\">\(count) \(count == 1 ? "case" : "cases"), "
            + "\(structures) \(structures == 1 ? "structure" : "structures").</p>"
    }

    private var tiles: String {
        let flagged = Set(statistics.flags.map(\.caseName)).count
        return HTML.tiles([
            ("Cases", "measured", "\(measured.count)"), ("Cases", "could not be measured", "\(statistics.failed.count)"),
            ("Cases", "with something unusual", "\(flagged)"),
        ])
    }

    private var rules: String {
        "<div class=\"card\"><h3>What counts as unusual</h3><ul>\(CohortStatistics.rules.map { "<li>\(HTML.escaped($0))</li>" }.joined())</ul>"
            + "<p>Something unusual need not be wrong: look at the case.</p></div>"
    }

    private var failures: String {
        guard !statistics.failed.isEmpty else { return "" }
        let items = statistics.failed.map { "<li><b>\(HTML.escaped($0.name))</b>: \(HTML.escaped($0.problem ?? ""))</li>" }
        return "<h2>Cases that could not be measured</h2>\n<div class=\"card\"><ul>\(items.joined())</ul></div>"
    }

    private var flags: String {
        guard !statistics.flags.isEmpty else { return "<h2>Unusual</h2>\n<p>Nothing is.</p>" }
        let rows = statistics.flags.prefix(Self.mostRows).map { flag in
            [HTML.escaped(flag.caseName), name(statistics.structures[flag.structure])] + words(flag.reason)
        }
        let more = statistics.flags.count - rows.count
        return "<h2>Unusual</h2>\n<div class=\"card\">"
            + HTML.table(head: ["case", "structure", "what", "value", "median", "usual range"], rows: Array(rows))
            + (more > 0 ? "<p>… and \(more) more, which the table \(CohortFiles.names[0]) has.</p>" : "") + "</div>"
    }

    /// What, value, median and usual range.
    private func words(_ reason: CohortStatistics.Flag.Reason) -> [String] {
        func range(_ usual: UsualRange) -> [String] { [number(usual.median), "\(number(usual.range.lowerBound)) to \(number(usual.range.upperBound))"] }
        return switch reason {
        case .missing: ["missing", "0 voxels", "–", "–"]
        case .border(let sides): ["touches the border", sides, "–", "–"]
        case .volume(let value, let usual): ["volume, ml", number(value)] + range(usual)
        case .intensity(let value, let usual): ["mean intensity", number(value)] + range(usual)
        }
    }

    /// Three digits behind the point for small numbers, none for large ones.
    private func number(_ value: Double?) -> String {
        HTML.number(value, decimals: value.map { abs($0) >= 1000 ? 0 : abs($0) >= 10 ? 1 : 3 } ?? 0)
    }

    private var overview: String {
        let intensities = hasIntensities
        let rows = statistics.structures.enumerated().map { place, structure -> [String] in
            let present = statistics.present(place), volumes = Distribution(present.map(\.milliliters), bootstrap: nil)
            let means = Distribution(present.map(\.intensities?.mean), bootstrap: nil)
            return [
                name(structure), "\(present.count)", "\(measured.count - present.count)", "\(present.count { !$0.border.isEmpty })",
                "\(present.count { $0.components > 1 })",
            ] + spread(volumes) + (intensities ? spread(means) : [])
        }
        let spreads = ["mean", "SD", "median", "range"]
        return "<h2>Structures</h2>\n<div class=\"card\">"
            + HTML.table(
                head: ["", "cases", "without it", "at the border", "in several parts"] + spreads.map { "ml, \($0)" }
                    + (intensities ? spreads.map { "intensity, \($0)" } : []), rows: rows)
            + "<p class=\"soft\">Figures are over the cases that have the structure; intensities are the means in each case. Parts that touch at a corner are one."
            + "</p></div>"
    }

    private func spread(_ values: Distribution?) -> [String] {
        guard let values else { return ["–", "–", "–", "–"] }
        return [number(values.mean), number(values.standardDeviation), number(values.median), "\(number(values.minimum)) to \(number(values.maximum))"]
    }

    private var charts: String {
        let charts = statistics.structures.indices.flatMap { place -> [String] in
            let present = statistics.present(place), structure = statistics.structures[place]
            guard !present.isEmpty else { return [] }
            let title = structure.name == structure.key ? "Label \(structure.key)" : structure.name, means = present.compactMap(\.intensities?.mean)
            return [Self.chart(title, "volume (ml)", present.map(\.milliliters), place)]
                + (means.isEmpty ? [] : [Self.chart(title, "mean intensity", means, place)])
        }
        return "<h2>Spread over cases</h2>\n<p>The line is the median; dashed lines are the ends of the usual range, where they lie among the values.</p>\n"
            + "<div class=\"charts\">\(charts.map { "<div class=\"card\">\($0)</div>" }.joined(separator: "\n"))</div>"
    }

    private static func chart(_ title: String, _ quantity: String, _ values: [Double], _ place: Int) -> String {
        let usual = UsualRange(values), median = Quantiles.linear(values, 0.5)
        let marks =
            (median.map { [Histogram.Mark("median", at: $0)] } ?? [])
            + (usual.map { [.init("", at: $0.range.lowerBound, isDashed: true), .init("", at: $0.range.upperBound, isDashed: true)] } ?? [])
        return HTML.inline(
            Histogram(title: "\(title) (n = \(values.count))", quantity: quantity, values: values, marks: marks, color: .distinct(place)).svg())
    }

    /// Every case, folded away where they are many.
    private var caseTable: String {
        let count = measured.count * statistics.structures.count
        guard count <= Self.mostRows else { return "<h2>All cases</h2>\n<p>The table \(CohortFiles.names[0]) has their \(count) rows.</p>" }
        let intensities = hasIntensities
        let rows = measured.flatMap { one in
            zip(statistics.structures, one.structures).map { structure, values in
                [HTML.escaped(one.name), name(structure)] + cells(values) + (intensities ? cells(values.intensities) : [])
            }
        }
        let table = HTML.table(
            head: ["case", "structure", "ml", "voxels", "parts", "border", "centroid, RAS+ mm"] + (intensities ? ["intensity", "SD", "median"] : []), rows: rows
        )
        return
            "<h2>All cases</h2>\n<div class=\"card\"><details\(rows.count <= 60 ? " open" : "")><summary>\(measured.count) cases</summary>\(table)</details></div>"
    }

    private func cells(_ values: StructureStatistics) -> [String] {
        let place = values.centroid.map { $0.map { HTML.number($0, decimals: 1) }.joined(separator: ", ") } ?? "–"
        return [number(values.milliliters), "\(values.voxels)", "\(values.components)", values.border.isEmpty ? "–" : values.border, place]
    }

    private func cells(_ values: StructureStatistics.Intensities?) -> [String] {
        [number(values?.mean), number(values?.standardDeviation), number(values?.median)]
    }
}

/// The files of a cohort's statistics in a folder: `statistics.csv`, `statistics.jsonl` (a line a case) and `statistics.html`.
public enum CohortFiles {
    /// The three files.
    public static let names = ["statistics.csv", "statistics.jsonl", "statistics.html"]

    /// Writes the statistics in each form; each file replaces one that is there.
    ///
    /// - Throws: `FileError`.
    public static func write(_ report: CohortReport, to folder: URL) throws {
        try AtomicFile.write(Data(report.statistics.csv.utf8), to: folder.appending(path: names[0]))
        let lines = try report.statistics.cases.map { try JSONText.encode($0, .line) + Data("\n".utf8) }
        try AtomicFile.write(lines.reduce(Data(), +), to: folder.appending(path: names[1]))
        try report.write(to: folder.appending(path: names[2]))
    }
}
