import Testing
import UNETRSupport

@testable import UNETREvaluation

/// Expected values: NumPy 2.4.6 `percentile` and `quantile`, SciPy 1.17.1 `wilcoxon`, as the comments say.
struct SpreadTests {
    /// `numpy.quantile([7, 1, 3, 3, 9, 2], q)` for each q.
    @Test(arguments: [(0.0, 1.0), (0.05, 1.25), (0.3, 2.5), (0.5, 3), (0.75, 6), (0.95, 8.5), (1, 9)])
    func `Quantiles are NumPy's, with ties and out of order`(fraction: Double, expected: Double) throws {
        let values: [Double] = [7, 1, 3, 3, 9, 2]
        let found = try #require(Quantiles.linear(values, fraction))
        #expect(abs(found - expected) < 1e-14)
        for turned in [values.sorted(), values.reversed(), values.sorted().reversed()] { #expect(Quantiles.linear(turned, fraction) == found) }
    }

    @Test func `A quantile of nothing is none, of one value that, and of equal ones theirs`() {
        #expect(Quantiles.linear([], 0.5) == nil && Quantiles.linear([4], 0.95) == 4)
        #expect(Quantiles.linear([Double](repeating: 2.5, count: 1000), 0.95) == 2.5)
    }

    /// A thousand numbers in no order: the quantile of rank r is the number r.
    @Test func `The selection finds every rank`() {
        let values = (0..<1000).map { Double($0 * 367 % 1000) }
        #expect((0..<1000).allSatisfy { abs(Quantiles.linear(values, Double($0) / 999)! - Double($0)) < 1e-9 })
    }

    /// `wilcoxon([1, 2, …, n])`: all of one sign, so p = 2 ⁄ 2ⁿ up to 50 pairs, and 2 · Φ(z) beyond.
    @Test(arguments: [(1, 1.0), (5, 0.0625), (20, 1.9073486328125e-06), (50, 1.7763568394002505e-15), (51, 5.145276051717656e-10)])
    func `When every difference has one sign, p is the smallest there can be`(count: Int, expected: Double) throws {
        let test = try #require(Wilcoxon(differences: (1...count).map(Double.init)))
        #expect(test.statistic == 0 && abs(test.pValue / expected - 1) < 1e-9 && test.method == (count <= 50 ? .exact : .normal))
    }

    /// Signs alternate: `wilcoxon([1, -2, 3, -4, 5, -6])` and so on.
    @Test(arguments: [(6, 9.0, 0.84375), (14, 49, 0.855224609375), (30, 225, 0.8871948085725307)])
    func `Differences of both signs hardly differ from chance`(count: Int, statistic: Double, pValue: Double) throws {
        let test = try #require(Wilcoxon(differences: (1...count).map { $0 % 2 == 0 ? -Double($0) : Double($0) }))
        #expect(test.statistic == statistic && abs(test.pValue - pValue) < 1e-12)
    }

    @Test func `The mean of a few values has an interval between the smallest and the largest, wider for more confidence`() throws {
        let values = [0.2, 0.9, 0.4, 0.7]
        let narrow = try #require(Bootstrap(confidence: 0.5).interval(of: values)), wide = try #require(Bootstrap(confidence: 0.99).interval(of: values))
        #expect(wide.lowerBound < narrow.lowerBound && narrow.upperBound < wide.upperBound && wide.lowerBound >= 0.2 && wide.upperBound <= 0.9)
        #expect(Bootstrap(repetitions: 0).interval(of: values) == nil && Bootstrap().interval(of: []) == nil)
        // One drawing is one mean.
        let one = try #require(Bootstrap(repetitions: 1).interval(of: values))
        #expect(one.lowerBound == one.upperBound)
    }

    /// Of two values, ¼ of all samples have one of them twice, ½ both.
    @Test func `The interval of two values is exact where their means lie far apart`() throws {
        let interval = try #require(Bootstrap().interval(of: [0, 1])), half = try #require(Bootstrap(confidence: 0.4).interval(of: [0, 1]))
        #expect(interval == 0...1 && half == 0.5...0.5)
    }

    @Test func `A distribution without an interval draws nothing`() throws {
        let spread = try #require(Distribution([1, 2], bootstrap: nil))
        #expect(spread.interval == nil && spread.mean == 1.5 && spread.minimum == 1 && spread.maximum == 2 && spread.leftOut == 0)
        #expect(Distribution([]) == nil && Distribution([.nan, nil, -.infinity]) == nil)
        // Of one sample the interval is its mean, which is another one for another seed.
        let samples = (0..<20).map { Distribution([1, 2, 4, 8, 16], bootstrap: Bootstrap(repetitions: 1, confidence: 0.95, seed: $0))?.interval }
        #expect(Set(samples).count > 1)
    }
}
