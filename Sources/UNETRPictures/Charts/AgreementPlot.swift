/// The agreement of two ways to measure one quantity: the difference of each pair over its mean, with the mean difference (bias) and
/// the limits within which 95 % of differences lie if they are normal, bias ± 1.96 SD.
/// Source: Bland and Altman, Lancet 1986; 327: 307–310.
public struct AgreementPlot: Chart {
    /// Pairs of one kind, such as one structure.
    public struct Group: Sendable {
        /// Name in the legend.
        public var name: String
        /// Measured values with their references.
        public var pairs: [(measured: Double, reference: Double)]

        /// nil takes the next of `Color.distinct`.
        public var color: Color?

        /// A group of cases; without a color it gets one of its own.
        public init(name: String, pairs: [(measured: Double, reference: Double)], color: Color? = nil) {
            self.name = name
            self.pairs = pairs
            self.color = color
        }
    }

    /// The heading.
    public var title: String

    /// What was measured and its unit, such as "volume (ml)".
    public var quantity: String
    /// The groups of cases.
    public var groups: [Group]

    /// A Bland–Altman plot of `quantity`, such as "volume in ml".
    public init(title: String, quantity: String, groups: [Group]) {
        self.title = title
        self.quantity = quantity
        self.groups = groups
    }

    /// Mean and standard deviation (of a sample, n − 1) of the differences measured − reference.
    struct Limits: Equatable {
        var bias: Double
        var deviation: Double

        /// nil with fewer than two differences.
        init?(_ differences: [Double]) {
            guard differences.count >= 2 else { return nil }
            let mean = differences.reduce(0, +) / Double(differences.count)
            bias = mean
            deviation = (differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(differences.count - 1)).squareRoot()
        }

        var low: Double { bias - 1.96 * deviation }
        var high: Double { bias + 1.96 * deviation }
    }

    /// The picture as an SVG document.
    public func svg() -> String {
        let points = groups.map { group in
            group.pairs.filter { $0.measured.isFinite && $0.reference.isFinite }
                .map { (x: ($0.measured + $0.reference) / 2, y: $0.measured - $0.reference) }
        }
        let all = points.flatMap { $0 }
        let limits = Limits(all.map(\.y))
        var svg = SVG(width: 760, height: 470)
        svg.text(title, x: 82, y: 30, PlotArea.ink, size: 18, bold: true)
        let area = PlotArea(
            x: 82, y: 78, width: 520, height: 320, horizontal: Axis(all.map(\.x), ticks: 6),
            vertical: Axis(all.map(\.y) + [0] + (limits.map { [$0.low, $0.high] } ?? []), ticks: 6))
        area.draw(on: &svg, verticalLabel: "measured - reference, \(quantity)")
        svg.text("mean of both, \(quantity)", x: 342, y: 440, PlotArea.ink, anchor: .middle)
        if let limits { draw(limits, in: area, on: &svg) }
        var x = area.x
        for (index, group) in groups.enumerated() {
            let color = group.color ?? .distinct(index)
            for point in points[index] {
                if let place = area.place(point) { svg.circle(x: place.x, y: place.y, radius: 3, fill: color, opacity: 0.75) }
            }
            svg.circle(x: x + 5, y: 56, radius: 4.5, fill: color)
            svg.text("\(group.name) (n = \(points[index].count))", x: x + 15, y: 60, PlotArea.ink)
            x += SVG.width(of: "\(group.name) (n = \(points[index].count))") + 36
        }
        return svg.document
    }

    private func draw(_ limits: Limits, in area: PlotArea, on svg: inout SVG) {
        let lines = [(limits.high, "+1.96 SD", true), (limits.bias, "bias", false), (limits.low, "-1.96 SD", true)]
        for (value, name, dashed) in lines {
            guard let place = area.place((area.horizontal.low, value)) else { continue }
            svg.line(from: place, to: (area.x + area.width, place.y), PlotArea.ink, width: 1.3, dashed: dashed)
            svg.text("\(name) \(Axis.short(value))", x: area.x + area.width + 8, y: place.y + 4, PlotArea.ink, size: 11)
        }
    }
}
