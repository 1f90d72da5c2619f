import Foundation
import Testing

@testable import UNETRPictures

/// SVG files to the letter, and charts by the coordinates of what they draw.
struct VectorDrawingTests {
    private static let red = Color(255, 0, 0)

    @Test func `A file is its shapes from back to front, coordinates to a hundredth`() {
        var svg = SVG(width: 10, height: 5.5)
        svg.rectangle(x: -0.5, y: 1.25, width: 2.05, height: 1, fill: nil, opacity: 0.5, stroke: Self.red)
        svg.line(from: (0, 0), to: (1.004, 2.996), .black, dashed: true)
        svg.path([(1, 2), (3, 4), (5, 6)], Self.red, width: 0.25)
        svg.circle(x: 1, y: 2, radius: 3, fill: Self.red, opacity: 0.75)
        svg.circle(x: 1, y: 2, radius: 3, fill: Self.red)
        svg.text("a", x: 1, y: 2, .black)
        svg.text("b", x: 1, y: 2, .black, size: 11, bold: true, anchor: .end, upwards: true)
        #expect(
            svg.document == """
                <?xml version="1.0" encoding="UTF-8"?>
                <svg xmlns="http://www.w3.org/2000/svg" width="10" height="5.5" viewBox="0 0 10 5.5" font-family="Helvetica, Arial, DejaVu Sans, sans-serif">
                <rect x="0" y="0" width="10" height="5.5" fill="#ffffff"/>
                <rect x="-0.5" y="1.25" width="2.05" height="1" fill="none" fill-opacity="0.5" stroke="#ff0000"/>
                <polyline points="0,0 1,3" fill="none" stroke="#000000" stroke-width="1" stroke-linejoin="round" stroke-dasharray="5 4"/>
                <polyline points="1,2 3,4 5,6" fill="none" stroke="#ff0000" stroke-width="0.25" stroke-linejoin="round"/>
                <circle cx="1" cy="2" r="3" fill="#ff0000" fill-opacity="0.75"/>
                <circle cx="1" cy="2" r="3" fill="#ff0000"/>
                <text x="1" y="2" font-size="12" fill="#000000" text-anchor="start">a</text>
                <text x="1" y="2" font-size="11" fill="#000000" text-anchor="end" font-weight="bold" transform="rotate(-90 1 2)">b</text>
                </svg>

                """)
    }

    @Test(arguments: [
        (-0.004, "0"), (-1.5, "-1.5"), (0.05, "0.05"), (12.3, "12.3"), (.nan, "0"), (.infinity, "1000000000"), (-1e300, "-1000000000"), (1e9, "1000000000"),
    ])
    func `Any number becomes a coordinate`(value: Double, text: String) {
        var svg = SVG(width: 1, height: 1)
        svg.circle(x: value, y: 0, radius: 1, fill: .black)
        #expect(svg.document.contains("<circle cx=\"\(text)\" cy="), "\(svg.document)")
    }

    @Test func `Signs that XML reads are written so that it does not, and control characters are left out`() {
        var svg = SVG(width: 1, height: 1)
        svg.text("Größe <1 & \"x\" > 2\u{7}\n", x: 0, y: 0, .black)
        #expect(svg.document.contains(">Größe &lt;1 &amp; \"x\" &gt; 2</text>"))
        #expect(abs(SVG.width(of: "abcd", size: 10) - 22.4) < 1e-12 && SVG.width(of: "") == 0)
    }

    @Test(arguments: [
        (0.0, "0"), (1234.4, "1234"), (123.45, "123"), (12.345, "12.3"), (-0.012345, "-0.0123"), (98765, "9.876e+04"), (.nan, "NaN"), (.infinity, "inf"),
        (-.infinity, "-inf"),
    ])
    func `A legend has three digits, or four before the point`(value: Double, text: String) { #expect(Axis.short(value) == text) }

    @Test(arguments: [
        (0.25, 2, "0.25"), (-0.001, 2, "0.00"), (-0.01, 2, "-0.01"), (1_500_000, 0, "1.5e+06"), (1e-7, 7, "1e-07"), (0, 7, "0.0000000"), (999_999, 0, "999999"),
    ])
    func `A tick has the decimals of its step, or a power of ten`(value: Double, decimals: Int, text: String) {
        #expect(Axis.text(value, decimals: decimals) == text)
    }

    @Test func `A place on an axis is a part of its length; what has none is told`() {
        let linear = Axis([0, 10], fits: true), logarithmic = Axis([1, 100], scale: .logarithmic)
        #expect(linear.position(2.5) == 0.25 && linear.position(-10) == -1 && linear.position(.nan) == nil)
        #expect(abs(logarithmic.position(10)! - 0.5) < 1e-12 && logarithmic.position(0) == nil && logarithmic.position(-1) == nil)
        // At least what is given, whole numbers where those are wanted.
        #expect(Axis([0.4], including: 0...1).low == 0 && Axis([0.4], including: 0...1).high == 1)
        #expect(Axis([2], fits: true, wholeNumbers: true).ticks.map(\.text) == ["1", "2", "3"])
        #expect(Axis([1, 1e12], scale: .logarithmic).ticks.map(\.text).first == "1" && Axis([1, 1e12], scale: .logarithmic).ticks.count <= 8)
    }

    // MARK: Charts

    /// The vertical axis is 0 to 4 over 300 pixels from 56; the only group is in the middle of 220 pixels from 82.
    @Test func `A box reaches from quartile to quartile, whiskers to the ends, the median across`() {
        let svg = BoxPlot(title: "t", verticalLabel: "v", groups: [.init(name: "A", values: [0, 1, 2, 3, 4], color: Self.red)]).svg()
        let half = 124 * 0.21  // 26.04
        #expect(
            svg.contains("<rect x=\"165.96\" y=\"131\" width=\"52.08\" height=\"150\" fill=\"#ff0000\" fill-opacity=\"0.25\" stroke=\"#282c34\"/>")
                && half == 26.04)
        #expect(svg.contains("<polyline points=\"165.96,206 218.04,206\" fill=\"none\" stroke=\"#282c34\" stroke-width=\"2.4\""))
        for (whisker, cap) in [("192,281 192,356", "178.98,356 205.02,356"), ("192,131 192,56", "178.98,56 205.02,56")] {
            #expect(svg.contains("points=\"\(whisker)\"") && svg.contains("points=\"\(cap)\""))
        }
        // The first value is a dot on the left of the box.
        #expect(svg.contains("<circle cx=\"172.47\" cy=\"356\" r=\"2.2\" fill=\"#ff0000\" fill-opacity=\"0.55\"/>"))
        #expect(svg.contains("<text x=\"223.04\" y=\"210\" font-size=\"11\" fill=\"#282c34\" text-anchor=\"start\">2.00</text>"))
        #expect(svg.contains(">n = 5</text>") && svg.contains("width=\"330\" height=\"414\""))
    }

    @Test func `An outlier is a dot beyond the whisker; many groups stand closer; the axis spans the range that is given`() {
        let outlier = BoxPlot(title: "t", verticalLabel: "v", groups: [.init(name: "A", values: [0, 1, 2, 3, 40])]).svg()
        // Axis 0 to 40: the upper whisker ends at 3, the dot of 40 is at the top.
        #expect(outlier.contains("points=\"192,333.5 192,333.5\"") && outlier.contains("cy=\"56\" r=\"2.2\""))
        let groups = (0..<9).map { BoxPlot.Group(name: "g\($0)", values: [1, 2]) }
        #expect(BoxPlot(title: "t", verticalLabel: "v", groups: groups).svg().contains("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"920\""))
        #expect(BoxPlot(title: "t", verticalLabel: "v", groups: Array(groups.prefix(8))).svg().contains("width=\"1102\""))
        let ranged = BoxPlot(title: "t", verticalLabel: "v", groups: [.init(name: "A", values: [5])], range: 0...10).svg()
        #expect(ranged.contains(">0</text>") && ranged.contains(">10</text>") && ranged.contains("points=\"165.96,206 218.04,206\""))
        #expect(!BoxPlot(title: "t", verticalLabel: "v", groups: []).svg().contains("<circle"))
    }

    /// Differences 1 and 2: bias 1.5, deviation √½; the vertical axis is 0 to 3 over 320 pixels from 78.
    @Test func `Bias and limits of agreement are lines across, dashed for the limits`() {
        let plot = AgreementPlot(title: "t", quantity: "ml", groups: [.init(name: "A", pairs: [(3, 2), (5, 3)], color: Self.red)])
        let svg = plot.svg()
        #expect(svg.contains("<polyline points=\"82,238 602,238\" fill=\"none\" stroke=\"#282c34\" stroke-width=\"1.3\" stroke-linejoin=\"round\"/>"))
        #expect(svg.contains("points=\"82,90.17 602,90.17\" fill=\"none\" stroke=\"#282c34\" stroke-width=\"1.3\" stroke-linejoin=\"round\" stroke-dasharray"))
        #expect(svg.contains("<text x=\"610\" y=\"242\" font-size=\"11\" fill=\"#282c34\" text-anchor=\"start\">bias 1.50</text>"))
        #expect(svg.contains(">measured - reference, ml<") && svg.contains(">mean of both, ml<"))
        // Means 2.5 and 4 at differences 1 and 2.
        #expect(
            svg.components(separatedBy: "r=\"3\" fill=\"#ff0000\"").count - 1 == 2 && svg.contains("cy=\"291.33\" r=\"3\"")
                && svg.contains("cy=\"184.67\" r=\"3\""))
        let one = AgreementPlot(title: "t", quantity: "ml", groups: [.init(name: "A", pairs: [(3, 2)])]).svg()
        #expect(!one.contains("bias") && one.contains("A (n = 1)"))
    }

    @Test func `A second line of title moves the panels down, a dashed line is dashed in the legend too`() {
        let points = [(x: 0.0, y: 1.0), (1, 2), (2, 3)]
        func chart(_ subtitle: String?) -> String {
            var chart = LineChart(
                title: "t", subtitle: subtitle, horizontalLabel: "h",
                panels: [.init(title: "p", series: [.init(name: "s", points: points, color: Self.red, isDashed: true)], range: 0...4)])
            (chart.width, chart.panelHeight) = (210, 100)
            return chart.svg()
        }
        // 100 pixels wide and high, from (82, 78), and 18 lower: 1, 2 and 3 of 4.
        #expect(chart(nil).contains("<polyline points=\"82,153 132,128 182,103\" fill=\"none\" stroke=\"#ff0000\""))
        let lower = chart("line two")
        #expect(lower.contains("<polyline points=\"82,171 132,146 182,121\"") && lower.contains(">line two</text>"))
        #expect(lower.components(separatedBy: "stroke=\"#ff0000\"").count - 1 == 2 && lower.components(separatedBy: "stroke-dasharray").count - 1 == 2)
        #expect(lower.contains(">s 3.00</text>") && lower.contains("height=\"248\""))
    }
}
