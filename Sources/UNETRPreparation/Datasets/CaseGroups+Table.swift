public import Foundation
import UNETRSupport
import UNETRVolumes

extension CaseGroups {
    /// Groups by a column of a table: a text file with a line of headings, separated by commas, semicolons or tabs.
    ///
    /// The column headed `case` names the cases (the first column, where none is), with or without the ending of a scan's file. The table may
    /// have lines for other cases.
    /// - Parameters:
    ///   - names: the cases of the data set.
    ///   - column: the heading of the groups; nil: the only other column, or else the one headed patient, subject or group.
    ///   - url: a table as CSV or TSV with a line of headings.
    /// - Throws: `SplitError.table` for a table that does not say each case's group, `FileError` for a file that cannot be read.
    public init(of names: [String], table url: URL, column: String? = nil) throws {
        func fail(_ problem: String) -> SplitError { .table(path: url.path, problem: problem) }
        guard let text = String(data: try InputFile.contents(of: url, most: 1 << 26), encoding: .utf8) else {
            throw fail("it is not text in UTF-8")
        }
        var rows = CSV.rows(of: text)
        guard rows.count > 1 else { throw fail("it needs a line of headings, such as case,patient, and a line for each case") }
        let headings = rows.removeFirst()
        let known = Set(names)
        guard !headings.contains(where: { known.contains(Self.caseName($0)) }) else {
            throw fail("its first line names the case \(headings[0]); it needs a line of headings before, such as case,patient")
        }
        let caseColumn = headings.firstIndex { $0.lowercased() == "case" } ?? 0
        let groupColumn = try Self.groupColumn(headings, besides: caseColumn, named: column, fail)
        var groups: [String: String] = [:]
        for (line, row) in zip(2..., rows) {
            guard row.count == headings.count else {
                throw fail("its row \(line) has \(row.count) columns, but there are \(headings.count) headings")
            }
            let name = Self.caseName(row[caseColumn]), group = row[groupColumn]
            guard known.contains(name) else { continue }
            guard !group.isEmpty else { throw fail("its row \(line) has no \(headings[groupColumn]) for the case \(name)") }
            if let other = groups[name], other != group {
                throw fail("the case \(name) has the \(headings[groupColumn]) \(other) and, in row \(line), \(group)")
            }
            groups[name] = group
        }
        let missing = known.subtracting(groups.keys).sorted(by: CaseNames.isBefore)
        guard missing.isEmpty else {
            throw fail("it has no line for \(SplitError.count(missing)) of the data set: \(SplitError.list(missing))")
        }
        self.init(groups, origin: "the column \(headings[groupColumn]) of \(url.lastPathComponent)")
    }

    private static func caseName(_ cell: String) -> String { VolumeName(cell)?.stem ?? cell }

    private static func groupColumn(
        _ headings: [String], besides caseColumn: Int, named column: String?, _ fail: (String) -> SplitError
    ) throws -> Int {
        let others = headings.indices.filter { $0 != caseColumn }
        let listed = others.map { headings[$0] }.joined(separator: ", ")
        if let column {
            guard let index = others.first(where: { headings[$0] == column }) else {
                throw fail("it has no column \(column); its columns besides that of the cases are: \(listed)")
            }
            return index
        }
        if others.count == 1 { return others[0] }
        let usual = others.filter { ["patient", "subject", "group"].contains(headings[$0].lowercased()) }
        guard usual.count == 1 else {
            throw fail(others.isEmpty ? "it has one column; two are needed, such as case,patient" : "name the column of the groups: one of \(listed)")
        }
        return usual[0]
    }
}
