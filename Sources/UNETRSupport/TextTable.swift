/// Rows of text as columns: the first aligned to the left, the others to the right.
public enum TextTable {
    /// - Parameters:
    ///   - head: the columns' titles.
    ///   - rows: the cells, as many in each row as there are titles.
    public static func render(head: [String], rows: [[String]]) -> String {
        let all = [head] + rows
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.enumerated().map { column, text in
                let space = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + space : space + text
            }
            return cells.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
