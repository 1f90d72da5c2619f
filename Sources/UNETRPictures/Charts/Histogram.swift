import Foundation
import UNETRSupport

/// How often values occur: bars of equal width, with lines at values of interest.
public struct Histogram: Chart {
    /// A line across the chart. One that lies outside what the values span is not drawn.
    public struct Mark: Sendable {
        /// Where it is.
        public var value: Double
        /// What stands above it, with its value; empty: nothing.
        public var name: String
        /// Whether it is dashed.
        public var isDashed: Bool

        /// A mark.
        public init(_ name: String, at value: Double, isDashed: Bool = false) {
            self.value = value
            self.name = name
            self.isDashed = isDashed
        }
    }

    /// The heading.
    public var title: String
    /// What the values are, with their unit.
    public var quantity: String
    /// The values; those that are not finite are left out.
    public var values: [Double]
    /// Values of interest.
    public var marks: [Mark]
    /// The color of the bars.
    public var color: Color

    /// A histogram of `quantity`, such as "volume (ml)".
    public init(title: String, quantity: String, values: [Double], marks: [Mark] = [], color: Color = .distinct(0)) {
        self.title = title
        self.quantity = quantity
        self.values = values
        self.marks = marks
        self.color = color
    }

    /// The most bars.
    static let mostBars = 40

    /// The bars, from the smallest value to the largest. Their width follows the rule of Freedman and Diaconis (1981): twice the distance of the quartiles
    /// over the cube root of the number of values.
    struct Bars: Equatable {
        var low: Double
        var width: Double
        var counts: [Int]

        /// nil without values.
        init?(_ values: [Double]) {
            let values = values.filter { $0.isFinite && abs($0) < 1e100 }.sorted()
            guard let first = values.first, let last = values.last else { return nil }
            guard last - first > 1e-12 * max(abs(first), abs(last)), last - first > 1e-290 else {
                width = max(abs(first) * 0.1, 1e-3)
                (low, counts) = (first - width / 2, [values.count])
                return
            }
            let quartiles = values[values.count * 3 / 4] - values[values.count / 4], rule = 2 * quartiles / cbrt(Double(values.count))
            let number = rule > 0 ? min(max(Int(clampingRounded: (last - first) / rule, .up) ?? 1, 1), Histogram.mostBars) : Histogram.mostBars
            (low, width) = (first, (last - first) / Double(number))
            counts = Array(repeating: 0, count: number)
            for value in values { counts[min(max(Int(clampingRounded: (value - low) / width, .down) ?? 0, 0), number - 1)] += 1 }
        }
    }

    /// The picture as an SVG document.
    public func svg() -> String {
        let bars = Bars(values), ends = bars.map { [$0.low, $0.low + $0.width * Double($0.counts.count)] } ?? []
        var svg = SVG(width: 460, height: 268)
        svg.text(title, x: 62, y: 24, PlotArea.ink, size: 15, bold: true)
        let area = PlotArea(
            x: 62, y: 56, width: 376, height: 160, horizontal: Axis(ends, ticks: 6),
            vertical: Axis([0, Double(bars?.counts.max() ?? 1)], ticks: 4, wholeNumbers: true))
        area.draw(on: &svg, verticalLabel: "cases")
        svg.text(quantity, x: area.x + area.width / 2, y: 256, PlotArea.ink, anchor: .middle)
        if let bars { draw(bars, in: area, on: &svg) }
        for mark in marks {
            guard let place = area.place((mark.value, 0)), (area.x...area.x + area.width).contains(place.x) else { continue }
            svg.line(from: (place.x, area.y), to: (place.x, area.y + area.height), PlotArea.ink, width: 1.4, dashed: mark.isDashed)
            guard !mark.name.isEmpty else { continue }
            svg.text("\(mark.name) \(Axis.short(mark.value))", x: place.x, y: area.y - 6, PlotArea.ink, size: 11, anchor: .middle)
        }
        return svg.document
    }

    private func draw(_ bars: Bars, in area: PlotArea, on svg: inout SVG) {
        for (number, count) in bars.counts.enumerated() where count > 0 {
            let left = bars.low + Double(number) * bars.width
            guard let from = area.place((left, Double(count))), let to = area.place((left + bars.width, 0)) else { continue }
            svg.rectangle(x: from.x, y: from.y, width: to.x - from.x, height: to.y - from.y, fill: color, opacity: 0.55, stroke: color)
        }
    }
}
