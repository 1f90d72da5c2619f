public import Foundation
import UNETRSupport
import UNETRVolumes

/// A list of cases in a file: one a line, or a table with a column for them.
public struct CaseList: Equatable, Sendable {
    /// The file.
    public let url: URL
    /// The cases, in the file's order, each once.
    public let names: [String]

    /// Reads a list. A file `.csv` or `.tsv` is a table whose column `case`, `name` or `participant_id` counts; in any other file each line is a case, and lines
    /// that are empty or begin with # are not. A case may have the ending of a scan's file.
    ///
    /// - Throws: `WorkflowError.badList`; `FileError`.
    public init(contentsOf url: URL) throws {
        func fail(_ problem: String) -> WorkflowError { .badList(path: url.path, problem: problem) }
        guard let text = String(data: try InputFile.contents(of: url, most: 64 << 20), encoding: .utf8) else { throw fail("the file is not text (UTF-8)") }
        let isTable = ["csv", "tsv"].contains(url.pathExtension.lowercased())
        let cells = isTable ? try Self.column(of: CSV.rows(of: text), fail) : Self.lines(of: text)
        var seen = Set<String>()
        names = cells.map { VolumeName($0)?.stem ?? $0 }.filter { seen.insert($0).inserted }
        guard !names.isEmpty else { throw fail("the list is empty") }
        self.url = url
    }

    private static func lines(of text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
    }

    private static func column(of rows: [[String]], _ fail: (String) -> WorkflowError) throws -> [String] {
        guard let head = rows.first else { throw fail("the list is empty") }
        guard let column = head.firstIndex(where: { ["case", "name", "participant_id"].contains($0.lowercased()) }) else {
            throw fail("the table has no column for cases, but \(head.prefix(8).joined(separator: ", "))")
        }
        return try rows.dropFirst().enumerated().map { number, row in
            guard row.indices.contains(column), !row[column].isEmpty else { throw fail("row \(number + 1) names no case") }
            return row[column]
        }
    }

    /// Those of `all` that the list names, in the order of `all`.
    ///
    /// - Parameter names: by which a case may be called.
    /// - Throws: `WorkflowError.unknownCases` for names that are not there.
    func chosen<Case>(of all: [Case], names: (Case) -> [String]) throws -> [Case] {
        let wanted = Set(self.names), chosen = all.filter { !wanted.isDisjoint(with: names($0)) }
        let missing = wanted.subtracting(chosen.flatMap(names))
        guard missing.isEmpty else { throw WorkflowError.unknownCases(list: url.path, names: missing.sorted()) }
        return chosen
    }
}
