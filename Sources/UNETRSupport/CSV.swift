/// Tables as text that spreadsheets read (RFC 4180).
public enum CSV {
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
        guard field.contains(where: { ",\"\r\n".contains($0) || $0 == "\r\n" }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
