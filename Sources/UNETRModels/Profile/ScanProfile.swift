/// What a scan is like, in few numbers: see `ScanFeature`.
public struct ScanProfile: Equatable, Sendable {
    /// The number of channels.
    public let channels: Int
    /// The values of `ScanFeature.all(channels:)`, in that order.
    public let values: [Double]

    /// - Parameters:
    ///   - spacing: along the patient's axes x, y, z, in mm.
    ///   - extent: along the same axes, in mm.
    ///   - intensities: for each channel its 5th, 25th, 50th, 75th and 95th percentile, and its roughness.
    public init(spacing: [Double], extent: [Double], intensities: [[Double]]) {
        channels = intensities.count
        values = spacing + extent + intensities.flatMap { $0 }
        precondition(values.count == ScanFeature.all(channels: channels).count, "three spacings, three extents, six numbers a channel")
    }

    /// A feature's value.
    public subscript(feature: ScanFeature) -> Double? { ScanFeature.all(channels: channels).firstIndex(of: feature).map { values[$0] } }
}
