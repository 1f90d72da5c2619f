/// What things achieve over what they cost: a bubble each, whose area is a second cost, in panels one below the other.
///
/// ```swift
/// let bubble = BubbleChart.Bubble(name: "UNETR++", x: 47.9, y: 87.22, size: 42.95, note: "43.0 M")
/// let panel = BubbleChart.Panel(title: "Synapse", verticalLabel: "Dice (%)", bubbles: [bubble])
/// try BubbleChart(title: "Accuracy and cost", horizontalLabel: "G multiply-adds", panels: [panel]).write(to: url)
/// ```
public struct BubbleChart: Chart {
    /// One thing. Without a finite, positive place and size it is left out.
    public struct Bubble: Sendable {
        /// Name beside the bubble.
        public var name: String
        /// On a logarithmic axis: above 0.
        public var x: Double
        /// Position on the vertical axis.
        public var y: Double
        /// In proportion to the bubble's area: above 0.
        public var size: Double
        /// Stands beside the name, such as the size with its unit.
        public var note: String

        /// nil takes the next of `Color.distinct`.
        public var color: Color?

        /// A bubble whose area is proportional to `size`.
        public init(name: String, x: Double, y: Double, size: Double, note: String = "", color: Color? = nil) {
            (self.name, self.x, self.y, self.size, self.note, self.color) = (name, x, y, size, note, color)
        }

        var isDrawable: Bool { x.isFinite && x > 0 && y.isFinite && size.isFinite && size > 0 }
    }

    /// One field with its own vertical axis.
    public struct Panel: Sendable {
        /// The heading.
        public var title: String
        /// What the vertical axis shows.
        public var verticalLabel: String
        /// The bubbles.
        public var bubbles: [Bubble]

        /// A panel of the chart.
        public init(title: String, verticalLabel: String, bubbles: [Bubble]) {
            (self.title, self.verticalLabel, self.bubbles) = (title, verticalLabel, bubbles)
        }
    }

    /// The heading.
    public var title: String
    /// A line below the heading.
    public var subtitle: String?
    /// What the horizontal axis shows.
    public var horizontalLabel: String
    /// The panels, from left to right.
    public var panels: [Panel]

    /// A chart of panels with a common horizontal axis.
    public init(title: String, subtitle: String? = nil, horizontalLabel: String, panels: [Panel]) {
        (self.title, self.subtitle, self.horizontalLabel, self.panels) = (title, subtitle, horizontalLabel, panels)
    }

    private static let (width, left, right, top, fieldHeight) = (820.0, 82.0, 28.0, 62.0, 260.0)
    private static let (header, footer) = (38.0, 30.0)
    /// The radius of the largest bubble, in pixels.
    private static let largest = 34.0

    /// The picture as an SVG document.
    public func svg() -> String {
        let height = Self.top + Double(panels.count) * (Self.header + Self.fieldHeight + Self.footer) + 26
        var svg = SVG(width: Self.width, height: height)
        svg.text(title, x: Self.left, y: 30, PlotArea.ink, size: 18, bold: true)
        if let subtitle { svg.text(subtitle, x: Self.left, y: 50, PlotArea.quiet, size: 12) }
        let all = panels.flatMap(\.bubbles).filter(\.isDrawable)
        let columns = all.map(\.x)
        // Room for the bubbles and names at both ends.
        let horizontal = Axis(columns + [(columns.min() ?? 1) / 1.5, (columns.max() ?? 10) * 2], scale: .logarithmic)
        for (index, panel) in panels.enumerated() {
            let values = panel.bubbles.filter(\.isDrawable).map(\.y)
            let room = max(((values.max() ?? 1) - (values.min() ?? 0)) * 0.2, 1e-6)
            let area = PlotArea(
                x: Self.left, y: Self.top + Double(index) * (Self.header + Self.fieldHeight + Self.footer) + Self.header,
                width: Self.width - Self.left - Self.right, height: Self.fieldHeight, horizontal: horizontal,
                vertical: Axis(values.flatMap { [$0 - room, $0 + room] }))
            draw(panel, in: area, largestSize: all.map(\.size).max() ?? 1, on: &svg)
        }
        svg.text(horizontalLabel, x: (Self.left + Self.width - Self.right) / 2, y: height - 14, PlotArea.ink, anchor: .middle)
        return svg.document
    }

    private func draw(_ panel: Panel, in area: PlotArea, largestSize: Double, on svg: inout SVG) {
        svg.text(panel.title, x: area.x, y: area.y - 12, PlotArea.ink, size: 13, bold: true)
        area.draw(on: &svg, verticalLabel: panel.verticalLabel)
        let places = panel.bubbles.enumerated().filter { $0.element.isDrawable }.compactMap { index, bubble in
            area.place((bubble.x, bubble.y)).map { place in
                Spot(
                    text: bubble.note.isEmpty ? bubble.name : "\(bubble.name) (\(bubble.note))", x: place.x, y: place.y,
                    radius: Self.largest * (bubble.size / largestSize).squareRoot(), color: bubble.color ?? .distinct(index))
            }
        }
        // Large ones first, so that small ones stay in sight; then the texts over all of them.
        for spot in places.sorted(by: { $0.radius > $1.radius }) {
            svg.circle(x: spot.x, y: spot.y, radius: spot.radius, fill: spot.color, opacity: 0.75)
        }
        var taken = places.map(\.box)
        for spot in places {
            let sides = spot.sides.filter { $0.box.x0 >= area.x && $0.box.x1 <= area.x + area.width && $0.box.y0 >= area.y }
            let side = sides.first { side in !taken.contains { $0.meets(side.box) } } ?? spot.sides[0]
            taken.append(side.box)
            svg.text(spot.text, x: side.x, y: side.y, PlotArea.ink, anchor: side.anchor)
        }
        if places.isEmpty {
            svg.text("no values", x: area.x + area.width / 2, y: area.y + area.height / 2, PlotArea.quiet, size: 13, anchor: .middle)
        }
    }

    private struct Box {
        var x0, x1, y0, y1: Double

        func meets(_ other: Box) -> Bool { x0 < other.x1 && other.x0 < x1 && y0 < other.y1 && other.y0 < y1 }
    }

    /// A bubble in the drawing.
    private struct Spot {
        var text: String
        var x, y, radius: Double
        var color: Color

        var box: Box { Box(x0: x - radius, x1: x + radius, y0: y - radius, y1: y + radius) }

        /// Where its text may stand, best first: right, left, below, above.
        var sides: [(x: Double, y: Double, anchor: SVG.Anchor, box: Box)] {
            let width = SVG.width(of: text), gap = radius + 6
            func box(from left: Double, baseline: Double) -> Box { Box(x0: left, x1: left + width, y0: baseline - 10, y1: baseline + 3) }
            return [
                (x + gap, y + 4, .start, box(from: x + gap, baseline: y + 4)),
                (x - gap, y + 4, .end, box(from: x - gap - width, baseline: y + 4)),
                (x, y + radius + 14, .middle, box(from: x - width / 2, baseline: y + radius + 14)),
                (x, y - radius - 6, .middle, box(from: x - width / 2, baseline: y - radius - 6)),
            ]
        }
    }
}
