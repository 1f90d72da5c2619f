import Foundation
import UNETRPlanning

/// The features of many scans, ascending for each feature, on the scales that they are compared on.
struct FeatureColumns {
    typealias Center = (median: Double, spread: Double)

    let features: [ScanFeature]
    private let sorted: [[Double]]

    init(_ scans: [ScanProfile]) {
        let features = ScanFeature.all(channels: scans[0].channels)
        self.features = features
        sorted = features.indices.map { index in scans.map { features[index].scaled($0.values[index]) }.sorted() }
    }

    /// Median and spread of a feature.
    /// - Parameter scan: one of the scans, that is left out; nil: none.
    func center(_ index: Int, without scan: ScanProfile? = nil) -> Center {
        func percentile(_ percent: Double, _ index: Int) -> Double {
            var values = sorted[index]
            if let scan, values.count > 1 { values.remove(at: Self.place(of: features[index].scaled(scan.values[index]), in: values)) }
            return Percentile.of(sorted: values, percent)
        }
        // The percentiles of a normal distribution lie 2 × 1.645 standard deviations apart. They are less robust than quartiles, and see a second kind of
        // scan that a tenth of the cases are of.
        let spread = (percentile(95, index) - percentile(5, index)) / 3.29
        return (percentile(50, index), max(spread, leastSpread(index, percentile)))
    }

    /// What keeps scans that are all alike from making the smallest difference a large one: 2 percent of a size, or of the range of intensities.
    private func leastSpread(_ index: Int, _ percentile: (Double, Int) -> Double) -> Double {
        guard case .percentile(_, let channel) = features[index], let last = ScanFeature.percents.last,
            let low = features.firstIndex(of: .percentile(ScanFeature.percents[0], channel: channel)),
            let high = features.firstIndex(of: .percentile(last, channel: channel))
        else { return 0.02 }
        return max(1e-6, 0.02 * (percentile(50, high) - percentile(50, low)))
    }

    /// How far one of the scans lies from the others.
    func distanceFromOthers(_ scan: ScanProfile) -> Double {
        features.indices.map { Self.deviation(features[$0].scaled(scan.values[$0]), center($0, without: scan)) }.max() ?? 0
    }

    static func deviation(_ value: Double, _ center: Center) -> Double {
        let deviation = abs(value - center.median) / center.spread
        return deviation < TrainingProfile.farthest ? deviation : TrainingProfile.farthest  // also what is no number
    }

    /// Where a value stands in a list that has it.
    private static func place(of value: Double, in values: [Double]) -> Int {
        var (low, high) = (0, values.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
