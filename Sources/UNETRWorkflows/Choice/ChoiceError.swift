/// Why configurations cannot be compared on their cross-validations.
public enum ChoiceError: Error, Equatable, CustomStringConvertible, Sendable {
    /// A folder that is no run and has none in it.
    case noRuns(path: String)
    /// A run without its model.
    case unfinished(run: String)
    /// Runs of one configuration have different plans or networks.
    case severalPlans(run: String, first: String)
    /// Two runs of one configuration kept the same case.
    case validatedTwice(case: String, run: String, other: String)
    /// No run of a configuration kept a case.
    case nothingValidated(path: String)
    /// The run does not know the expert's labels of a case.
    case noReference(case: String, run: String)
    /// The prepared case is not there, or was made with another plan.
    case notPrepared(case: String, folder: String, run: String)
    /// Two configurations are about different things.
    case differs(path: String, what: String, found: String, first: String, expected: String)
    /// Two configurations were validated on different cases.
    case otherCases(path: String, missing: [String], added: [String], first: String)
    /// A case has another grid in another configuration, or in its label file.
    case otherGrid(case: String, place: String, found: String, expected: String)
    /// Two places are the same.
    case sameTwice(path: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        func list(_ names: [String]) -> String { names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "") }
        return switch self {
        case .noRuns(let path): "\(path) is no training run and has none in it; name a run, or the folder with the runs of the folds"
        case .unfinished(let run): "\(run) has no model.unetrpp: its training has not ended; finish it first"
        case .severalPlans(let run, let first):
            "\(run) has another plan or network than \(first), so the two are no folds of one configuration; put each configuration's runs into a folder of its own"
        case .validatedTwice(let name, let run, let other):
            "\(run) kept the case \(name) for validation, and so did \(other); the folds of one configuration share no case"
        case .nothingValidated(let path): "\(path) kept no case for validation, so nothing shows how good it is; train the folds of a cross-validation"
        case .noReference(let name, let run): "\(run) does not say where the labels of the case \(name) are, so its mask cannot be scored"
        case .notPrepared(let name, let folder, let run):
            "the case \(name) of \(run) is not in \(folder) as that run prepared it; prepare the data set again with the run's plan"
        case .differs(let path, let what, let found, let first, let expected):
            "\(path) differs from \(first) in \(what): \(found) instead of \(expected); only configurations of one data set can be compared"
        case .otherCases(let path, let missing, let added, let first):
            "\(path) was not validated on the cases of \(first): "
                + [missing.isEmpty ? nil : "\(missing.count) are missing (\(list(missing)))", added.isEmpty ? nil : "\(added.count) are more (\(list(added)))"]
                .compactMap(\.self).joined(separator: ", ") + "; train the same folds of both"
        case .otherGrid(let name, let place, let found, let expected):
            "the case \(name) has \(found) voxels in \(place), expected \(expected) on the same place in the patient; it is another scan, or has changed"
        case .sameTwice(let path): "\(path) is named twice"
        }
    }
}
