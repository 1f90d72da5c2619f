/// The layout of `unetrpp compare --json`.
extension Comparison.Row: Encodable {
    private enum Key: String, CodingKey {
        case key = "class", name, figure, meanA, meanB, difference, standardDeviation, interval, statistic, pValue, method
        case wins, ties, losses, leftOut, cases
    }

    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(key, forKey: .key)
        try container.encode(name, forKey: .name)
        try container.encode(figure.name, forKey: .figure)
        try container.encode(meanOfA, forKey: .meanA)
        try container.encode(meanOfB, forKey: .meanB)
        try container.encode(difference?.mean, forKey: .difference)
        try container.encode(difference?.standardDeviation, forKey: .standardDeviation)
        try container.encode(difference?.interval.map { [$0.lowerBound, $0.upperBound] }, forKey: .interval)
        try container.encode(test?.statistic, forKey: .statistic)
        try container.encode(test?.pValue, forKey: .pValue)
        try container.encode(test?.method, forKey: .method)
        try container.encode(wins, forKey: .wins)
        try container.encode(ties, forKey: .ties)
        try container.encode(losses, forKey: .losses)
        try container.encode(leftOut, forKey: .leftOut)
        try container.encode(pairs, forKey: .cases)
    }
}

extension Comparison.Pair: Encodable {
    private enum Key: String, CodingKey { case name = "case", a, b }

    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(a, forKey: .a)
        try container.encode(b, forKey: .b)
    }
}

extension Ranking: Encodable {
    private enum Key: String, CodingKey { case figure, models }

    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(figure.name, forKey: .figure)
        try container.encode(entries, forKey: .models)
    }
}
