/// A rectangle of a chart with its two axes, which places values in the drawing.
struct PlotArea {
    static let ink = Color(40, 44, 52)
    static let quiet = Color(110, 116, 128)
    static let grid = Color(228, 231, 236)

    var x: Double
    var y: Double
    var width: Double
    var height: Double
    var horizontal: Axis
    var vertical: Axis

    /// Where a point lies in the drawing; nil if it has no place there.
    func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double)? {
        guard let right = horizontal.position(point.x), let up = vertical.position(point.y) else { return nil }
        return (x + right * width, y + (1 - up) * height)
    }

    /// Draws grid, frame, tick texts and, turned upwards, what the vertical axis shows.
    func draw(on svg: inout SVG, verticalLabel: String, horizontalTicks: Bool = true) {
        for tick in vertical.ticks {
            guard let position = vertical.position(tick.value) else { continue }
            let level = y + (1 - position) * height
            svg.line(from: (x, level), to: (x + width, level), Self.grid)
            svg.text(tick.text, x: x - 8, y: level + 4, Self.quiet, size: 11, anchor: .end)
        }
        if horizontalTicks {
            for tick in horizontal.ticks {
                guard let position = horizontal.position(tick.value) else { continue }
                let column = x + position * width
                svg.line(from: (column, y), to: (column, y + height), Self.grid)
                svg.text(tick.text, x: column, y: y + height + 16, Self.quiet, size: 11, anchor: .middle)
            }
        }
        svg.line(from: (x, y), to: (x, y + height), Self.quiet)
        svg.line(from: (x, y + height), to: (x + width, y + height), Self.quiet)
        svg.text(verticalLabel, x: x - 52, y: y + height / 2, Self.ink, size: 12, anchor: .middle, upwards: true)
    }
}
