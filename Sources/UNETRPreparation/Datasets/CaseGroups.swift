/// Which cases of a data set belong together: scans of one patient, or copies of one scan.
///
/// Cases of a group resemble each other, so a network that was trained on one of them is not tested by another: a split keeps every group on
/// one side.
public struct CaseGroups: Equatable, Sendable {
    /// For each group's name its cases, sorted. Every case is in exactly one group.
    public private(set) var members: [String: [String]]

    /// How the groups came about, in words that follow "by", such as "the rule patient[0-9]+"; empty where every case is by itself.
    public private(set) var origin: String

    /// - Parameters:
    ///   - groups: for each case the name of its group.
    ///   - origin: how the groups came about, in words that follow "by".
    public init(_ groups: [String: String], origin: String) {
        members = Dictionary(grouping: groups.keys) { groups[$0]! }.mapValues { $0.sorted(by: CaseNames.isBefore) }
        self.origin = members.count == groups.count ? "" : origin
    }

    /// Every case by itself.
    public init(each names: [String]) {
        self.init(Dictionary(names.map { ($0, $0) }) { first, _ in first }, origin: "")
    }

    /// True where every case is by itself.
    public var areSingle: Bool { members.values.allSatisfy { $0.count == 1 } }

    /// The number of cases.
    public var caseCount: Int { members.values.reduce(0) { $0 + $1.count } }

    /// The groups of more than one case.
    public var shared: [String: [String]] { members.filter { $0.value.count > 1 } }

    /// The names of the groups that have cases in both parts of a split, sorted.
    public func torn(by fold: Fold) -> [String] {
        let (training, validation) = (Set(fold.training), Set(fold.validation))
        return members.filter { !training.isDisjoint(with: $0.value) && !validation.isDisjoint(with: $0.value) }
            .keys.sorted(by: CaseNames.isBefore)
    }

    /// The groups with those made one that share a scan.
    ///
    /// - Parameter copies: lists of cases with the same voxels; cases that are in no group are passed over.
    public func joined(by copies: [[String]]) -> CaseGroups {
        var result = self
        var groupOf: [String: String] = [:]
        for (group, cases) in members { for name in cases { groupOf[name] = group } }
        var count = 0
        for list in copies {
            let touched = Set(list.compactMap { groupOf[$0] }).sorted(by: CaseNames.isBefore)
            guard touched.count > 1 else { continue }
            let cases = touched.flatMap { result.members.removeValue(forKey: $0) ?? [] }.sorted(by: CaseNames.isBefore)
            let name = touched.joined(separator: " + ")
            result.members[name] = cases
            for joined in cases { groupOf[joined] = name }
            count += 1
        }
        if count > 0 {
            let scans = count == 1 ? "equal voxels of one scan under several names" : "equal voxels of \(count) scans under several names"
            result.origin = origin.isEmpty ? scans : "\(origin) and \(scans)"
        }
        return result
    }

    /// One line for people: how many groups, by what, and an example; nil where every case is by itself.
    public var note: String? {
        guard let example = shared.min(by: { CaseNames.isBefore($0.key, $1.key) }) else { return nil }
        return "\(caseCount) cases are \(members.count) groups by \(origin), such as \(SplitError.list(example.value)); "
            + "a group lies on one side of a fold"
    }
}
