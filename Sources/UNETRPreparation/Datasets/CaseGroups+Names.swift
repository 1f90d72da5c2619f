extension CaseGroups {
    /// Groups where the names of the cases say plainly that they are of one patient; every other case stays by itself.
    ///
    /// Four forms count, each as the whole name:
    /// - BIDS: `sub-01_ses-02`, group `sub-01`;
    /// - the word patient or subject with a number, and more behind it: `patient001_frame01`, group `patient001`;
    /// - time points behind a name with a digit in it: `A12_visit2`, `A12-tp1` (also frame, session, ses, timepoint), group `A12`;
    /// - BraTS since 2023: `BraTS-GLI-00005-101`, group `BraTS-GLI-00005`.
    public init(statedBy names: [String]) {
        let rules = [
            /(sub-[A-Za-z0-9]+)_.+/,
            /((?:patient|subject)[-_]?[0-9]+)[-_].+/.ignoresCase(),
            /(.*?[0-9].*?)(?:[-_](?:frame|session|ses|visit|timepoint|tp)[-_]?[0-9]+)+/.ignoresCase(),
            /(BraTS-[A-Z]+-[0-9]{5})-[0-9]{3}/,
        ]
        var groups: [String: String] = [:]
        for name in names {
            groups[name] = rules.lazy.compactMap { rule in name.wholeMatch(of: rule).map { String($0.1) } }.first ?? name
        }
        self.init(groups, origin: "the patients in their names")
    }

    /// Groups by a regular expression that is searched in every name: its first capture group is the group, or the whole match where it
    /// captures nothing.
    ///
    /// - Throws: `SplitError.rule` for an expression that is none, `SplitError.unmatched` for names in which it finds nothing.
    public init(of names: [String], rule: String) throws {
        let expression: Regex<AnyRegexOutput>
        do { expression = try Regex(rule) } catch { throw SplitError.rule(rule, problem: "\(error)") }
        var groups: [String: String] = [:], unmatched: [String] = []
        for name in names {
            let match = name.firstMatch(of: expression)
            let found = match.flatMap { $0.output.count > 1 ? $0.output[1].substring : $0.output[0].substring }
            if let found, !found.isEmpty { groups[name] = String(found) } else { unmatched.append(name) }
        }
        guard unmatched.isEmpty else { throw SplitError.unmatched(rule: rule, names: unmatched.sorted(by: CaseNames.isBefore)) }
        self.init(groups, origin: "the rule \(rule)")
    }
}
