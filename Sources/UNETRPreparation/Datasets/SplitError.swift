/// Why the cases of a data set cannot be divided as they were asked to be.
public enum SplitError: Error, Equatable, Sendable, CustomStringConvertible {
    case rule(String, problem: String)
    case unmatched(rule: String, names: [String])
    case table(path: String, problem: String)
    case tooFewGroups(groups: Int, cases: Int, folds: Int)
    case file(path: String, problem: String)
    case noSuchFold(String, expected: String)
    case torn(path: String, groups: [String])
    case contradiction(what: String, asked: String, recorded: String)
    case missingCases(names: [String])

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
