import UNETRSupport

/// What the intensities of a channel are over the foreground of the whole training set.
public struct IntensityStatistics: Equatable, Sendable, Codable {
    /// Arithmetic mean.
    public var mean: Double
    /// Standard deviation.
    public var standardDeviation: Double
    /// The 50th percentile.
    public var median: Double
    /// The smallest value.
    public var minimum: Double
    /// The largest value.
    public var maximum: Double

    /// The value below which 0.5 % of the voxels lie.
    public var percentile005: Double

    /// The value below which 99.5 % of the voxels lie.
    public var percentile995: Double

    /// Statistics that were computed elsewhere.
    public init(
        mean: Double, standardDeviation: Double, median: Double, minimum: Double, maximum: Double,
        percentile005: Double, percentile995: Double
    ) {
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.median = median
        self.minimum = minimum
        self.maximum = maximum
        self.percentile005 = percentile005
        self.percentile995 = percentile995
    }

    /// All seven.
    var numbers: [Double] { [mean, standardDeviation, median, minimum, maximum, percentile005, percentile995] }
}

/// How a channel's intensities become network input.
public struct IntensityNormalization: Equatable, Sendable, Codable {
    /// The rule that is applied.
    public enum Scheme: String, Codable, Sendable, CaseIterable {
        /// Clip to the training set's 0.5 and 99.5 percentiles, subtract its mean, divide by its standard deviation.
        case ct = "CT"

        /// Clip as `ct`; mean and deviation are this scan's, over the voxels strictly inside the bounds.
        case ct2 = "CT2"

        /// Subtract the scan's mean, divide by its standard deviation + 1e-8.
        case zScore

        /// Leave the values as they are.
        case noNorm

        /// Subtract the scan's smallest value, divide by the largest that is left (at least 1e-8).
        case rescaleTo01

        /// Divide by 255; the values must be from 0 to 255.
        case rgbTo01

        /// Several steps in turn, after resampling and over the whole scan.
        case steps
    }

    /// The rule that is applied.
    public var scheme: Scheme

    /// Needed by `ct` and `ct2`.
    public var statistics: IntensityStatistics?

    /// Whether only the non-zero region counts, and what lies outside becomes 0.
    public var useMask: Bool

    /// Needed by `steps`.
    public var steps: [IntensityStep]?

    /// A rule with what it needs.
    public init(scheme: Scheme, statistics: IntensityStatistics? = nil, useMask: Bool = false) {
        self.scheme = scheme
        self.statistics = statistics
        self.useMask = useMask
    }

    /// Several steps in turn.
    public init(steps: [IntensityStep]) {
        self.init(scheme: .steps)
        self.steps = steps
    }
}
