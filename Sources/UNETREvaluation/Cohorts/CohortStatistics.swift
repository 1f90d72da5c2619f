/// What was measured in the masks of many cases, and what is unusual among them.
public struct CohortStatistics: Sendable {
    /// A structure of the cohort.
    public struct Structure: Hashable, Sendable {
        /// Its name.
        public let name: String
        /// Its value in masks, or its values joined by "+".
        public let key: String
    }

    /// The cases in the order of their names. Each that was measured has every structure, if need be without voxels.
    public let cases: [CaseStatistics]
    /// The structures, as the labels list them; those nobody named follow by number.
    public let structures: [Structure]
    /// What a person should look at, by case and structure.
    public let flags: [Flag]

    /// The cases that were measured.
    public var measured: [CaseStatistics] { cases.filter { $0.problem == nil } }
    /// The cases that could not be.
    public var failed: [CaseStatistics] { cases.filter { $0.problem != nil } }

    /// Puts cases together.
    public init(_ cases: [CaseStatistics]) {
        let all = cases.filter { $0.problem == nil }.flatMap(\.structures)
        var seen = Set<Structure>()
        let found = all.map { Structure(name: $0.name, key: $0.key) }.filter { seen.insert($0).inserted }
        let (unnamed, named) = (found.filter { $0.name == $0.key }, found.filter { $0.name != $0.key })
        let structures = named + unnamed.sorted { (Int($0.key) ?? .max, $0.key) < (Int($1.key) ?? .max, $1.key) }
        let complete = cases.sorted { $0.name < $1.name }.map { one in
            guard one.problem == nil else { return one }
            var whole = one
            let own = Dictionary(one.structures.map { (Structure(name: $0.name, key: $0.key), $0) }) { first, _ in first }
            whole.structures = structures.map { own[$0] ?? StructureStatistics(name: $0.name, key: $0.key) }
            return whole
        }
        let measured = complete.filter { $0.problem == nil }
        (self.cases, self.structures) = (complete, structures)
        flags = structures.indices.flatMap { Flag.all(of: $0, in: measured) }.sorted { ($0.caseName, $0.structure) < ($1.caseName, $1.structure) }
    }

    /// A structure in the cases that have it.
    public func present(_ structure: Int) -> [StructureStatistics] { measured.map { $0.structures[structure] }.filter { $0.voxels > 0 } }
}

/// The values of a figure that are usual in a cohort: not farther from the median than 3.5 robust standard deviations, which are 1.4826 times the median
/// absolute deviation from it (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993).
public struct UsualRange: Equatable, Sendable {
    /// The median.
    public let median: Double
    /// The usual values.
    public let range: ClosedRange<Double>

    /// Beyond so many robust standard deviations a value is unusual.
    public static let limit = 3.5
    /// Of fewer values nothing is said.
    public static let fewest = 5

    /// nil of too few finite values, and where more than half of them are the same, so that nothing can be said of how they spread.
    public init?(_ values: [Double]) {
        let finite = values.filter(\.isFinite)
        guard finite.count >= Self.fewest, let center = Quantiles.linear(finite, 0.5),
            let deviation = Quantiles.linear(finite.map { abs($0 - center) }, 0.5), deviation > 0
        else { return nil }
        let reach = Self.limit * 1.4826 * deviation
        guard (center - reach).isFinite, (center + reach).isFinite else { return nil }
        (median, range) = (center, center - reach...center + reach)
    }
}
