import Foundation

/// Tables as text, as spreadsheets read and write it (RFC 4180).
public enum CSV {
    /// The rows that are not blank, without spaces around the cells. The separator is the first line's: tab, else semicolon, else comma.
    /// A cell in quotation marks may hold separators, line ends, and quotation marks written twice.
    public static func rows(of text: String) -> [[String]] {
        let text = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : Substring(text)
        let first = text.prefix { !$0.isNewline }
        let separator: Character = first.contains("\t") ? "\t" : first.contains(";") ? ";" : ","
        var rows: [[String]] = [], row: [String] = [], cell = "", isQuoted = false, wasQuoted = false
        func trimmed(_ cell: String) -> String { cell.trimmingCharacters(in: .whitespaces) }
        func endRow() {
            row.append(trimmed(cell))
            cell = ""
            if row.contains(where: { !$0.isEmpty }) { rows.append(row) }
            row = []
        }
        for character in text {
            if isQuoted {
                if character == "\"" { (isQuoted, wasQuoted) = (false, true) } else { cell.append(character) }
                continue
            }
            // The second of two quotation marks within a quoted cell.
            if character == "\"", wasQuoted { cell.append("\"") }
            wasQuoted = false
            switch character {
            case "\"": isQuoted = true
            case separator:
                row.append(trimmed(cell))
                cell = ""
            case _ where character.isNewline: endRow()
            default: cell.append(character)
            }
        }
        endRow()
        return rows
    }

    /// The lines of a table, each ended by CR and LF.
    public static func text(_ lines: [[String]]) -> String {
        lines.map { $0.map(quoted).joined(separator: ",") }.joined(separator: "\r\n") + "\r\n"
    }

    /// A number with all its digits; empty where there is none, "inf" for an infinite one.
    public static func number(_ value: Double?) -> String {
        guard let value, !value.isNaN else { return "" }
        return value.isInfinite ? "inf" : "\(value)"
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
