public import Foundation
import UNETRSupport

/// A drawing of lines, shapes and texts as an SVG 1.1 file, built from back to front.
struct SVG {
    let width: Double
    let height: Double
    private var elements: [String] = []

    enum Anchor: String { case start, middle, end }

    init(width: Double, height: Double, background: Color = .white) {
        self.width = width
        self.height = height
        rectangle(x: 0, y: 0, width: width, height: height, fill: background)
    }

    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, fill: Color?, opacity: Double = 1, stroke: Color? = nil
    ) {
        elements.append(
            "<rect x=\"\(Self.n(x))\" y=\"\(Self.n(y))\" width=\"\(Self.n(width))\" height=\"\(Self.n(height))\""
                + " fill=\"\(fill?.hex ?? "none")\"\(opacity < 1 ? " fill-opacity=\"\(Self.n(opacity))\"" : "")"
                + "\(stroke.map { " stroke=\"\($0.hex)\"" } ?? "")/>")
    }

    mutating func line(
        from start: (x: Double, y: Double), to end: (x: Double, y: Double), _ color: Color, width: Double = 1, dashed: Bool = false
    ) {
        path([start, end], color, width: width, dashed: dashed)
    }

    /// A broken line through the points.
    mutating func path(_ points: [(x: Double, y: Double)], _ color: Color, width: Double = 1.8, dashed: Bool = false) {
        let list = points.map { "\(Self.n($0.x)),\(Self.n($0.y))" }.joined(separator: " ")
        elements.append(
            "<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(color.hex)\" stroke-width=\"\(Self.n(width))\""
                + " stroke-linejoin=\"round\"\(dashed ? " stroke-dasharray=\"5 4\"" : "")/>")
    }

    mutating func circle(x: Double, y: Double, radius: Double, fill: Color, opacity: Double = 1) {
        elements.append(
            "<circle cx=\"\(Self.n(x))\" cy=\"\(Self.n(y))\" r=\"\(Self.n(radius))\" fill=\"\(fill.hex)\""
                + "\(opacity < 1 ? " fill-opacity=\"\(Self.n(opacity))\"" : "")/>")
    }

    mutating func text(
        _ text: String, x: Double, y: Double, _ color: Color, size: Double = 12, bold: Bool = false, anchor: Anchor = .start,
        upwards: Bool = false
    ) {
        let turn = upwards ? " transform=\"rotate(-90 \(Self.n(x)) \(Self.n(y)))\"" : ""
        elements.append(
            "<text x=\"\(Self.n(x))\" y=\"\(Self.n(y))\" font-size=\"\(Self.n(size))\" fill=\"\(color.hex)\""
                + " text-anchor=\"\(anchor.rawValue)\"\(bold ? " font-weight=\"bold\"" : "")\(turn)>\(Self.escaped(text))</text>")
    }

    /// The whole file.
    var document: String {
        let box = "width=\"\(Self.n(width))\" height=\"\(Self.n(height))\" viewBox=\"0 0 \(Self.n(width)) \(Self.n(height))\""
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + "<svg xmlns=\"http://www.w3.org/2000/svg\" \(box) font-family=\"Helvetica, Arial, DejaVu Sans, sans-serif\">\n"
            + elements.joined(separator: "\n") + "\n</svg>\n"
    }

    /// About how wide a text is: more than half of its size for each character in the faces named above.
    static func width(of text: String, size: Double = 12) -> Double { 0.56 * size * Double(text.count) }

    /// A coordinate to a hundredth, in the same characters on every machine.
    private static func n(_ value: Double) -> String {
        let hundredths = Int(clampingRounded: min(max(value, -1e9), 1e9) * 100) ?? 0
        let (whole, part) = abs(hundredths).quotientAndRemainder(dividingBy: 100)
        let sign = hundredths < 0 ? "-" : ""
        if part == 0 { return "\(sign)\(whole)" }
        return part % 10 == 0 ? "\(sign)\(whole).\(part / 10)" : "\(sign)\(whole).\(part < 10 ? "0" : "")\(part)"
    }

    private static func escaped(_ text: String) -> String {
        // Control characters have no form in XML 1.0.
        String(text.unicodeScalars.filter { $0.value >= 0x20 }.map(Character.init))
            .replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;")
    }
}

/// A chart that can be written as an SVG file.
public protocol Chart: Sendable {
    /// The chart as an SVG file, the same characters for the same data.
    func svg() -> String
}

extension Chart {
    /// Writes the chart as an SVG file; it appears, or replaces the old one, only when it is complete.
    ///
    /// - Throws: `FileError` or what Foundation throws when the file cannot be written.
    public func write(to url: URL) throws {
        try AtomicFile.write(Data(svg().utf8), to: url)
    }
}
