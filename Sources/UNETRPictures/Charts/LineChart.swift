/// Lines over a common horizontal axis, in panels one below the other: how a training run goes, for example.
///
/// ```swift
/// let loss = LineChart.Series(name: "training", points: epochs.map { (Double($0.number), $0.loss) })
/// let panel = LineChart.Panel(title: "Loss", series: [loss], scale: .logarithmic)
/// try LineChart(title: "Hippocampus", horizontalLabel: "epoch", panels: [panel]).write(to: url)
/// ```
public struct LineChart: Chart {
    /// One line. Points that are not finite (or not positive, on a logarithmic scale) leave a gap.
    public struct Series: Sendable {
        /// Name in the legend.
        public var name: String
        /// The points, joined in this order.
        public var points: [(x: Double, y: Double)]

        /// nil takes the next of `Color.distinct`.
        public var color: Color?
        /// Whether the line is dashed.
        public var isDashed: Bool

        /// A line; without a color it gets one of its own.
        public init(name: String, points: [(x: Double, y: Double)], color: Color? = nil, isDashed: Bool = false) {
            self.name = name
            self.points = points
            self.color = color
            self.isDashed = isDashed
        }
    }

    /// One field with its own vertical axis.
    public struct Panel: Sendable {
        /// The heading.
        public var title: String

        /// What the vertical axis shows, with its unit, such as "s" or "Dice".
        public var verticalLabel: String
        /// The lines.
        public var series: [Series]
        /// The scale of the vertical axis.
        public var scale: AxisScale

        /// What the vertical axis spans at the least, such as 0…1 for Dice.
        public var range: ClosedRange<Double>?

        /// A panel; without a range the axis covers all points.
        public init(
            title: String, verticalLabel: String = "", series: [Series], scale: AxisScale = .linear, range: ClosedRange<Double>? = nil
        ) {
            self.title = title
            self.verticalLabel = verticalLabel
            self.series = series
            self.scale = scale
            self.range = range
        }
    }

    /// The heading.
    public var title: String
    /// A line below the heading.
    public var subtitle: String?
    /// What the horizontal axis shows.
    public var horizontalLabel: String
    /// The panels, from top to bottom.
    public var panels: [Panel]

    /// The size in pixels of the drawing and of one panel's field.
    public var width = 900.0
    /// Height of a panel in pixels.
    public var panelHeight = 190.0

    /// A chart of panels with a common horizontal axis.
    public init(title: String, subtitle: String? = nil, horizontalLabel: String, panels: [Panel]) {
        self.title = title
        self.subtitle = subtitle
        self.horizontalLabel = horizontalLabel
        self.panels = panels
    }

    private static let (left, right, header, footer) = (82.0, 28.0, 34.0, 26.0)

    /// The picture as an SVG document.
    public func svg() -> String {
        let top = subtitle == nil ? 44.0 : 62.0
        let height = top + Double(panels.count) * (Self.header + panelHeight + Self.footer) + 26
        var svg = SVG(width: width, height: height)
        svg.text(title, x: Self.left, y: 30, PlotArea.ink, size: 18, bold: true)
        if let subtitle { svg.text(subtitle, x: Self.left, y: 50, PlotArea.quiet, size: 12) }

        let columns = panels.flatMap { $0.series.flatMap { $0.points.map(\.x) } }
        let horizontal = Axis(
            columns, ticks: 10, fits: true, wholeNumbers: columns.allSatisfy { $0.isFinite && $0 == $0.rounded() })
        for (index, panel) in panels.enumerated() {
            let values = panel.series.flatMap { $0.points.map(\.y) }
            let area = PlotArea(
                x: Self.left, y: top + Double(index) * (Self.header + panelHeight + Self.footer) + Self.header,
                width: width - Self.left - Self.right, height: panelHeight, horizontal: horizontal,
                vertical: Axis(values, scale: panel.scale, including: panel.range))
            draw(panel, in: area, on: &svg)
        }
        svg.text(horizontalLabel, x: (Self.left + width - Self.right) / 2, y: height - 14, PlotArea.ink, anchor: .middle)
        return svg.document
    }

    private func draw(_ panel: Panel, in area: PlotArea, on svg: inout SVG) {
        svg.text(panel.title, x: area.x, y: area.y - 12, PlotArea.ink, size: 13, bold: true)
        area.draw(on: &svg, verticalLabel: panel.verticalLabel)
        drawLegend(panel, in: area, on: &svg)
        var drawn = 0
        for (index, series) in panel.series.enumerated() {
            let color = series.color ?? Color.distinct(index)
            for run in runs(series, in: area) {
                drawn += run.count
                if run.count == 1 { svg.circle(x: run[0].x, y: run[0].y, radius: 2.5, fill: color) }
                if run.count > 1 { svg.path(run, color, dashed: series.isDashed) }
            }
        }
        if drawn == 0 {
            svg.text("no values yet", x: area.x + area.width / 2, y: area.y + area.height / 2, PlotArea.quiet, size: 13, anchor: .middle)
        }
    }

    /// The series' points in the drawing, split where one has no place.
    private func runs(_ series: Series, in area: PlotArea) -> [[(x: Double, y: Double)]] {
        var runs: [[(x: Double, y: Double)]] = [[]]
        for point in series.points {
            if let place = area.place(point) {
                runs[runs.count - 1].append(place)
            } else if !runs[runs.count - 1].isEmpty {
                runs.append([])
            }
        }
        return runs.filter { !$0.isEmpty }
    }

    /// Names with their latest values, right-aligned above the field.
    private func drawLegend(_ panel: Panel, in area: PlotArea, on svg: inout SVG) {
        var right = area.x + area.width
        for (index, series) in panel.series.enumerated().reversed() {
            let value = series.points.last { area.place($0) != nil }.map { " " + Axis.short($0.y) } ?? ""
            let text = series.name + value
            svg.text(text, x: right, y: area.y - 12, PlotArea.ink, size: 12, anchor: .end)
            right -= SVG.width(of: text) + 8
            svg.line(
                from: (right - 20, area.y - 16), to: (right, area.y - 16), series.color ?? Color.distinct(index), width: 3,
                dashed: series.isDashed)
            right -= 38
        }
    }
}
