public import UNETRPlanning

/// Which part of a data set a network is trained on, as it is asked for.
public enum FoldChoice: Equatable, Sendable {
    /// One of the five folds of the cross-validation.
    case fold(Int)
    /// Every case, none for validation.
    case all
    /// The fixed split that a benchmark's results were published with.
    case published

    /// "0" to "4", "all" or "published".
    public init?(_ text: String) {
        switch text {
        case "all": self = .all
        case "published": self = .published
        default:
            guard let number = Int(text), (0...4).contains(number) else { return nil }
            self = .fold(number)
        }
    }

    /// The cases of the choice.
    ///
    /// - Parameters:
    ///   - names: all labeled cases of the data set.
    ///   - benchmark: which benchmark the data set is, where that is known.
    /// - Throws: `PreparationError` where there are too few cases, or the published split does not fit the data set.
    public func cases(of names: [String], benchmark: Benchmark?) throws -> Fold {
        switch self {
        case .fold(let number):
            return try CrossValidation.folds(names)[number]
        case .all:
            return Fold(training: names.sorted(by: CaseNames.isBefore), validation: [])
        case .published:
            guard let benchmark, let fold = CrossValidation.publishedFold(benchmark) else {
                throw PreparationError.noPublishedSplit(benchmark: benchmark?.rawValue)
            }
            let missing = Set(fold.training + fold.validation).subtracting(names).sorted(by: CaseNames.isBefore)
            guard missing.isEmpty else { throw PreparationError.splitMismatch(benchmark: benchmark.rawValue, missing: missing) }
            return fold
        }
    }
}
