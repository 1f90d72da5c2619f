import Foundation

/// A number that describes a scan; each is one that people can picture.
public enum ScanFeature: Hashable, Sendable {
    /// Distance of neighboring voxels along an axis of the patient (0 from left to right, 1 from back to front, 2 from feet to head), in mm.
    case spacing(axis: Int)
    /// What the scan covers along an axis of the patient, in mm.
    case extent(axis: Int)
    /// A percentile of a channel's intensities as the network gets them.
    case percentile(Int, channel: Int)
    /// The mean difference of neighboring voxels of a channel over the standard deviation of all: noise makes it large, blur small.
    case roughness(channel: Int)

    /// The percentiles that are taken.
    package static let percents = [5, 25, 50, 75, 95]

    /// Those of scans with so many channels, in the order of profiles.
    public static func all(channels: Int) -> [ScanFeature] {
        (0..<3).map { .spacing(axis: $0) } + (0..<3).map { .extent(axis: $0) }
            + (0..<channels).flatMap { channel in percents.map { .percentile($0, channel: channel) } + [.roughness(channel: channel)] }
    }

    /// What it is called in files.
    public var name: String {
        switch self {
        case .spacing(let axis): "spacing \(Self.axes[axis])"
        case .extent(let axis): "extent \(Self.axes[axis])"
        case .percentile(let percent, let channel): "percentile \(percent) of channel \(channel)"
        case .roughness(let channel): "roughness of channel \(channel)"
        }
    }

    private static let axes = ["left-right", "back-front", "feet-head"]

    /// Whether values are compared by their ratio, as sizes are, and not by their difference.
    var isRatio: Bool { if case .percentile = self { false } else { true } }

    /// The value on the scale that it is compared on.
    func scaled(_ value: Double) -> Double { isRatio ? Foundation.log(max(value, 1e-6)) : value }

    /// A value of a scan, beside those of the training scans, for people: "its voxels are 5 mm apart from feet to head (training scans: 0.9 to 1.1 mm)".
    func words(_ value: Double, training: TrainingProfile.Spread, channels: [String]) -> String {
        func text(_ value: Double) -> String { String(format: "%.3g", value) }
        func channel(_ index: Int) -> String { channels.count > 1 && index < channels.count ? " of channel \(channels[index])" : "" }
        let (low, high) = (text(training.minimum), text(training.maximum))
        // A scan between the extremes is unlike most, if not unlike all.
        let known = (training.minimum...training.maximum).contains(value) ? "most near \(text(training.median))" : low == high ? low : "\(low) to \(high)"
        func beside(_ statement: String, _ unit: String = "") -> String { "\(statement) (training scans: \(known)\(unit))" }
        let ways = ["from left to right", "from back to front", "from feet to head"]
        switch self {
        case .spacing(let axis): return beside("its voxels are \(text(value)) mm apart \(ways[axis])", " mm")
        case .extent(let axis): return beside("it covers \(text(value)) mm \(ways[axis])", " mm")
        case .percentile(let percent, let index):
            return beside("the \(percent)th percentile of its normalized intensities\(channel(index)) is \(text(value))")
        case .roughness(let index):
            let cause = value > training.median ? "as with noise" : "as with blur"
            return beside("neighboring voxels\(channel(index)) differ by \(text(value)) of its standard deviation, \(cause)")
        }
    }
}
