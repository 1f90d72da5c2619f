/// Why the cases of a data set cannot be divided as they were asked to be.
public enum SplitError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The rule for groups is no usable regular expression.
    case rule(String, problem: String)
    /// The rule finds no group in these names.
    case unmatched(rule: String, names: [String])
    /// The table of groups cannot be used.
    case table(path: String, problem: String)
    /// There are fewer groups than folds.
    case tooFewGroups(groups: Int, cases: Int, folds: Int)
    /// The file of splits cannot be used.
    case file(path: String, problem: String)
    /// There is no fold of this name.
    case noSuchFold(String, expected: String)
    /// The file of splits has these groups on both sides.
    case torn(path: String, groups: [String])
    /// A wish contradicts what the run recorded.
    case contradiction(what: String, asked: String, recorded: String)
    /// Cases of the split that the data set lacks.
    case missingCases(names: [String])

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .rule(let rule, let problem):
            "the rule of groups '\(rule)' is no regular expression: \(problem)"
        case .unmatched(let rule, let names):
            "the rule of groups '\(rule)' finds nothing in \(Self.count(names)): \(Self.list(names)); every name must have its group"
        case .table(let path, let problem), .file(let path, let problem):
            "\(path): \(problem)"
        case .tooFewGroups(let groups, let cases, let folds):
            "cannot make \(folds) folds of \(groups) groups, which \(cases) cases belong to; add patients, correct the groups, or give a split "
                + "of your own"
        case .noSuchFold(let fold, let expected):
            "there is no fold \(fold); expected \(expected)"
        case .torn(let path, let groups):
            "\(path) was found with the data set and puts cases of one group on both sides: \(Self.list(groups)); "
                + "name the file yourself to use it as it is, or have it passed over"
        case .contradiction(let what, let asked, let recorded):
            "the run was started with \(recorded) as \(what), not \(asked); leave it out to continue the run, or start another"
        case .missingCases(let names):
            "the run's split has \(Self.count(names)) that the data set lacks: \(Self.list(names))"
        }
    }

    /// "1 case", "3 cases".
    static func count(_ names: [String]) -> String { "\(names.count) case\(names.count == 1 ? "" : "s")" }

    /// The first names of a list.
    static func list(_ names: [String]) -> String {
        names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
    }
}
