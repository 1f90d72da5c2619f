public import Foundation
public import UNETRArchitectures
package import UNETRArchives
import UNETRSupport
public import UNETRVolumes

extension Plan {
    /// Imports a plan of nnU-Net v1 (`plans.pkl`), as UNETR++ uses it. The pickle is read, never run.
    ///
    /// - Parameters:
    ///   - stage: which of its resolutions; nil: the full one.
    ///   - labels: names for its classes; nil: "class 1", "class 2", …
    ///   - network: the network it is for, whose patch size replaces the plan's; nil: the plan's own U-Net.
    ///   - url: the pickle of plans that nnU-Net v1 wrote.
    /// - Throws: `PlanError`, or the reader's errors.
    public init(importingV1 url: URL, stage: Int? = nil, labels: LabelSet? = nil, network: NetworkDescription? = nil) throws {
        try self.init(importingV1: PickleFile.read(url), of: url, stage: stage, labels: labels, network: network)
    }

    /// The same for a plan that was read already, such as the one inside a checkpoint's description.
    package init(
        importingV1 source: PickleValue, of url: URL, stage: Int? = nil, labels: LabelSet? = nil, network: NetworkDescription? = nil,
        inference: InferenceSettings = InferenceSettings()
    ) throws {
        func fail(_ problem: String) -> PlanError { .unreadable(path: url.path, problem: problem) }
        guard let stages = source["plans_per_stage"]?.dictionary, !stages.pairs.isEmpty else {
            throw fail("it has no plans_per_stage; it is not a plan of nnU-Net v1")
        }
        let number = stage ?? stages.pairs.count - 1
        guard let chosen = stages[number] else { throw fail("it has no stage \(number), only \(stages.pairs.count)") }
        let numbers = { (key: String) in chosen[key]?.doubles }
        guard let spacing = numbers("current_spacing"), let sizes = numbers("patch_size"), let batch = chosen["batch_size"]?.intValue
        else { throw fail("stage \(number) lacks current_spacing, patch_size or batch_size") }
        let patch = try Self.patch(sizes, fail)
        guard patch.count == 3 else { throw fail("its patch \(patch) is two-dimensional, which is known here for plans of nnU-Net v2 only") }
        guard let order = source["transpose_forward"]?.ints else { throw fail("it has no transpose_forward") }
        let channels = try Self.channels(source, fail)
        var set = labels
        if set == nil {
            guard let classes = source["all_classes"]?.ints, !classes.isEmpty else { throw fail("it has no all_classes") }
            let named = classes.map { LabelDefinition(name: "class \($0)", value: $0) }
            set = LabelSet(definitions: [LabelDefinition(name: "background", value: 0)] + named)
        }
        do {
            try self.init(
                dataset: url.deletingLastPathComponent().lastPathComponent, channelNames: channels.map(\.name), labels: set!,
                targetSpacing: spacing, axisOrder: AxisOrder(order), patchSize: network?.patchSize ?? Self.patchSize(patch),
                batchSize: batch, normalization: channels.map(\.normalization), compatibility: .unetrPlusPlus, network: network,
                inference: inference)
        } catch let error as PlanError { throw PlanError.inFile(path: url.path, problem: "\(error)") }
        if network == nil { self.network = ImportedUNet(v1: chosen, of: source)?.network(for: self) }
    }

    /// A patch's sizes, which Python may have written as floats.
    static func patch(_ sizes: [Double], _ fail: (String) -> PlanError) throws -> [Int] {
        let whole = sizes.compactMap { Int(exactly: $0) }
        guard whole.count == sizes.count else { throw fail("its patch_size is \(sizes), but whole numbers are expected") }
        return whole
    }

    private static func channels(
        _ source: PickleValue, _ fail: (String) -> PlanError
    ) throws -> [(name: String, normalization: IntensityNormalization)] {
        guard let schemes = source["normalization_schemes"]?.dictionary, !schemes.pairs.isEmpty else {
            throw fail("it has no normalization_schemes")
        }
        let names = source["modalities"] ?? source["dataset_properties"]?["modalities"]
        return try (0..<schemes.pairs.count).map { channel in
            guard let scheme = schemes[channel]?.stringValue else { throw fail("channel \(channel) has no normalization scheme") }
            let known = source["dataset_properties"]?["intensityproperties"]?[channel]
            return (
                names?[channel]?.stringValue ?? "channel \(channel)",
                IntensityNormalization(
                    scheme: IntensityNormalization.Scheme(v1: scheme),
                    statistics: known.flatMap { found in IntensityStatistics { found[$0]?.doubleValue } },
                    useMask: source["use_mask_for_norm"]?[channel]?.boolValue ?? false)
            )
        }
    }
}

extension IntensityNormalization.Scheme {
    /// nnU-Net v1's names; any other than these is its z-score.
    fileprivate init(v1 name: String) {
        switch name {
        case "CT": self = .ct
        case "CT2": self = .ct2
        case "noNorm": self = .noNorm
        default: self = .zScore
        }
    }
}

extension IntensityStatistics {
    /// From the names of nnU-Net v1 or v2; nil unless all that a normalization needs is there, and is a number: a channel without
    /// foreground has NaN, which only a scheme that needs no statistics can do with.
    init?(_ value: (String) -> Double?) {
        guard let mean = value("mean"), let deviation = value("sd") ?? value("std"), let low = value("percentile_00_5"),
            let high = value("percentile_99_5")
        else { return nil }
        self.init(
            mean: mean, standardDeviation: deviation, median: value("median") ?? mean, minimum: value("mn") ?? value("min") ?? low,
            maximum: value("mx") ?? value("max") ?? high, percentile005: low, percentile995: high)
        guard numbers.allSatisfy(\.isFinite) else { return nil }
    }
}
