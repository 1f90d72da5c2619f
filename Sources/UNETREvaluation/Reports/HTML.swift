import Foundation

/// Text for HTML pages.
enum HTML {
    /// Text with the signs that HTML reads replaced.
    static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
    }

    /// A number to the given decimals; an en dash for none, ∞ for infinite. What is rounded to 0 has no sign.
    static func number(_ value: Double?, decimals: Int) -> String {
        guard let value, !value.isNaN else { return "–" }
        guard value.isFinite else { return value > 0 ? "∞" : "−∞" }
        let text = String(format: "%.\(decimals)f", value)
        guard text.hasPrefix("-") else { return text }
        return (text.contains { "123456789".contains($0) } ? "−" : "") + text.dropFirst()
    }

    /// A table that scrolls sideways in a narrow window instead of widening the page.
    static func table(head: [String], rows: [[String]]) -> String {
        let header = head.map { "<th>\($0)</th>" }.joined()
        let body = rows.map { row in
            "<tr>" + row.enumerated().map { $0.offset == 0 ? "<th scope=\"row\">\($0.element)</th>" : "<td>\($0.element)</td>" }.joined() + "</tr>"
        }
        return "<div class=\"scroll\"><table><thead><tr>\(header)</tr></thead><tbody>\(body.joined(separator: "\n"))</tbody></table></div>\n"
    }

    /// An SVG document as a part of a page: without the XML declaration.
    static func inline(_ svg: String) -> String { svg.range(of: "<svg").map { String(svg[$0.lowerBound...]) } ?? svg }

    /// Figures that stand out, each with a name and a remark.
    static func tiles(_ tiles: [(name: String, remark: String, value: String)]) -> String {
        "<div class=\"tiles\">" + tiles.map { "<div class=\"tile\"><b>\($0.value)</b><span>\(escaped($0.name))<br>\($0.remark)</span></div>" }.joined()
            + "</div>"
    }

    /// A whole page with its style inside: it needs no other file.
    static func page(title: String, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escaped(title))</title>
        <style>
        :root { color-scheme: light; --ink: #1d2733; --soft: #5b6876; --line: #dde3ea; --ground: #f5f7f9; --accent: #0b6e99; }
        * { box-sizing: border-box; }
        body { margin: 0; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--ground); }
        main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 60px; }
        h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
        h2 { font-size: 1.2rem; margin: 36px 0 12px; }
        h3 { font-size: 1rem; margin: 0 0 8px; overflow-wrap: anywhere; }
        p { margin: 0 0 10px; max-width: 75ch; }
        .soft { color: var(--soft); }
        .tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0; }
        .tile { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 12px 18px; flex: 1 1 150px; }
        .tile b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
        .tile span { color: var(--soft); font-size: .85rem; }
        .card { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 16px; margin: 0 0 16px; }
        /* Shadows at the ends of a table that goes on: the white covers scroll with it, the shadows stay. */
        .scroll { overflow-x: auto; -webkit-overflow-scrolling: touch;
          background: linear-gradient(90deg, #fff 30%, #fff0) left, linear-gradient(270deg, #fff 30%, #fff0) right,
            linear-gradient(90deg, #0002, #0000) left, linear-gradient(270deg, #0002, #0000) right;
          background-repeat: no-repeat; background-size: 40px 100%, 40px 100%, 10px 100%, 10px 100%;
          background-attachment: local, local, scroll, scroll; }
        table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
        th, td { padding: 6px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
        th:first-child { text-align: left; }
        thead th { color: var(--soft); font-weight: 600; }
        tbody th { font-weight: 500; }
        tbody tr:last-child > * { border-bottom: 0; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 16px; }
        .charts .card { margin: 0; padding: 8px; overflow-x: auto; }
        .charts + h3 { margin-top: 20px; }
        svg, img { display: block; max-width: 100%; height: auto; }
        svg[width="760"] { min-width: 460px; }
        img { border-radius: 6px; background: #121212; }
        .case { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 16px; align-items: start; }
        .case th, .case td { padding: 6px 6px; }
        @media (max-width: 900px) { .case { grid-template-columns: minmax(0, 1fr); } main { padding: 16px 12px 40px; } th, td { padding: 6px 8px; } }
        ul { padding-left: 20px; margin: 0 0 10px; }
        summary { cursor: pointer; color: var(--accent); margin-bottom: 8px; }
        @media print { body { background: #fff; } .card { break-inside: avoid; } }
        </style>
        </head>
        <body><main>
        \(body)
        </main></body>
        </html>

        """
    }
}
