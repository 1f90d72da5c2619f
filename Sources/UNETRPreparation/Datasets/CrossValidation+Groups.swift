extension CrossValidation {
    /// `count` folds that tear no group: their validation parts are disjoint and together hold every case, and a group is in one of them.
    ///
    /// Where every case is by itself these are `folds(_:count:seed:)`, to the case. Otherwise the groups, sorted by name, are shuffled by the
    /// same generator, larger ones are moved before smaller ones, and each goes into the validation part that has the fewest cases so far (the
    /// first of equal ones). So the parts differ by no more cases than the largest group has.
    /// - Throws: `SplitError.tooFewGroups` when there are fewer groups than folds, and the errors of `folds(_:count:seed:)`.
    public static func folds(_ groups: CaseGroups, count: Int = 5, seed: UInt32 = publishedSeed) throws -> [Fold] {
        let names = groups.members.values.joined().sorted(by: CaseNames.isBefore)
        if groups.areSingle { return try folds(names, count: count, seed: seed) }
        let sorted = groups.members.sorted { CaseNames.isBefore($0.key, $1.key) }.map(\.value)
        guard count >= 2, sorted.count >= count else {
            throw SplitError.tooFewGroups(groups: sorted.count, cases: names.count, folds: count)
        }
        var random = NumPyRandom(seed: seed)
        let shuffled = random.permutation(sorted.count).map { sorted[Int($0)] }
        let bySize = shuffled.enumerated().sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }.map(\.element)
        var parts = [Set<String>](repeating: [], count: count)
        for cases in bySize {
            let smallest = parts.indices.min { (parts[$0].count, $0) < (parts[$1].count, $1) }!
            parts[smallest].formUnion(cases)
        }
        return parts.map { part in
            Fold(training: names.filter { !part.contains($0) }, validation: names.filter(part.contains))
        }
    }
}
