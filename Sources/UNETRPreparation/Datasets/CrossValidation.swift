/// Which cases a network is trained on and which it is validated on.
public struct Fold: Equatable, Sendable, Codable {
    /// Names of the training cases.
    public var training: [String]
    /// Names of the validation cases.
    public var validation: [String]

    /// A division of cases.
    public init(training: [String], validation: [String]) {
        self.training = training
        self.validation = validation
    }
}

/// Splits of the cases of a data set, equal to those of nnU-Net and so of the published results.
public enum CrossValidation {
    /// The seed that nnU-Net draws its splits with.
    public static let publishedSeed: UInt32 = 12345

    /// `count` folds whose validation parts are disjoint and together hold every case (scikit-learn's shuffled `KFold`).
    ///
    /// Names are sorted first. The first `n % count` folds validate one case more than the others.
    /// - Throws: `PreparationError.tooFewCases` when there are fewer cases than folds, or a name occurs twice.
    public static func folds(_ caseNames: [String], count: Int = 5, seed: UInt32 = publishedSeed) throws -> [Fold] {
        let names = try distinct(caseNames)
        guard count >= 2, names.count >= count else { throw PreparationError.tooFewCases(got: names.count, folds: count) }
        var random = NumPyRandom(seed: seed)
        let order = random.permutation(names.count).map { Int($0) }
        var folds = [Fold](), first = 0
        for number in 0..<count {
            let size = names.count / count + (number < names.count % count ? 1 : 0)
            let chosen = Set(order[first..<(first + size)])
            folds.append(split(names) { !chosen.contains($0) })
            first += size
        }
        return folds
    }

    /// The random split, 80 % for training, that stands for fold `number` beyond the cross-validation folds.
    public static func randomSplit(_ caseNames: [String], fold number: Int, seed: UInt32 = publishedSeed) throws -> Fold {
        let names = try distinct(caseNames)
        guard names.count >= 2 else { throw PreparationError.tooFewCases(got: names.count, folds: 2) }
        var random = NumPyRandom(seed: seed &+ UInt32(truncatingIfNeeded: number))
        let chosen = Set(random.permutation(names.count).prefix(Int(Double(names.count) * 0.8)))
        return split(names) { chosen.contains(Int32($0)) }
    }

    private static func split(_ names: [String], isTraining: (Int) -> Bool) -> Fold {
        Fold(
            training: names.indices.filter(isTraining).map { names[$0] },
            validation: names.indices.filter { !isTraining($0) }.map { names[$0] })
    }

    /// The names in the order of their bytes, which is the order of the reference.
    private static func distinct(_ names: [String]) throws -> [String] {
        let sorted = names.sorted(by: CaseNames.isBefore)
        for (name, next) in zip(sorted, sorted.dropFirst()) where name == next { throw PreparationError.duplicateCase(name) }
        return sorted
    }
}

/// The order of case names.
enum CaseNames {
    /// By code points, the same on every machine and in every language.
    static func isBefore(_ left: String, _ right: String) -> Bool { left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars) }
}
