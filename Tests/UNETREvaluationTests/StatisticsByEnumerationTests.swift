import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETREvaluation

/// p-values, ranks and calibration by going through all that can happen.
struct StatisticsByEnumerationTests {
    /// Of all ways to give the differences signs, the part with a rank sum as extreme, twice; ranks by counting smaller and equal ones.
    private func enumerated(_ differences: [Double]) -> (statistic: Double, pValue: Double) {
        let values = differences.filter { $0 != 0 }
        let ranks = values.map { value in
            let (smaller, equal) = (values.count { abs($0) < abs(value) }, values.count { abs($0) == abs(value) })
            return Double(smaller) + Double(equal + 1) / 2
        }
        func sum(_ isPositive: (Int) -> Bool) -> Double { ranks.indices.reduce(0) { $0 + (isPositive($1) ? ranks[$1] : 0) } }
        let plus = sum { values[$0] > 0 }, minus = sum { values[$0] < 0 }
        var (below, above) = (0, 0)
        for signs in 0..<1 << values.count {
            let other = sum { signs >> $0 & 1 == 1 }
            if other <= plus { below += 1 }
            if other >= plus { above += 1 }
        }
        return (min(plus, minus), min(1, 2 * Double(min(below, above)) / Double(1 << values.count)))
    }

    @Test(arguments: 1...11) func `The signed-rank test is exact for few pairs, with ties and zeros too`(count: Int) throws {
        for trial in 0..<3 {
            let rule = ParityRule("pairs \(count) \(trial)")
            let smooth = (0..<count).map { rule.signed($0) }
            // Multiples of a quarter: many are tied, some are 0.
            for (differences, method) in [(smooth, Wilcoxon.Method.exact), (smooth.map { ($0 * 4).rounded() / 4 }, nil)] {
                let found = try #require(Wilcoxon(differences: differences)), expected = enumerated(differences)
                #expect(found.statistic == expected.statistic && abs(found.pValue - expected.pValue) < 1e-12, "\(differences)")
                #expect(method == nil || found.method == method)
                // The other way round it is the same test.
                #expect(Wilcoxon(differences: differences.map { -$0 }) == found)
                #expect(Wilcoxon(differences: differences.reversed()) == found)
            }
        }
    }

    /// A bootstrap draws whole samples: of three values there are ten, whose weights are multinomial.
    @Test func `The interval of a mean is that of all samples, as far as drawing can tell`() throws {
        let values = [0.0, 1, 4]
        var samples: [Double] = []
        for a in values { for b in values { for c in values { samples.append((a + b + c) / 3) } } }
        samples.sort()
        // Beyond the 5 % and 95 % points lie 1.35 of 27 samples: the second ones, ⅓ and 3, are the ends.
        let interval = try #require(Bootstrap(repetitions: 20_000, confidence: 0.9, seed: 3).interval(of: values))
        #expect(interval == samples[1]...samples[25] && interval == 1.0 / 3...3)
    }

    // MARK: Rankings

    private func result(_ dice: [[Double?]]) -> EvaluationResult {
        MadeUp.result(
            [LabelDefinition(1), LabelDefinition(2)],
            dice.enumerated().map { number, values in
                var classes: [String: ClassMetrics] = [:]
                for (key, value) in zip(["1", "2"], values) {
                    classes[key] = ClassMetrics(counts: OverlapCounts(truePositives: 1), voxelMillilitres: 1, definition: .default)
                    classes[key]!.dice = value
                }
                return ("case \(number)", classes)
            })
    }

    @Test func `Models are ranked case by case and class by class, equal ones sharing their ranks`() throws {
        // Places of (A, B, C): case 0: 0.9 0.8 0.7 → 1 2 3 and 0.5 0.5 0.1 → 1.5 1.5 3; case 1: 0.2 0.4 0.4 → 3 1.5 1.5, and − 0.3 0.2 → 3 1 2.
        let models = [
            ("A", result([[0.9, 0.5], [0.2, nil]])), ("B", result([[0.8, 0.5], [0.4, 0.3]])), ("C", result([[0.7, 0.1], [0.4, 0.2]])),
        ]
        let ranking = try Ranking(models.map { (name: $0.0, result: $0.1) }, by: .dice)
        #expect(ranking.entries.map(\.name) == ["B", "A", "C"])
        #expect(ranking.entries.map(\.meanRank) == [1.5, 2.125, 2.375])
        // The mean over classes of the mean over cases that have a value: A (0.55 + 0.5) / 2.
        for (found, expected) in zip(ranking.entries.map(\.mean), [0.5, 0.525, 0.35]) { #expect(agrees(found, expected, within: 1e-12)) }
    }

    @Test func `Where nobody has a value nobody has a rank`() throws {
        let ranking = try Ranking([("A", result([[nil, nil]])), ("B", result([[nil, nil]]))], by: .dice)
        #expect(ranking.entries.map(\.meanRank) == [1, 1] && ranking.entries.map(\.mean) == [nil, nil])
        #expect(throws: EvaluationError.notComparable("there is no result")) { try Ranking([], by: .dice) }
    }

    private func counts(_ row: Comparison.Row) -> [Int] { [row.wins, row.losses, row.ties, row.leftOut] }

    @Test func `A comparison counts wins, losses and ties, and leaves out what one of the two lacks`() throws {
        let a = result([[0.9, 0.5], [0.5, 0.5], [0.25, nil], [0.5, 0.5]]), b = result([[0.8, 0.5], [0.75, 0.5], [0.25, 0.5], [nil, 0.5]])
        let comparison = try Comparison(a, b, figures: [.dice])
        #expect(comparison.rows.map(\.key) == ["1", "2", nil] && comparison.rows.map(\.name).last == "mean of classes")
        let first = comparison.rows[0]
        #expect(counts(first) == [1, 1, 1, 1] && first.pairs.map(\.name) == ["case 0", "case 1", "case 2"])
        #expect(abs(first.difference!.mean - (0.1 - 0.25) / 3) < 1e-12 && first.test?.statistic == 1)
        let second = comparison.rows[1]
        #expect(counts(second) == [0, 0, 3, 1] && second.test?.pValue == 1)
        // The means: 0.7 − 0.65, 0.5 − 0.625, 0.25 − 0.375, 0.5 − 0.5.
        let mean = comparison.rows[2]
        #expect(counts(mean) == [1, 2, 1, 0])
    }

    // MARK: Calibration

    @Test func `Calibration is the sum over bins, computed voxel by voxel`() throws {
        let (voxels, channels, bins) = (40, 3, 7), rule = ParityRule("calibration")
        var probabilities = [Double](repeating: 0, count: voxels * channels)
        for voxel in 0..<voxels {
            let parts = (0..<channels).map { rule.unit(voxel * channels + $0) + 0.01 }, sum = parts.reduce(0, +)
            for channel in 0..<channels { probabilities[channel * voxels + voxel] = Double(Float(parts[channel] / sum)) }
        }
        let labels = (0..<voxels).map { Int16(rule.unit(1000 + $0) * 4) }  // 3 is ignored
        let reference = labelMap([1, 1, 40], labels)
        let metrics = try Calibration(bins: bins).evaluate(
            Volume(geometry: reference.geometry, channels: channels, voxels: probabilities.map { Float($0) }), against: reference, ignoring: 3, case: "a")
        func expected(_ isCounted: (_ label: Int, _ predicted: Int) -> Bool) -> (error: Double, brier: Double) {
            var (gaps, brier, count) = ([Double](repeating: 0, count: bins), 0.0, 0.0)
            for voxel in 0..<voxels where labels[voxel] != 3 {
                let row = (0..<channels).map { probabilities[$0 * voxels + voxel] }, best = row.firstIndex(of: row.max()!)!
                guard isCounted(Int(labels[voxel]), best) else { continue }
                gaps[min(bins - 1, Int(row[best] * Double(bins)))] += (best == Int(labels[voxel]) ? 1 : 0) - row[best]
                for channel in 0..<channels { brier += pow(row[channel] - (channel == Int(labels[voxel]) ? 1 : 0), 2) }
                count += 1
            }
            return (gaps.reduce(0) { $0 + abs($1) } / count, brier / count)
        }
        let all = expected { _, _ in true }, foreground = expected { $0 > 0 || $1 > 0 }
        #expect(abs(metrics.expectedCalibrationError - all.error) < 1e-12 && abs(metrics.brierScore - all.brier) < 1e-12)
        #expect(abs(metrics.foregroundCalibrationError! - foreground.error) < 1e-12 && abs(metrics.foregroundBrierScore! - foreground.brier) < 1e-12)
    }

    // MARK: Tables

    @Test func `Every printed mean is that of the printed classes, where they are printed`() {
        for table in PublishedTable.all {
            for row in table.rows where !row.perClass.isEmpty {
                #expect(Set(row.perClass.keys) == Set(table.classes.map(\.key)))
                let mean = row.perClass.values.reduce(0, +) / Double(row.perClass.count)
                #expect(abs(mean - row.dice) <= 0.0051, "\(table.name), \(row.method): \(mean)")
            }
            #expect(table.rows.allSatisfy { (0...100).contains($0.dice) } && Set(table.rows.map(\.method)).count == table.rows.count)
            #expect(PublishedTable.named(table.name) == table && Set(table.otherLabels).isDisjoint(with: table.classes.flatMap(\.labels)))
        }
        #expect(PublishedTable.named("liver") == nil)
    }
}
