import UNETRSupport

/// The spread of a figure over cases.
public struct Distribution: Equatable, Sendable {
    /// Number of cases with a finite value.
    public var count: Int
    /// Number of cases without one: undefined or infinite.
    public var leftOut: Int
    /// Arithmetic mean.
    public var mean: Double
    /// With n − 1 in the denominator; nil of fewer than two values.
    public var standardDeviation: Double?
    /// The smallest value.
    public var minimum: Double
    /// The 25th percentile, interpolated linearly.
    public var lowerQuartile: Double
    /// The 50th percentile, interpolated linearly.
    public var median: Double
    /// The 75th percentile, interpolated linearly.
    public var upperQuartile: Double
    /// The largest value.
    public var maximum: Double
    /// The 95 % bootstrap interval of the mean; nil of fewer than two values.
    public var interval: ClosedRange<Double>?

    /// The spread of the values that are there and finite; nil if there is none.
    ///
    /// - Parameter bootstrap: how the interval is drawn; nil leaves it out.
    /// - Parameter values: one value a case; nil where it is not defined.
    public init?(_ values: [Double?], bootstrap: Bootstrap? = Bootstrap()) {
        let finite = values.compactMap { $0 }.filter(\.isFinite)
        guard !finite.isEmpty else { return nil }
        count = finite.count
        leftOut = values.count - finite.count
        mean = finite.reduce(0, +) / Double(finite.count)
        let center = mean
        standardDeviation =
            finite.count < 2
            ? nil : (finite.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(finite.count - 1)).squareRoot()
        minimum = finite.min()!
        maximum = finite.max()!
        lowerQuartile = Quantiles.linear(finite, 0.25)!
        median = Quantiles.linear(finite, 0.5)!
        upperQuartile = Quantiles.linear(finite, 0.75)!
        interval = bootstrap?.interval(of: finite)
    }
}

/// The bootstrap interval of a mean (Efron 1979, percentile method): the same numbers for the same values, on every machine.
public struct Bootstrap: Equatable, Sendable {
    /// How many times the cases are drawn anew, with replacement.
    public var repetitions: Int
    /// The part of the means that the interval holds.
    public var confidence: Double
    /// Equal seeds give equal intervals.
    public var seed: UInt64

    /// Settings for percentile intervals.
    public init(repetitions: Int = 10_000, confidence: Double = 0.95, seed: UInt64 = 0) {
        self.repetitions = repetitions
        self.confidence = confidence
        self.seed = seed
    }

    /// The interval of the mean; nil of fewer than two values.
    public func interval(of values: [Double]) -> ClosedRange<Double>? {
        guard values.count >= 2, repetitions > 0 else { return nil }
        var generator = CounterGenerator(seed: seed)
        let means = (0..<repetitions).map { _ in
            var sum = 0.0
            for _ in values.indices {
                // The upper half of a product maps 64 random bits evenly onto the indices, without a division.
                sum += values[Int(generator.next().multipliedFullWidth(by: UInt64(values.count)).high)]
            }
            return sum / Double(values.count)
        }
        let low = Quantiles.linear(means, (1 - confidence) / 2)!
        return low...max(low, Quantiles.linear(means, (1 + confidence) / 2)!)
    }
}
