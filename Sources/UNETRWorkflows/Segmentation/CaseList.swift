public import Foundation
import UNETRSupport

/// A list of cases in a file: one a line, or a table with a column for them.
public struct CaseList: Equatable, Sendable {
    /// The file.
    public let url: URL
    /// The cases, in the file's order, each once.
    public let names: [String]

    /// Reads a list. A file `.csv` or `.tsv` is a table whose column `case`, `name` or `participant_id` counts; in any other file each line is a case, and lines
    /// that are empty or begin with # are not.
    ///
    /// - Throws: `WorkflowError.badList`; `FileError`.
    public init(contentsOf url: URL) throws {
        let data = try InputFile.contents(of: url, most: 64 << 20)
        guard let text = String(data: data, encoding: .utf8) else { throw WorkflowError.badList(path: url.path, problem: "the file is not text (UTF-8)") }
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
        var found: [String]
        switch url.pathExtension.lowercased() {
        case "csv", "tsv":
            let separator: Character = url.pathExtension.lowercased() == "csv" ? "," : "\t"
            func fields(_ line: String) -> [String] {
                line.split(separator: separator, omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .init(charactersIn: " \"")) }
            }
            let head = lines.first.map(fields) ?? []
            guard let column = head.firstIndex(where: { ["case", "name", "participant_id"].contains($0.lowercased()) }) else {
                throw WorkflowError.badList(path: url.path, problem: "the table has no column for cases, but \(head.prefix(8).joined(separator: ", "))")
            }
            found = try lines.dropFirst().enumerated().map { number, line in
                let fields = fields(line)
                guard fields.indices.contains(column), !fields[column].isEmpty else {
                    throw WorkflowError.badList(path: url.path, problem: "row \(number + 1) names no case")
                }
                return fields[column]
            }
        default: found = lines
        }
        var seen = Set<String>()
        found = found.filter { seen.insert($0).inserted }
        guard !found.isEmpty else { throw WorkflowError.badList(path: url.path, problem: "the list is empty") }
        self.url = url
        names = found
    }

    /// Those of `all` that the list names, in the order of `all`.
    ///
    /// - Throws: `WorkflowError.unknownCases` for names that are not there.
    func chosen<Case>(of all: [Case], name: (Case) -> String) throws -> [Case] {
        let wanted = Set(names), chosen = all.filter { wanted.contains(name($0)) }
        let missing = wanted.subtracting(chosen.map(name))
        guard missing.isEmpty else { throw WorkflowError.unknownCases(list: url.path, names: missing.sorted()) }
        return chosen
    }
}
