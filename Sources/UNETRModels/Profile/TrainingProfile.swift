import Foundation
import UNETRPlanning
import UNETRSupport

/// What the scans are like that a model was trained on, and how far from them a scan may be: a bundle's `profile.json`.
///
/// It holds statistics over all scans, and of no scan alone but the smallest and the largest value of each feature. The distance of a scan is its largest
/// deviation from the median of a feature, in units of that feature's spread. The limit comes from the training scans: each is measured against the others
/// (leave-one-out), and few may lie beyond it. A scan that is like them lies beyond it with a probability of about `falseAlarmRate` (conformal prediction:
/// of n + 1 scans that could stand in each other's place, k + 1 have the largest distances; Vovk et al., Algorithmic Learning in a Random World, 2005).
public struct TrainingProfile: Codable, Equatable, Sendable {
    /// How a feature's values lie.
    public struct Spread: Codable, Equatable, Sendable {
        /// `ScanFeature.name`.
        public var feature: String
        /// The median, in the feature's own unit.
        public var median: Double
        /// A standard deviation (the distance of the 5th and the 95th percentile over that of a normal distribution, and a least value), of the logarithm where
        /// the feature is a spacing, an extent, or roughness.
        public var spread: Double
        /// The smallest value.
        public var minimum: Double
        /// The largest value.
        public var maximum: Double
    }

    /// Version of the file's form.
    public var version = Self.version
    /// `Plan.preparationDigest` of the plan that the scans were prepared by.
    public var preparation: String
    /// The number of training scans.
    public var cases: Int
    /// The features, in the order of `ScanFeature.all(channels:)`.
    public var features: [Spread]
    /// The largest distance without a warning; nil for too few scans.
    public var limit: Double?
    /// About how probable a warning is for a scan that is like the training scans.
    public var falseAlarmRate: Double?

    static let version = 1
    /// With fewer scans there is no limit.
    public static let fewestCases = 10
    /// The rate of false alarms that is wanted; with few scans it is higher.
    static let wantedRate = 0.02
    /// Distances end here, so that all are numbers.
    static let farthest = 1e6

    /// The profile of a model's training scans.
    /// - Parameters:
    ///   - scans: at least one, all with the same channels.
    ///   - preparation: `Plan.preparationDigest` of the plan they were prepared by.
    public init(of scans: [ScanProfile], preparation: String) {
        precondition(!scans.isEmpty && scans.allSatisfy { $0.channels == scans[0].channels })
        let columns = FeatureColumns(scans)
        self.preparation = preparation
        cases = scans.count
        features = columns.features.indices.map { index in
            let center = columns.center(index), values = scans.map { $0.values[index] }.sorted()
            return Spread(
                feature: columns.features[index].name, median: Percentile.of(sorted: values, 50), spread: center.spread, minimum: values[0],
                maximum: values[values.count - 1])
        }
        guard cases >= Self.fewestCases else { return }
        // The k largest lie beyond the limit, so that k + 1 of n + 1 is about the wanted rate.
        let beyond = max(0, Int(Self.wantedRate * Double(cases + 1)) - 1)
        limit = scans.map(columns.distanceFromOthers).sorted()[cases - 1 - beyond]
        falseAlarmRate = Double(beyond + 1) / Double(cases + 1)
    }

    /// How far a scan lies from the training scans.
    ///
    /// - Parameters:
    ///   - scan: the profile of the scan.
    ///   - channels: the names of its channels, for the warning.
    /// - Returns: nil where there is no limit.
    public func distance(of scan: ScanProfile, channels: [String]) -> TrainingDistance? {
        let all = ScanFeature.all(channels: scan.channels)
        guard let limit, all.count == features.count else { return nil }
        let deviations = all.indices.map { index in
            FeatureColumns.deviation(all[index].scaled(scan.values[index]), (all[index].scaled(features[index].median), features[index].spread))
        }
        let farthest = deviations.indices.max { deviations[$0] < deviations[$1] }!
        let reason = all[farthest].words(scan.values[farthest], training: features[farthest], channels: channels)
        return TrainingDistance(
            value: deviations[farthest], limit: limit, feature: all[farthest].name,
            warning: deviations[farthest] > limit
                ? "the scan lies outside what the model was trained on: \(reason); check its mask with care" : nil)
    }

    /// How many scans of a cross-validation get a warning: the profile is made of the others, part by part. Scan i is in part i modulo `parts`.
    /// - Returns: nil where the others are too few for a limit.
    public static func warnings(of scans: [ScanProfile], parts: Int) -> Int? {
        var warnings = 0
        for part in 0..<parts {
            let others = scans.indices.filter { $0 % parts != part }.map { scans[$0] }
            guard others.count >= fewestCases else { return nil }
            let profile = TrainingProfile(of: others, preparation: "")
            warnings += scans.indices.count { $0 % parts == part && profile.distance(of: scans[$0], channels: [])?.warning != nil }
        }
        return warnings
    }

    /// One line for people.
    public var summary: String {
        guard let limit, let falseAlarmRate else {
            return "\(cases) training scans, of which \(Self.fewestCases) are needed to warn of scans unlike them"
        }
        return String(
            format: "%d training scans; warns of scans farther from them than %.2f spreads, about %.1f %% of scans like them", cases, limit,
            100 * falseAlarmRate)
    }
}

/// How far a scan lies from the training scans of a model.
public struct TrainingDistance: Codable, Equatable, Sendable {
    /// The largest deviation of a feature, in units of its spread among the training scans; at most a million.
    public var value: Double
    /// The largest one without a warning.
    public var limit: Double
    /// The feature that deviates most, by `ScanFeature.name`.
    public var feature: String
    /// What is unusual about the scan, in a sentence without its end; nil for a scan within the limit.
    public var warning: String?

    /// The one that is farther, in units of its limit.
    package static func farther(_ first: TrainingDistance?, _ second: TrainingDistance?) -> TrainingDistance? {
        guard let first, let second else { return first ?? second }
        return second.value * first.limit > first.value * second.limit ? second : first
    }
}
