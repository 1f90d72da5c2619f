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
    }

    /// The rule that is applied.
    public var scheme: Scheme

    /// Needed by `ct` and `ct2`.
    public var statistics: IntensityStatistics?

    /// Whether only the non-zero region counts, and what lies outside becomes 0.
    public var useMask: Bool

    /// A rule with what it needs.
    public init(scheme: Scheme, statistics: IntensityStatistics? = nil, useMask: Bool = false) {
        self.scheme = scheme
        self.statistics = statistics
        self.useMask = useMask
    }

    /// Normalizes one channel in place.
    ///
    /// - Parameter region: a label for each voxel; below 0 means outside the scanned region. Needed where `useMask` is set.
    func apply(to values: UnsafeMutableBufferPointer<Float>, region: [Int16]?, threads: Int?) {
        let region = useMask ? region : nil
        switch scheme {
        case .noNorm:
            return
        case .ct:
            guard let known = statistics else { return }
            scale(
                values, clip: Float(known.percentile005)...Float(known.percentile995), mean: Float(known.mean),
                deviation: Float(known.standardDeviation), threads: threads)
        case .ct2:
            guard let known = statistics else { return }
            let bounds = Float(known.percentile005)...Float(known.percentile995)
            let moments = Moments(values, threads: threads) { value, _ in value > bounds.lowerBound && value < bounds.upperBound }
            scale(values, clip: bounds, mean: Float(moments.mean), deviation: Float(moments.standardDeviation), threads: threads)
        case .zScore:
            let moments =
                region.map { region in
                    region.withUnsafeBufferPointer { region in
                        let region = SharedPointer(region)
                        return Moments(values, threads: threads) { _, index in region[index] >= 0 }
                    }
                } ?? Moments(values, threads: threads) { _, _ in true }
            scale(values, clip: nil, mean: Float(moments.mean), deviation: Float(moments.standardDeviation + 1e-8), threads: threads)
        }
        if let region { for index in values.indices where region[index] < 0 { values[index] = 0 } }
    }

    private func scale(
        _ values: UnsafeMutableBufferPointer<Float>, clip: ClosedRange<Float>?, mean: Float, deviation: Float, threads: Int?
    ) {
        let low = clip?.lowerBound ?? -.infinity, high = clip?.upperBound ?? .infinity
        let shared = SharedPointer(values), block = Moments.block, count = values.count
        Parallel.forEach((count + block - 1) / block, threads: threads) { part in
            let end = min((part + 1) * block, count)
            var index = part * block
            while index < end {
                let value = shared[index]
                shared[index] = ((value < low ? low : (value > high ? high : value)) - mean) / deviation
                index &+= 1
            }
        }
    }
}
