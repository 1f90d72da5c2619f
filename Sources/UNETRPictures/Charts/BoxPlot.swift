/// The spread of several groups of values side by side: boxes from the lower to the upper quartile with the median, whiskers to the
/// farthest value within 1.5 box lengths (Tukey 1977), and every value as a dot.
public struct BoxPlot: Chart {
    /// One group. Values that are not finite are left out and their number is stated under the name.
    public struct Group: Sendable {
        /// Name below the box.
        public var name: String
        /// The values.
        public var values: [Double]

        /// nil takes the next of `Color.distinct`.
        public var color: Color?

        /// A box; without a color it gets one of its own.
        public init(name: String, values: [Double], color: Color? = nil) {
            self.name = name
            self.values = values
            self.color = color
        }
    }

    /// The heading.
    public var title: String
    /// What the vertical axis shows.
    public var verticalLabel: String
    /// The boxes, from left to right.
    public var groups: [Group]

    /// What the vertical axis spans at the least.
    public var range: ClosedRange<Double>?

    /// A plot; without a range the axis covers all values.
    public init(title: String, verticalLabel: String, groups: [Group], range: ClosedRange<Double>? = nil) {
        self.title = title
        self.verticalLabel = verticalLabel
        self.groups = groups
        self.range = range
    }

    /// The five numbers a box is drawn from.
    struct Summary: Equatable {
        var lowWhisker, lowQuartile, median, highQuartile, highWhisker: Double

        /// nil without finite values.
        init?(_ values: [Double]) {
            let sorted = values.filter(\.isFinite).sorted()
            guard !sorted.isEmpty else { return nil }
            /// Linear between neighbors, as NumPy's and R's default.
            func quantile(_ share: Double) -> Double {
                let place = share * Double(sorted.count - 1)
                let below = Int(place)
                let above = min(below + 1, sorted.count - 1)
                return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
            }
            (lowQuartile, median, highQuartile) = (quantile(0.25), quantile(0.5), quantile(0.75))
            let reach = 1.5 * (highQuartile - lowQuartile)
            let (floor, ceiling) = (lowQuartile - reach, highQuartile + reach)
            lowWhisker = sorted.first { $0 >= floor } ?? lowQuartile
            highWhisker = sorted.last { $0 <= ceiling } ?? highQuartile
        }
    }

    /// The picture as an SVG document.
    public func svg() -> String {
        let slot = groups.count > 8 ? 90.0 : 124.0
        let (left, top, fieldHeight) = (82.0, 56.0, 300.0)
        let fieldWidth = max(slot * Double(groups.count), 220)
        let wide = max(left + fieldWidth + 28, left + SVG.width(of: title, size: 18) + 28)
        var svg = SVG(width: wide, height: top + fieldHeight + 58)
        svg.text(title, x: left, y: 30, PlotArea.ink, size: 18, bold: true)
        let area = PlotArea(
            x: left, y: top, width: fieldWidth, height: fieldHeight, horizontal: Axis([0, Double(max(groups.count, 1))], fits: true),
            vertical: Axis(groups.flatMap(\.values), including: range))
        area.draw(on: &svg, verticalLabel: verticalLabel, horizontalTicks: false)
        for (index, group) in groups.enumerated() {
            draw(group, color: group.color ?? .distinct(index), center: Double(index) + 0.5, slot: slot, in: area, on: &svg)
        }
        return svg.document
    }

    private func draw(_ group: Group, color: Color, center: Double, slot: Double, in area: PlotArea, on svg: inout SVG) {
        let finite = group.values.filter(\.isFinite)
        let x = area.x + center / max(1, area.horizontal.high) * area.width
        svg.text(group.name, x: x, y: area.y + area.height + 20, PlotArea.ink, anchor: .middle)
        let left = group.values.count - finite.count
        let count = left == 0 ? "n = \(finite.count)" : "n = \(finite.count), \(left) without value"
        svg.text(count, x: x, y: area.y + area.height + 37, PlotArea.quiet, size: 11, anchor: .middle)
        guard let summary = Summary(group.values) else { return }
        func level(_ value: Double) -> Double { area.place((0, value))!.y }
        let half = slot * 0.21
        for (index, value) in finite.enumerated() {
            // Spread sideways by the golden ratio: even, and the same every time.
            let spread = (Double(index) * 0.618034).truncatingRemainder(dividingBy: 1) - 0.5
            svg.circle(x: x + spread * half * 1.5, y: level(value), radius: 2.2, fill: color, opacity: 0.55)
        }
        for (end, quartile) in [(summary.lowWhisker, summary.lowQuartile), (summary.highWhisker, summary.highQuartile)] {
            svg.line(from: (x, level(quartile)), to: (x, level(end)), PlotArea.ink, width: 1.2)
            svg.line(from: (x - half / 2, level(end)), to: (x + half / 2, level(end)), PlotArea.ink, width: 1.2)
        }
        svg.rectangle(
            x: x - half, y: level(summary.highQuartile), width: 2 * half,
            height: level(summary.lowQuartile) - level(summary.highQuartile), fill: color, opacity: 0.25, stroke: PlotArea.ink)
        svg.line(from: (x - half, level(summary.median)), to: (x + half, level(summary.median)), PlotArea.ink, width: 2.4)
        svg.text(
            Axis.short(summary.median), x: x + half + 5, y: level(summary.median) + 4, PlotArea.ink, size: 11)
    }
}
