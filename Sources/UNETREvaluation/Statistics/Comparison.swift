import UNETRVolumes

/// Two results on the same cases, figure by figure.
public struct Comparison: Equatable, Sendable {
    /// One figure of one class, or of the mean over classes, A minus B.
    public struct Row: Equatable, Sendable {
        /// The class's key; nil for the mean over classes.
        public var key: String?
        /// The class's name, or "mean of classes".
        public var name: String
        /// What is compared.
        public var figure: Figure
        /// Per case that has the figure in both: case, value of A, value of B.
        public var pairs: [Pair]
        /// Cases in which it is undefined or infinite in A or B.
        public var leftOut: Int
        /// Spread of A − B; nil if no case has both.
        public var difference: Distribution?
        /// The signed-rank test over the cases; nil if there are too few.
        public var test: Wilcoxon?
        /// Cases in which A is better, equal, and worse.
        public var wins: Int
        /// Cases in which both are equal.
        public var ties: Int
        /// Cases in which the first is worse.
        public var losses: Int

        /// Mean of the first model; nil without cases.
        public var meanOfA: Double? { Summary.mean(of: pairs.map(\.a)) }
        /// Mean of the second model; nil without cases.
        public var meanOfB: Double? { Summary.mean(of: pairs.map(\.b)) }
    }

    /// The values of one case.
    public struct Pair: Equatable, Sendable {
        /// The case.
        public var name: String
        /// Value of the first model.
        public var a: Double
        /// Value of the second model.
        public var b: Double
    }

    /// One row for each class and figure.
    public var rows: [Row]
    /// What names of metrics mean in both.
    public var definition: MetricDefinition

    /// Compares two results that were made by the same definition, for the same cases and classes.
    ///
    /// - Parameters:
    ///   - figures: what to compare; one that neither more nor less is better for cannot be.
    ///   - tolerance: differences of at most this much are ties.
    ///   - bootstrap: how the intervals of the mean differences are drawn.
    ///   - b: the second factor.
    ///   - a: the first factor.
    /// - Throws: `EvaluationError.notComparable`, which names what differs.
    public init(
        _ a: EvaluationResult, _ b: EvaluationResult, figures: [Figure] = [.dice, .hd95], tolerance: Double = 1e-9,
        bootstrap: Bootstrap = Bootstrap()
    ) throws {
        guard a.definition == b.definition else {
            throw EvaluationError.notComparable("one was made by the definition \(a.definition.name), the other by \(b.definition.name)")
        }
        let (left, right) = (a.cases.map(\.name), b.cases.map(\.name))
        guard Set(left) == Set(right) else {
            let only = Set(left).symmetricDifference(right).sorted().joined(separator: ", ")
            throw EvaluationError.notComparable("these cases are in one of them only: \(only)")
        }
        let keys = Set(b.classes.map(\.key))
        let classes = a.classes.filter { keys.contains($0.key) }
        guard !classes.isEmpty else { throw EvaluationError.notComparable("they have no class in common") }
        let order = Dictionary(b.cases.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        let partners = a.cases.map { b.cases[order[$0.name]!] }

        definition = a.definition
        rows = figures.filter { $0.moreIsBetter != nil }.flatMap { figure in
            var rows = classes.map { structure in
                Row(
                    key: structure.key, name: structure.name, figure: figure, tolerance: tolerance, bootstrap: bootstrap,
                    values: zip(a.cases, partners).map {
                        ($0.name, $0.classes[structure.key].flatMap(figure.value), $1.classes[structure.key].flatMap(figure.value))
                    })
            }
            if classes.count > 1 {
                func mean(_ metrics: CaseMetrics) -> Double? { Summary.mean(of: classes.map { metrics.classes[$0.key].flatMap(figure.value) }) }
                rows.append(
                    Row(
                        key: nil, name: "mean of classes", figure: figure, tolerance: tolerance, bootstrap: bootstrap,
                        values: zip(a.cases, partners).map {
                            ($0.name, mean($0), mean($1))
                        }))
            }
            return rows
        }
    }
}

extension Comparison.Row {
    init(key: String?, name: String, figure: Figure, tolerance: Double, bootstrap: Bootstrap, values: [(String, Double?, Double?)]) {
        self.key = key
        self.name = name
        self.figure = figure
        pairs = values.compactMap { name, a, b in
            guard let a, let b, a.isFinite, b.isFinite else { return nil }
            return Comparison.Pair(name: name, a: a, b: b)
        }
        leftOut = values.count - pairs.count
        let differences = pairs.map { $0.a - $0.b }
        difference = Distribution(differences, bootstrap: bootstrap)
        test = Wilcoxon(differences: differences)
        let gains = figure.moreIsBetter == false ? differences.map { -$0 } : differences
        wins = gains.filter { $0 > tolerance }.count
        losses = gains.filter { $0 < -tolerance }.count
        ties = gains.count - wins - losses
    }
}

/// Several results on the same cases, ranked.
public struct Ranking: Equatable, Sendable {
    /// One model.
    public struct Entry: Equatable, Sendable, Encodable {
        /// The model.
        public var name: String
        /// Mean over cases and classes of the rank among the models, 1 is best; ties share their mean rank.
        public var meanRank: Double
        /// Mean over the classes that all have of the mean over cases.
        public var mean: Double?
    }

    /// The figure by which the models are ordered.
    public var figure: Figure
    /// The models, best mean rank first.
    public var entries: [Entry]

    /// Ranks models case by case and class by class ("rank then aggregate", Maier-Hein et al. 2018), on the classes that all have. An undefined or infinite value
    /// ranks last unless it is undefined for all, which leaves the case's class out.
    ///
    /// - Throws: `EvaluationError.notComparable`
    public init(_ results: [(name: String, result: EvaluationResult)], by figure: Figure) throws {
        guard let first = results.first?.result else { throw EvaluationError.notComparable("there is no result") }
        for (_, other) in results.dropFirst() { _ = try Comparison(first, other, figures: [figure]) }
        // As in a comparison: a class that one of them was not scored on says nothing about the others.
        let classes = first.classes.filter { structure in results.allSatisfy { $0.result.classes.contains { $0.key == structure.key } } }
        guard !classes.isEmpty else { throw EvaluationError.notComparable("they have no class in common") }
        var sums = [Double](repeating: 0, count: results.count)
        var places = 0
        for metrics in first.cases {
            for structure in classes {
                let values = results.map { entry in
                    entry.result.cases.first { $0.name == metrics.name }?.classes[structure.key].flatMap(figure.value)
                }
                guard values.contains(where: { $0 != nil }) else { continue }
                let worst = figure.moreIsBetter == true ? -Double.infinity : .infinity
                let scores = values.map { ($0 ?? worst) * (figure.moreIsBetter == true ? -1 : 1) }
                for (index, score) in scores.enumerated() {
                    let (better, equal) = (scores.filter { $0 < score }.count, scores.filter { $0 == score }.count)
                    sums[index] += Double(better) + Double(equal + 1) / 2
                }
                places += 1
            }
        }
        self.figure = figure
        entries = results.enumerated().map { index, entry in
            Entry(
                name: entry.name, meanRank: places == 0 ? 1 : sums[index] / Double(places),
                mean: Summary.mean(of: classes.map { Summary.mean(of: entry.result.values(figure, of: $0.key)) }))
        }.sorted { $0.meanRank < $1.meanRank }
    }
}
