import UNETRSupport

/// What became of a cohort, put together from the records of all processes that worked on it.
public struct CohortSummary: Sendable {
    /// What was noted, by the names of the cases.
    public let records: [CaseRecord]
    /// Expected cases of which nothing was noted.
    public let untouched: [String]

    /// A summary.
    ///
    /// - Parameters:
    ///   - records: what was noted, in any order.
    ///   - expected: the cases there should be; nil: those that there are.
    public init(_ records: [CaseRecord], expected: [String]? = nil) {
        self.records = records.sorted { $0.name < $1.name }
        untouched = expected.map { Set($0).subtracting(records.map(\.name)).sorted() } ?? []
    }

    /// How many cases there are or should be.
    public var count: Int { records.count + untouched.count }
    /// Those whose masks are there.
    public var done: [CaseRecord] { records.filter { $0.state == .done || $0.state == .skipped } }
    /// Those that cannot be done.
    public var failed: [CaseRecord] { records.filter { $0.state == .failed } }
    /// The names of those that another run may do.
    public var unfinished: [String] { (records.filter { $0.state == .begun || $0.state == .failedForNow }.map(\.name) + untouched).sorted() }

    /// A table with a line for each case and a column for the volume of each structure.
    public var csv: String {
        let structures = Set(records.flatMap { ($0.millilitres ?? [:]).keys }).sorted()
        var lines = [["case", "state", "seconds", "network seconds", "peak memory MB"] + structures.map { "\($0) ml" } + ["error"]]
        for record in records {
            lines.append(
                [record.name, record.state.rawValue, CSV.number(record.seconds), CSV.number(record.networkSeconds)]
                    + [record.peakMemory.map { "\($0 >> 20)" } ?? ""] + structures.map { CSV.number(record.millilitres?[$0]) } + [record.error ?? ""])
        }
        lines += untouched.map { [$0, "untouched"] + Array(repeating: "", count: structures.count + 4) }
        return CSV.text(lines)
    }
}
