public import Foundation
import UNETRPictures
import UNETRSupport
import UNETRVolumes

/// A report that a person looks at: one HTML file that needs no other, for a screen or a phone.
public struct EvaluationReport: Sendable {
    /// A picture of a case.
    public struct Picture: Sendable {
        /// The case that is shown.
        public var caseName: String
        /// The picture as a PNG file.
        public var png: Data

        /// A PNG picture of a case.
        public init(caseName: String, png: Data) {
            self.caseName = caseName
            self.png = png
        }
    }

    /// The heading.
    public var title: String
    /// What is reported.
    public var result: EvaluationResult
    /// Pictures of the worst cases.
    public var pictures: [Picture]
    /// A published table to stand beside the result.
    public var table: PublishedTable?
    /// Remarks to print under the title, such as what was resampled.
    public var remarks: [String]
    /// How the intervals of the means are drawn.
    public var bootstrap: Bootstrap

    /// A report. `table` adds published figures, `bootstrap` sets how intervals are computed.
    public init(
        title: String, result: EvaluationResult, pictures: [Picture] = [], table: PublishedTable? = nil, remarks: [String] = [],
        bootstrap: Bootstrap = Bootstrap()
    ) {
        self.title = title
        self.result = result
        self.pictures = pictures
        self.table = table
        self.remarks = remarks
        self.bootstrap = bootstrap
    }

    /// The page.
    public var html: String {
        let sections = [head, tiles, definitionCard, classTables, charts, published, worstCases, caseTable]
        return HTML.page(title: title, body: sections.joined(separator: "\n"))
    }

    /// Writes the page, replacing one that is there.
    public func write(to url: URL) throws { try AtomicFile.write(Data(html.utf8), to: url) }

    /// The figures that stand in tables, by how often people ask for them.
    var figures: [Figure] {
        let surfaces = !result.tolerances.isEmpty
        return [.dice, .jaccard, .precision, .recall] + (surfaces ? [.hd95, .hd, .assd] + result.tolerances.map(Figure.nsd) : [])
            + (result.hasLesions ? [.lesionF1, .lesionPrecision, .lesionRecall] : [])
            + [.volumeDifference, .volumeSimilarity, .referenceVolume]
    }

    func unit(of figure: Figure) -> String { figure.unit == "distance" ? result.definition.unit.rawValue : figure.unit }

    func title(of figure: Figure) -> String {
        let unit = unit(of: figure)
        let name = figure.name.hasPrefix("nsd") ? "\(figure.title) \(result.definition.unit.rawValue)" : figure.title
        return HTML.escaped(unit.isEmpty ? name : "\(name), \(unit)")
    }

    func text(_ value: Double?, _ figure: Figure) -> String {
        HTML.number(value, decimals: figure.unit.isEmpty ? 4 : figure.unit == "ml" ? 3 : 2)
    }
}

extension EvaluationReport {
    private var head: String {
        let notes = remarks.map { "<p>\(HTML.escaped($0))</p>" }.joined()
        let names = result.classes.map { HTML.escaped($0.name) }.joined(separator: ", ")
        let count = result.cases.count
        return "<h1>\(HTML.escaped(title))</h1>\n<p class=\"soft\">\(count) \(count == 1 ? "case" : "cases"), "
            + "\(result.classes.count == 1 ? "1 class" : "\(result.classes.count) classes"): \(names). "
            + "Definition: <b>\(HTML.escaped(result.definition.name))</b>, distances in \(result.definition.unit.rawValue).</p>\(notes)"
    }

    private var tiles: String {
        func mean(_ figure: Figure) -> Double? {
            Summary.mean(of: result.classes.map { Summary.mean(of: result.values(figure, of: $0.key)) })
        }
        let unit = result.definition.unit.rawValue
        var tiles = [(name: "Dice", remark: "mean over classes", value: text(mean(.dice), .dice))]
        if let tolerance = result.tolerances.first {
            tiles.append(("HD95, \(unit)", "mean over classes", text(mean(.hd95), .hd95)))
            tiles.append(("NSD at \(tolerance) \(unit)", "mean over classes", text(mean(.nsd(tolerance)), .nsd(tolerance))))
        }
        if let error = Summary.mean(of: result.calibrations.map(\.expectedCalibrationError)) {
            let brier = Summary.mean(of: result.calibrations.map(\.brierScore))
            tiles.append(("Expected calibration error", "mean over cases", HTML.number(error, decimals: 4)))
            tiles.append(("Brier score", "mean over cases", HTML.number(brier, decimals: 4)))
        }
        return HTML.tiles(tiles)
    }

    private var definitionCard: String {
        let sentences = (result.definition.sentences + [result.definition.empty.sentence]).map { "<li>\(HTML.escaped($0))</li>" }.joined()
        return "<div class=\"card\"><h3>What the figures mean</h3><ul>\(sentences)</ul></div>"
    }

    private var classTables: String {
        let cards = result.classes.map { structure in
            let rows = figures.compactMap { figure -> [String]? in
                let values = result.values(figure, of: structure.key)
                guard let spread = Distribution(values, bootstrap: bootstrap) else {
                    return [title(of: figure), "–", "–", "–", "–", "–", "0", "\(values.count)"]
                }
                let interval = spread.interval.map { "\(text($0.lowerBound, figure)) to \(text($0.upperBound, figure))" } ?? "–"
                return [
                    title(of: figure), text(spread.mean, figure), text(spread.standardDeviation, figure), text(spread.median, figure),
                    interval, "\(text(spread.minimum, figure)) to \(text(spread.maximum, figure))", "\(spread.count)", "\(spread.leftOut)",
                ]
            }
            let heading = structure.name == structure.key ? "Class \(structure.key)" : "\(structure.name) (\(structure.key))"
            return "<div class=\"card\"><h3>\(HTML.escaped(heading))</h3>"
                + HTML.table(head: ["", "mean", "SD", "median", "95 % interval of the mean", "range", "n", "left out"], rows: rows) + "</div>"
        }
        return "<h2>Per class</h2>\n" + cards.joined(separator: "\n")
    }

    private var charts: String {
        var charts: [any Chart] = [boxes(.dice, "Dice")]
        if let tolerance = result.tolerances.first {
            charts.append(boxes(.hd95, "HD95 (\(result.definition.unit.rawValue))"))
            charts.append(boxes(.nsd(tolerance), "NSD at \(tolerance) \(result.definition.unit.rawValue)"))
        }
        charts.append(
            AgreementPlot(
                title: "Volume agreement (Bland-Altman)", quantity: "volume (ml)",
                groups: result.classes.map { structure in
                    .init(
                        name: structure.name,
                        pairs: result.cases.compactMap { metrics in
                            metrics.classes[structure.key].map { (measured: $0.predictionVolume, reference: $0.referenceVolume) }
                        })
                }))
        let cards = charts.map { "<div class=\"card\">\(HTML.inline($0.svg()))</div>" }
        return "<h2>Spread over cases</h2>\n<div class=\"charts\">\(cards.joined(separator: "\n"))</div>"
    }

    private func boxes(_ figure: Figure, _ label: String) -> BoxPlot {
        BoxPlot(
            title: "\(label) by class", verticalLabel: label,
            groups: result.classes.map { structure in
                // What is undefined is passed on as NaN, so that the chart states how many were left out.
                .init(name: structure.name, values: result.values(figure, of: structure.key).map { $0 ?? .nan })
            })
    }

    private var published: String {
        guard let table else { return "" }
        return "<h2>Beside published results</h2>\n<div class=\"card\"><h3>\(HTML.escaped(table.title))</h3>"
            + HTML.table(head: table.head, rows: table.lines(with: result).map { $0.map(HTML.escaped) })
            + "<ul>" + table.remarks(for: result).map { "<li>\(HTML.escaped($0))</li>" }.joined() + "</ul></div>"
    }
}
