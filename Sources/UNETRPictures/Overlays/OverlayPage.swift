import Foundation

/// Puts panels, captions, letters, scale bar and legend of an overlay on one canvas.
struct OverlayPage {
    let overlay: Overlay
    let grid: PatientGrid
    let center: [Int]
    let scale: Double
    let hasReference: Bool

    private let margin = 24
    private let gap = 20
    private let background = Color(16, 18, 22)
    private let bright = Color(236, 239, 244)
    private let quiet = Color(150, 158, 170)

    private var convention: String? {
        grid.isOriented ? "Radiological convention: the patient's right is on the left." : "Orientation unknown: planes as stored."
    }

    func compose(_ panels: [Canvas]) -> Canvas {
        let inner = panels.reduce(0) { $0 + $1.width } + gap * (panels.count - 1)
        let needed = ([overlay.title, overlay.subtitle, convention] as [String?]).compactMap { $0 }.map { Canvas.width(of: $0, scale: 2) }
        let width = max(inner, min(needed.max() ?? 0, 4000), 480)
        let legend = legendRows(width: width)
        let line = Canvas.lineHeight(scale: 2)
        let header = margin + Canvas.lineHeight(scale: 3) + (overlay.subtitle == nil ? 0 : line) + 14
        let body = line + 4 + panels.map(\.height).max()!
        let footer = 18 + legend.count * (line + 6) + line + margin
        var page = Canvas(width: width + 2 * margin, height: header + body + footer, background: background)

        let titleScale = Canvas.width(of: overlay.title, scale: 3) <= width ? 3 : 2
        page.text(overlay.title, x: margin, y: margin, bright, scale: titleScale)
        if let subtitle = overlay.subtitle {
            page.text(subtitle, x: margin, y: margin + Canvas.lineHeight(scale: 3) + 2, quiet, scale: 2)
        }
        var x = margin + (width - inner) / 2
        for (plane, panel) in zip(OverlayPlane.allCases, panels) {
            draw(panel, of: plane, on: &page, x: x, y: header)
            x += panel.width + gap
        }
        drawLegend(legend, on: &page, y: header + body + 18)
        if let convention { page.text(convention, x: margin, y: page.height - margin - 18, quiet, scale: 2) }
        return page
    }

    private func draw(_ panel: Canvas, of plane: OverlayPlane, on page: inout Canvas, x: Int, y: Int) {
        let across = plane.axes.across
        // Slices are counted from 1, from the left, the back and the feet.
        let caption = "\(plane.name) \(center[across] + 1)/\(grid.lengths[across])"
        page.text(caption, x: x, y: y, bright, scale: Canvas.width(of: caption, scale: 2) <= panel.width ? 2 : 1)
        let top = y + Canvas.lineHeight(scale: 2) + 4
        page.draw(panel, x: x, y: top)
        page.frame(x: x - 1, y: top - 1, width: panel.width + 2, height: panel.height + 2, Color(gray: 70))
        if grid.isOriented {
            let letters = plane.letters
            let (middleX, middleY) = (x + panel.width / 2 - 5, top + panel.height / 2 - 7)
            shadowed(letters.left, on: &page, x: x + 6, y: middleY)
            shadowed(letters.right, on: &page, x: x + panel.width - 16, y: middleY)
            shadowed(letters.top, on: &page, x: middleX, y: top + 6)
            shadowed(letters.bottom, on: &page, x: middleX, y: top + panel.height - 20)
        }
        drawScaleBar(on: &page, x: x, bottom: top + panel.height, width: panel.width)
    }

    /// A letter that can be read on any background.
    private func shadowed(_ text: String, on page: inout Canvas, x: Int, y: Int) {
        for (dx, dy) in [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1)] {
            page.text(text, x: x + dx, y: y + dy, .black, scale: 2)
        }
        page.text(text, x: x, y: y, Color(255, 255, 255), scale: 2)
    }

    /// A bar of 1, 2 or 5 times a power of ten mm, at most a quarter of the panel long.
    private func drawScaleBar(on page: inout Canvas, x: Int, bottom: Int, width: Int) {
        let longest = Double(width) / 4 / scale
        let power = pow(10, floor(log10(longest)))
        let length = [5, 2, 1].map { $0 * power }.first { $0 <= longest } ?? power
        let pixels = max(1, Int((length * scale).rounded()))
        let label = length >= 1 ? "\(Int(length)) mm" : "\(length) mm"
        page.fill(x: x + 9, y: bottom - 13, width: pixels + 2, height: 5, .black)
        page.fill(x: x + 10, y: bottom - 12, width: pixels, height: 3, .white)
        shadowed(label, on: &page, x: x + 10, y: bottom - 32)
    }

    /// An entry of the legend: a label, or the outlines of the reference.
    private enum Entry {
        case label(OverlayLabel)
        case outline(String)

        var name: String {
            switch self {
            case .label(let label): label.name
            case .outline(let name): name
            }
        }

        var note: String? {
            if case .label(let label) = self { label.note } else { nil }
        }

        /// Swatch, name, note and the gap to the next.
        var width: Int { 24 + Canvas.width(of: name, scale: 2) + (note.map { 12 + Canvas.width(of: $0, scale: 2) } ?? 0) + 28 }
    }

    /// The legend's entries, as many in a row as fit.
    private func legendRows(width: Int) -> [[Entry]] {
        var rows: [[Entry]] = []
        var left = 0
        for entry in overlay.labels.map(Entry.label) + (hasReference ? [.outline(overlay.referenceName)] : []) {
            if rows.isEmpty || entry.width > left {
                rows.append([])
                left = width
            }
            rows[rows.count - 1].append(entry)
            left -= entry.width
        }
        return rows
    }

    private func drawLegend(_ rows: [[Entry]], on page: inout Canvas, y: Int) {
        for (row, entries) in rows.enumerated() {
            var x = margin
            let top = y + row * (Canvas.lineHeight(scale: 2) + 6)
            for entry in entries {
                switch entry {
                case .label(let label):
                    page.fill(x: x, y: top - 1, width: 16, height: 16, label.color, alpha: 0.6)
                    page.frame(x: x, y: top - 1, width: 16, height: 16, label.color, thickness: 2)
                case .outline: page.frame(x: x, y: top - 1, width: 16, height: 16, .white)
                }
                page.text(entry.name, x: x + 24, y: top, bright, scale: 2)
                if let note = entry.note {
                    page.text(note, x: x + 36 + Canvas.width(of: entry.name, scale: 2), y: top, quiet, scale: 2)
                }
                x += entry.width
            }
        }
    }
}
