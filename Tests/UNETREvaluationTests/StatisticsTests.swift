import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

/// Expected values: SciPy 1.17.1 and NumPy 2.4.6, `wilcoxon(d)`, `mean`, `std(ddof=1)`, `percentile`. 1e-12 is the rounding of sums.
@Suite struct StatisticsTests {
    /// Differences, statistic, p-value, and how SciPy makes it.
    private static let tests: [([Double], Double, Double, Wilcoxon.Method)] = [
        ([0.546, 1.022, 0.53, -1.103, 1.105, 0.646, -0.337, 0.781], 8, 0.1953125, .exact),
        ([0.3], 0, 1, .exact),
        ([0.1, 0.1, -0.2, 0.3, -0.1, 0.4], 6, 0.4375, .permutation),
        ([0, 0.1, 0, -0.3, 0.2, 0.5, 0.6, -0.05, 0.7, 0.8], 5, 0.078125, .permutation),
        ([Double](repeating: 0, count: 13), 0, 1, .permutation),
        (
            [0, 0, 0.7, 0.6, 0.3, 0.8, -0.4, 0.1, -0.2, 0.9, 0.3, 0, -0.5, 0, 0.3, 0, 1.6, 1.3, -2.4, -1.6], 43.5,
            0.3482016794131261, .normal
        ),
        ([0.1, 0.2, 0.1, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8, 0.9, 1, -1.1, 1.2, 1.3], 23, 0.06397378298732984, .normal),
        (
            [
                0.0252, -0.2222, 0.4136, 0.4173, 2.3178, -0.912, -0.1776, 2.2428, 0.8467, 0.8631, -0.314, -1.4481, 0.3675, 0.309,
                -1.0274, -0.4832, 0.128, -0.7448, 0.1017, 0.2955, 0.2356, -0.3063, 0.7937, 1.0912, 0.5208, -0.6182, 0.9317, -0.3014,
                1.0792, -0.8718, 1.1145, 0.1799, -1.0487, -0.1139, 0.2541, 0.4728, -0.7822, -0.9074, 0.3996, -0.2667, 0.4355, 0.9595,
                -1.4488, 0.4544, 1.4246, -0.0975, -0.6108, 0.9522, 0.4534, 1.0959,
            ], 494, 0.16888071753563239, .exact
        ),
        (
            [
                -0.0452, -1.1818, 0.19, -0.1458, 1.0753, 0.4936, -1.3308, -0.8952, 1.1838, 0.9798, -0.3402, 0.299, 0.7456, 0.7684,
                1.1762, 0.5565, 0.2052, 0.0412, 1.3557, -1.9509, 0.1613, 0.333, -1.1253, 0.6328, -0.3513, 1.1624, 0.1744, 0.9692,
                1.5188, 0.6829, -0.5757, -1.2143, 2.0534, 0.1887, -0.3886, 0.4443, 0.1086, 1.1521, 0.3339, 0.3137, -0.4146, 0.7696,
                -0.7339, 0.9659, 1.8239, -1.2247, -2.1662, 0.9169, 2.8479, -0.7009, -0.9507,
            ], 501, 0.12888798825236933, .normal
        ),
    ]

    @Test("Wilcoxon's test gives SciPy's statistic and p-value: exact, permuted, and normal", arguments: tests)
    func wilcoxon(_ differences: [Double], _ statistic: Double, _ pValue: Double, _ method: Wilcoxon.Method) throws {
        let test = try #require(Wilcoxon(differences: differences))
        #expect(test.statistic == statistic)
        #expect(abs(test.pValue - pValue) < 1e-12)
        #expect(test.method == method)
        let turned = try #require(Wilcoxon(differences: differences.map { -$0 }))
        #expect(abs(turned.pValue - test.pValue) < 1e-12)
    }

    @Test("No pairs have no test, and pairs without any difference have p = 1")
    func degenerateWilcoxon() {
        #expect(Wilcoxon(differences: []) == nil)
        #expect(Wilcoxon(differences: [Double](repeating: 0, count: 30))?.pValue == 1)
    }

    @Test("Mean, deviation and quartiles are NumPy's; what is undefined is left out and counted")
    func distribution() throws {
        let spread = try #require(Distribution([0.3, nil, 0.9, 0.1, .infinity, 0.5, 0.7]))
        #expect(spread.count == 5 && spread.leftOut == 2)
        #expect(abs(spread.mean - 0.5) < 1e-15)
        #expect(abs(spread.standardDeviation! - 0.31622776601683794) < 1e-15)
        #expect((spread.lowerQuartile, spread.median, spread.upperQuartile) == (0.3, 0.5, 0.7))
        let four = try #require(Distribution([1, 2, 3, 4]))
        #expect((four.lowerQuartile, four.median, four.upperQuartile) == (1.75, 2.5, 3.25))
        let one = try #require(Distribution([5]))
        #expect(one.standardDeviation == nil && one.interval == nil && one.median == 5)
        #expect(Distribution([nil, .infinity]) == nil)
    }

    @Test("The bootstrap interval is the same every time and as wide as the theory says")
    func bootstrap() throws {
        // 0, 0.01, …, 0.99: the mean's standard error is 0.29 / √100, so 95 % is ± 0.0568; drawn from 10,000 samples within 3 %.
        let values = (0..<100).map { Double($0) / 100 }
        let first = try #require(Bootstrap().interval(of: values))
        #expect(first == Bootstrap().interval(of: values))
        #expect(first != Bootstrap(seed: 1).interval(of: values))
        let width = (first.upperBound - first.lowerBound) / 2
        #expect(abs(width - 0.0568) < 0.0017)
        #expect(abs((first.upperBound + first.lowerBound) / 2 - 0.495) < 0.003)
        #expect(Bootstrap().interval(of: [2, 2, 2]) == 2...2)
        #expect(Bootstrap().interval(of: [2]) == nil)
    }

    /// A result of one class whose Dice over the cases is about `dice` (in 1/100).
    static func result(_ dice: [Int?], definition: MetricDefinition = .default, names: [String]? = nil) throws -> EvaluationResult {
        let evaluator = Evaluator(definition: definition, classes: [LabelDefinition(1, name: "organ")])
        return try evaluator.result(
            dice.enumerated().map { index, value in
                // 100 reference voxels, of which `value` are met, and nothing else predicted but as many others: Dice is value / 100.
                let reference = labelMap([1, 1, 220]) { _, _, w in value != nil && w < 100 ? 1 : 0 }
                let prediction = labelMap([1, 1, 220]) { _, _, w in
                    guard let value else { return 0 }
                    return w < value || (100..<200 - value).contains(w) ? 1 : 0
                }
                return try evaluator.evaluate(prediction, against: reference, case: names?[index] ?? "case\(index)")
            })
    }

    @Test("A comparison pairs cases by name, counts wins, ties and losses, and tests the differences")
    func comparison() throws {
        let a = try Self.result([90, 80, 70, 60, nil, 50], names: ["a", "b", "c", "d", "e", "f"])
        let b = try Self.result([45, nil, 60, 70, 85, 80], names: ["f", "e", "d", "c", "b", "a"])
        let comparison = try Comparison(a, b, figures: [.dice, .hd95])
        #expect(comparison.rows.map(\.figure) == [.dice, .hd95])
        let row = comparison.rows[0]
        // a: 0.9 − 0.8, b: 0.8 − 0.85, c and d: 0, f: 0.5 − 0.45; e is defined in neither.
        #expect(row.pairs.map(\.name) == ["a", "b", "c", "d", "f"])
        #expect((row.wins, row.ties, row.losses, row.leftOut) == (2, 2, 1, 1))
        #expect(abs(row.difference!.mean - 0.02) < 1e-12)
        #expect(row.test?.method == .permutation)
        // Less distance is better: the same cases win.
        #expect(comparison.rows[1].wins >= 1 && comparison.rows[1].losses >= 1)
    }

    @Test("Results of other cases, classes or definitions are not compared")
    func incomparable() throws {
        let a = try Self.result([90, 80])
        #expect(throws: EvaluationError.notComparable("one was made by the definition default, the other by medpy")) {
            try Comparison(a, Self.result([90, 80], definition: .medpy))
        }
        #expect(throws: EvaluationError.notComparable("these cases are in one of them only: case1, other")) {
            try Comparison(a, Self.result([90, 80], names: ["case0", "other"]))
        }
        var renamed = a
        renamed.classes = [LabelDefinition(2)]
        #expect(throws: EvaluationError.notComparable("they have no class in common")) { try Comparison(a, renamed) }
    }

    @Test("A ranking averages ranks over cases, ties sharing theirs")
    func ranking() throws {
        let models = try [("low", [50, 60, 70]), ("high", [80, 90, 70]), ("middle", [70, 60, 60])].map {
            (name: $0.0, result: try Self.result($0.1))
        }
        let ranking = try Ranking(models, by: .dice)
        // low: 3, 2.5, 1.5; high: 1, 1, 1.5; middle: 2, 2.5, 3.
        #expect(ranking.entries.map(\.name) == ["high", "low", "middle"])
        #expect(abs(ranking.entries[0].meanRank - 3.5 / 3) < 1e-12)
        #expect(abs(ranking.entries[1].meanRank - 7.0 / 3) < 1e-12)
        #expect(abs(ranking.entries[2].meanRank - 7.5 / 3) < 1e-12)
        #expect(abs(ranking.entries[0].mean! - 0.8) < 1e-12)
    }
}
