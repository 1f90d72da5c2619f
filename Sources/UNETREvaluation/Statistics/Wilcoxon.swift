import Foundation

/// Wilcoxon's signed-rank test of paired differences (Wilcoxon 1945), two-sided, with the p-values of SciPy 1.17's `wilcoxon`.
///
/// Differences of 0 are dropped, tied ones share their mean rank. The p-value is exact up to 50 pairs without ties and zeros, exact over
/// all signs up to 13 pairs with them, and from the normal approximation with tie correction, without continuity correction, otherwise.
public struct Wilcoxon: Equatable, Sendable, Codable {
    /// How the p-value was made.
    public enum Method: String, Sendable, Codable {
        /// From the distribution of the rank sum.
        case exact
        /// From all assignments of signs to the differences that are there.
        case permutation
        /// The normal approximation.
        case normal
    }

    /// The smaller of the two rank sums.
    public var statistic: Double
    /// The two-sided p-value; 1 if no difference is other than 0.
    public var pValue: Double
    /// How the p-value was computed.
    public var method: Method

    /// The test of differences; nil of none at all.
    public init?(differences: [Double]) {
        guard !differences.isEmpty else { return nil }
        let ranked = Ranks(differences)
        let (plus, minus) = ranked.sums
        statistic = min(plus, minus)
        let isPlain = !ranked.hasTies && ranked.values.count == differences.count
        if differences.count <= 50, isPlain {
            method = .exact
            pValue = Self.exact(plus, count: differences.count)
        } else if differences.count <= 13 {
            method = .permutation
            pValue = Self.permutation(plus, ranks: ranked.values.map(\.rank))
        } else {
            method = .normal
            pValue = Self.normal(plus, ranked)
        }
    }

    /// The ranks of the differences that are not 0.
    private struct Ranks {
        var values: [(isPositive: Bool, rank: Double)] = []
        /// Σ over groups of ties of t³ − t.
        var tieTerm = 0.0
        var hasTies: Bool { tieTerm > 0 }

        init(_ differences: [Double]) {
            let sorted = differences.filter { $0 != 0 }.sorted { abs($0) < abs($1) }
            var begin = 0
            while begin < sorted.count {
                var end = begin + 1
                while end < sorted.count, abs(sorted[end]) == abs(sorted[begin]) { end += 1 }
                // Ranks begin + 1 … end, shared.
                let rank = Double(begin + 1 + end) / 2
                for value in sorted[begin..<end] { values.append((value > 0, rank)) }
                let size = Double(end - begin)
                tieTerm += size * size * size - size
                begin = end
            }
        }

        var sums: (plus: Double, minus: Double) {
            values.reduce(into: (0, 0)) { if $1.isPositive { $0.0 += $1.rank } else { $0.1 += $1.rank } }
        }
    }

    /// Twice the smaller tail of the distribution of the rank sum: of the 2ⁿ sets of ranks, how many have a sum as extreme.
    private static func exact(_ plus: Double, count: Int) -> Double {
        let largest = count * (count + 1) / 2
        var ways = [Double](repeating: 0, count: largest + 1)
        ways[0] = 1
        for rank in 1...count {
            for sum in stride(from: largest, through: rank, by: -1) { ways[sum] += ways[sum - rank] }
        }
        let all = pow(2, Double(count))
        let sum = Int(plus)
        let below = ways[...sum].reduce(0, +) / all
        let above = ways[sum...].reduce(0, +) / all
        return min(1, 2 * min(below, above))
    }

    private static func permutation(_ plus: Double, ranks: [Double]) -> Double {
        let sets = 1 << ranks.count
        var (below, above) = (0, 0)
        for set in 0..<sets {
            var sum = 0.0
            for (index, rank) in ranks.enumerated() where set >> index & 1 == 1 { sum += rank }
            if sum <= plus { below += 1 }
            if sum >= plus { above += 1 }
        }
        return min(1, 2 * Double(min(below, above)) / Double(sets))
    }

    private static func normal(_ plus: Double, _ ranks: Ranks) -> Double {
        let n = Double(ranks.values.count)
        let mean = n * (n + 1) / 4
        let variance = (n * (n + 1) * (2 * n + 1) - ranks.tieTerm / 2) / 24
        guard variance > 0 else { return 1 }
        let z = (plus - mean) / variance.squareRoot()
        // Two tails of the normal distribution.
        return erfc(abs(z) / 2.0.squareRoot())
    }
}
