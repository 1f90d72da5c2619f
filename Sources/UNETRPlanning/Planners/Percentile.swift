/// Percentiles as NumPy computes them: linear interpolation between the two neighboring ranks.
package enum Percentile {
    /// - Parameters:
    ///   - sorted: at least one value, ascending.
    ///   - percent: 0…100.
    package static func of<Value: BinaryFloatingPoint>(sorted: [Value], _ percent: Double) -> Double {
        let rank = percent / 100 * Double(sorted.count - 1)
        let low = Int(rank.rounded(.down)), high = min(low + 1, sorted.count - 1)
        let (a, b) = (Double(sorted[low]), Double(sorted[high]))
        return a + (b - a) * (rank - Double(low))
    }

    /// For each column of `rows` (all of one length) its percentile.
    package static func ofColumns(_ rows: [[Double]], _ percent: Double) -> [Double] {
        (rows.first ?? []).indices.map { column in of(sorted: rows.map { $0[column] }.sorted(), percent) }
    }
}
