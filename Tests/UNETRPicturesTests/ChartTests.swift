import Foundation
import TestSupport
import Testing

@testable import UNETRPictures

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct ChartTests {
    private func chart() -> LineChart {
        let falling = (0..<20).map { (x: Double($0), y: 10 / Double($0 + 1)) }
        let broken = [(x: 0.0, y: 0.1), (1, 0.2), (2, .nan), (3, 0.5), (4, 0.7), (5, -.infinity), (6, 0.9)]
        return LineChart(
            title: "Run <1> & \"more\"", horizontalLabel: "epoch",
            panels: [
                .init(title: "Loss", series: [.init(name: "training", points: falling)], scale: .logarithmic),
                .init(title: "Dice", verticalLabel: "Dice", series: [.init(name: "A", points: broken)], range: 0...1),
                .init(title: "Later", series: []),
            ])
    }

    @Test func theFileIsWellFormedAndSaysWhatIsShown() throws {
        let drawing = try Drawing(chart().svg())
        #expect(drawing.root == "svg")
        for text in ["Run <1> & \"more\"", "Loss", "Dice", "epoch", "training 0.500", "A 0.900", "no values yet"] {
            #expect(drawing.texts.contains(text), "\(text)")
        }
    }

    @Test func pointsLieWhereTheirValuesSay() throws {
        let drawing = try Drawing(chart().svg())
        let loss = try #require(drawing.lines(Color.distinct(0)).first { $0.count == 20 })
        // Fields are 790 wide from x = 82 and 190 high; the axis spans epochs 0…19 and, logarithmic, 0.5…10.
        #expect(loss[0].x == 82)
        #expect(loss[19].x == 872)
        #expect(loss[0].y == 44 + 34)
        #expect(loss[19].y == 44 + 34 + 190)
        // 10/4 lies at log(2.5/0.5)/log(10/0.5) of the height.
        let height: Double = 190 * (1 - log(5.0) / log(20.0))
        #expect(abs(loss[3].y - 78 - height) <= 0.005)  // the file has hundredths
        // The legend's stroke has two points too, but lies outside the field.
        let pieces = drawing.lines(Color.distinct(0)).filter { $0.count == 2 && $0[0].x != $0[1].x && $0[0].y != $0[1].y }
        #expect(pieces.count == 2)  // 0–1 and 3–4; 6 stands alone as a dot
        #expect(drawing.dots == 1)
        #expect(pieces[0][1].y == 480)  // the second field begins at 44 + 250 + 34 = 328; 0.2 is 0.8 · 190 = 152 below its top
    }

    @Test func theSameDataGiveTheSameFile() throws {
        #expect(chart().svg() == chart().svg())
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("progress.svg")
            try chart().write(to: url)
            try chart().write(to: url)
            let written = try String(contentsOf: url, encoding: .utf8)
            #expect(written == chart().svg())
        }
    }

    @Test func ticksAreRoundNumbers() {
        #expect(Axis([0.13, 0.92]).ticks.map(\.text) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
        #expect(Axis([-0.07, 0.12], ticks: 4).ticks.map(\.text) == ["-0.10", "-0.05", "0.00", "0.05", "0.10", "0.15"])
        #expect(Axis([0, 239], ticks: 10, fits: true, wholeNumbers: true).ticks.map(\.text).suffix(2) == ["200", "220"])
        #expect(Axis([0, 3], ticks: 10, fits: true, wholeNumbers: true).ticks.map(\.text) == ["0", "1", "2", "3"])
        #expect(Axis([2e-5, 0.01], scale: .logarithmic).ticks.map(\.text) == ["1e-5", "1e-4", "0.001", "0.01"])
        #expect(Axis([3, 80], scale: .logarithmic).ticks.map(\.text) == ["2", "5", "10", "20", "50", "100"])
    }

    @Test(arguments: [[], [5], [0, 0], [.nan], [-3, -3], [5e-324, 1e300], [.infinity, 1]] as [[Double]])
    func anyValuesMakeAnAxis(_ values: [Double]) {
        for scale in [AxisScale.linear, .logarithmic] {
            let axis = Axis(values, scale: scale)
            #expect(axis.low.isFinite && axis.high.isFinite && axis.low < axis.high)
            #expect(axis.ticks.count < 50)
        }
        let chart = LineChart(
            title: "", horizontalLabel: "",
            panels: [.init(title: "", series: [.init(name: "", points: values.map { ($0, $0) })], scale: .logarithmic)])
        #expect(throws: Never.self) { _ = try Drawing(chart.svg()) }
    }

    @Test func aBoxIsMadeOfQuartilesAndWhiskers() throws {
        // NumPy: quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 30], [.25, .5, .75]) = 3.25, 5.5, 7.75; whiskers end within 1.5 × 4.5 of them.
        let summary = try #require(BoxPlot.Summary([9, 1, 30, 2, 8, 3, .nan, 7, 4, 6, 5]))
        #expect(summary.lowQuartile == 3.25)
        #expect(summary.median == 5.5)
        #expect(summary.highQuartile == 7.75)
        #expect(summary.lowWhisker == 1)
        #expect(summary.highWhisker == 9)
        #expect(BoxPlot.Summary([.nan]) == nil)
        #expect(BoxPlot.Summary([2])?.highWhisker == 2)
    }

    @Test func aBoxPlotShowsEveryValueAndCountsWhatIsMissing() throws {
        let plot = BoxPlot(
            title: "Dice", verticalLabel: "Dice",
            groups: [.init(name: "A", values: [0.8, 0.9, 0.85]), .init(name: "B", values: [0.5, .nan]), .init(name: "C", values: [])])
        let drawing = try Drawing(plot.svg())
        #expect(drawing.dots == 4)
        for text in ["n = 3", "n = 1, 1 without value", "n = 0", "0.850", "0.500"] { #expect(drawing.texts.contains(text), "\(text)") }
    }

    @Test func barsHoldEveryValueOnce() throws {
        // Quartiles 3 and 7: bars are at most 2 · 4 / ∛9 = 3.85 wide, so there are three of 8/3.
        let bars = try #require(Histogram.Bars([9, 1, 2, 8, 3, .nan, 7, 4, 6, 5, .infinity]))
        #expect(bars.low == 1 && bars.counts == [3, 3, 3])
        #expect(abs(bars.width - 8.0 / 3) < 1e-15)
        #expect(Histogram.Bars([5, 5, 5])?.counts == [3])
        #expect(Histogram.Bars([.nan]) == nil)
        // Most are equal, so the rule says nothing.
        #expect(try #require(Histogram.Bars([0, 0, 0, 0, 0, 0, 1e300])).counts == [6])
        #expect(try #require(Histogram.Bars([1, 1, 1, 1, 1, 2])).counts.count == Histogram.mostBars)
    }

    @Test func aHistogramShowsMarksThatLieAmongItsValues() throws {
        let marks = [Histogram.Mark("median", at: 2), Histogram.Mark("far", at: 900, isDashed: true)]
        let drawing = try Drawing(Histogram(title: "Liver <1>", quantity: "volume (ml)", values: [1, 2, 3, 4], marks: marks).svg())
        for text in ["Liver <1>", "volume (ml)", "cases", "median 2.00"] { #expect(drawing.texts.contains(text), "\(text)") }
        #expect(!drawing.texts.contains { $0.hasPrefix("far") })
        for values in [[], [.nan], [3], [-1e99, 1e99]] as [[Double]] {
            #expect(throws: Never.self) { _ = try Drawing(Histogram(title: "", quantity: "", values: values).svg()) }
        }
    }

    @Test func limitsOfAgreementAreThoseOfBlandAndAltman() throws {
        // Differences 1, 2, 3, 6: mean 3, sample SD √(14/3).
        let limits = try #require(AgreementPlot.Limits([1, 2, 3, 6]))
        #expect(limits.bias == 3)
        #expect(abs(limits.high - (3 + 1.96 * (14.0 / 3).squareRoot())) < 1e-12)
        #expect(AgreementPlot.Limits([1]) == nil)
        let plot = AgreementPlot(
            title: "Volume", quantity: "ml",
            groups: [.init(name: "A", pairs: [(3, 2), (5, 3), (6, 3)]), .init(name: "B", pairs: [(9, 3), (.nan, 1)])])
        let drawing = try Drawing(plot.svg())
        #expect(drawing.dots == 4 + 2)  // and one for each name
        for text in ["bias 3.00", "+1.96 SD 7.23", "-1.96 SD -1.23", "B (n = 1)"] { #expect(drawing.texts.contains(text), "\(text)") }
    }
}

/// The elements of an SVG file, read by the system's XML parser.
private final class Drawing: NSObject, XMLParserDelegate {
    private(set) var root: String?
    private(set) var texts: [String] = []
    private(set) var dots = 0
    private var polylines: [(stroke: String, points: [(x: Double, y: Double)])] = []

    struct NotXML: Error {}

    init(_ svg: String) throws {
        super.init()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = self
        guard parser.parse() else { throw NotXML() }
    }

    func lines(_ color: Color) -> [[(x: Double, y: Double)]] { polylines.filter { $0.stroke == color.hex }.map(\.points) }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes: [String: String]
    ) {
        if root == nil { root = name }
        if name == "text" { texts.append("") }
        if name == "circle" { dots += 1 }
        if name == "polyline" {
            let points = attributes["points"]!.split(separator: " ").map { pair in pair.split(separator: ",").map { Double($0)! } }
            polylines.append((attributes["stroke"]!, points.map { ($0[0], $0[1]) }))
        }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        if !texts.isEmpty { texts[texts.count - 1] += string.trimmingCharacters(in: .newlines) }
    }
}
