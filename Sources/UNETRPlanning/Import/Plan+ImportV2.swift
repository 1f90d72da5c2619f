public import Foundation
public import UNETRArchitectures
import UNETRSupport
import UNETRVolumes

extension Plan {
    /// Imports a configuration of nnU-Net v2's `plans.json`.
    ///
    /// - Parameters:
    ///   - name: such as "3d_fullres".
    ///   - description: the `dataset.json` that names channels and labels; nil: the one beside the plan.
    ///   - network: the network it is for, whose patch size replaces the plan's; nil: the configuration's own U-Net, plain or with a residual
    ///     encoder, where it is one.
    ///   - mirrorAxes: what test-time augmentation mirrors, of the patch's two or three axes; the plan does not say it, the trainer does. Nil: all.
    ///   - url: the `plans.json` that nnU-Net v2 wrote.
    public init(
        importingV2 url: URL, configuration name: String = "3d_fullres", description: URL? = nil, network: NetworkDescription? = nil,
        mirrorAxes: [Int]? = nil
    ) throws {
        func fail(_ problem: String) -> PlanError { .unreadable(path: url.path, problem: problem) }
        let data: Data
        do { data = try InputFile.contents(of: url, most: Self.mostBytes) } catch let error as FileError { throw fail("the file \(error.problem)") }
        guard let source = try? JSONDecoder().decode(JSONValue.self, from: data), let known = source["configurations"]?.object else {
            throw fail("it has no configurations; it is not a plans.json of nnU-Net v2")
        }
        let configuration = try Self.inherit(name, known, fail)
        if let preprocessor = configuration["preprocessor_name"]?.string, preprocessor != "DefaultPreprocessor" {
            throw fail("its configuration \(name) is prepared by \(preprocessor), which is not known here; DefaultPreprocessor is")
        }
        if let previous = configuration["previous_stage"]?.string {
            throw fail("its configuration \(name) is the second stage of a cascade after \(previous), which is not known here; choose another configuration")
        }
        if network == nil, let obstacle = ImportedUNet.obstacle(v2: configuration) {
            throw fail("the network of its configuration \(name) has \(obstacle), which the networks here have not")
        }
        let orientation = try Self.orientation(reader: source["image_reader_writer"]?.string, fail)
        let beside = url.deletingLastPathComponent().appendingPathComponent("dataset.json")
        let dataset = try DatasetDescription(contentsOf: description ?? beside)
        let numbers = { (key: String) in configuration[key]?.doubles }
        guard var spacing = numbers("spacing"), var patch = numbers("patch_size"), let batch = configuration["batch_size"]?.int,
            [2, 3].contains(patch.count), spacing.count == patch.count
        else { throw fail("the configuration \(name) lacks a spacing or patch_size of two or three dimensions, or a batch_size") }
        let isTwoDimensional = patch.count == 2
        if isTwoDimensional {
            patch = [1] + patch
            // Slices stay where they are; this only says how far apart they usually are.
            let median = source["original_median_spacing_after_transp"]?.doubles ?? []
            spacing = [median.count == 3 && Geometry.spacingRange.contains(median[0]) ? median[0] : spacing[0]] + spacing
        }
        let schemes = configuration["normalization_schemes"]?.array?.compactMap(\.string) ?? []
        guard schemes.count == dataset.channelNames.count else {
            throw fail("the configuration \(name) has \(schemes.count) normalization_schemes for \(dataset.channelNames.count) channels")
        }
        let masks = configuration["use_mask_for_norm"]?.array ?? []
        let normalization = try schemes.enumerated().map { channel, scheme in
            let statistics = source["foreground_intensity_properties_per_channel"]?["\(channel)"]
            guard let known = IntensityNormalization.Scheme(v2: scheme) else { throw fail("its normalization \(scheme) is not known here") }
            return IntensityNormalization(
                scheme: known, statistics: statistics.flatMap { found in IntensityStatistics { found[$0]?.double } },
                // Only the z-score of nnU-Net v2 looks at its mask.
                useMask: known == .zScore && masks.indices.contains(channel) && masks[channel] == .bool(true))
        }
        let mirrored = mirrorAxes.map { axes in isTwoDimensional ? axes.map { $0 + 1 } : axes } ?? (isTwoDimensional ? [1, 2] : [0, 1, 2])
        let whole = try Self.patch(patch, fail), compatibility = try Compatibility(v2: configuration, fail)
        do {
            try self.init(
                dataset: source["dataset_name"]?.string ?? dataset.name ?? "", channelNames: dataset.channelNames, labels: dataset.labels,
                isTwoDimensional: isTwoDimensional, targetSpacing: spacing, orientation: orientation,
                axisOrder: AxisOrder(source["transpose_forward"]?.ints ?? [0, 1, 2]),
                patchSize: network?.patchSize ?? Self.patchSize(whole), batchSize: batch,
                normalization: normalization, compatibility: compatibility, network: network,
                inference: InferenceSettings(mirrorAxes: mirrored, aggregation: .logits))
        } catch let error as PlanError { throw PlanError.inFile(path: url.path, problem: "\(error)") }
        if network == nil { self.network = ImportedUNet(v2: configuration)?.network(for: self) }
    }

    /// The directions in which a reader of nnU-Net v2 makes the axes of a file run; nil: it leaves them as they are.
    ///
    /// Which program decodes the file does not matter here, so scans in all formats are taken.
    private static func orientation(reader: String?, _ fail: (String) -> PlanError) throws -> AxisCodes? {
        switch reader {
        case nil, "SimpleITKIO", "NibabelIO": return nil
        case "NibabelIOWithReorient", "SimpleITKIOWithReorient": return AxisCodes("RAS")
        case .some(let name):
            throw fail(
                "its scans are read by \(name), which is not known here; known are NibabelIO, NibabelIOWithReorient, SimpleITKIO and "
                    + "SimpleITKIOWithReorient")
        }
    }

    /// A configuration with what it inherits from others.
    private static func inherit(_ name: String, _ known: [String: JSONValue], _ fail: (String) -> PlanError) throws -> JSONValue {
        var merged: [String: JSONValue] = [:], next: String? = name, seen: Set<String> = []
        while let current = next {
            guard let members = known[current]?.object else {
                throw fail("it has no configuration \(current), only \(known.keys.sorted().joined(separator: ", "))")
            }
            guard seen.insert(current).inserted else { throw fail("its configuration \(name) inherits from itself") }
            merged.merge(members) { mine, _ in mine }
            next = members["inherits_from"]?.string
        }
        return .object(merged)
    }
}

extension Compatibility {
    /// The rule of a configuration of nnU-Net v2, by the functions it names for resampling images and outputs.
    /// - Parameter fail: makes the error for what is not known here.
    fileprivate init(v2 configuration: JSONValue, _ fail: (String) -> PlanError) throws {
        let (image, output) = ("resampling_fn_data", "resampling_fn_probabilities")
        let names = [image, output].map { configuration[$0]?.string ?? "resample_data_or_seg_to_shape" }
        func settings(_ function: String) -> [String: JSONValue] { configuration["\(function)_kwargs"]?.object ?? [:] }
        /// Settings of a function that are not among these.
        func check(_ function: String, _ name: String, _ known: [String: [JSONValue]]) throws {
            for (key, value) in settings(function).sorted(by: { $0.key < $1.key }) where known[key]?.contains(value) != true {
                throw fail("its \(function) is \(name) with \(key) \(Self.text(of: value)), which is not known here")
            }
        }
        let common: [String: [JSONValue]] = ["is_seg": [.bool(false)]]
        switch (names[0], names[1]) {
        case ("resample_data_or_seg_to_shape", "resample_data_or_seg_to_shape"):
            for (function, order) in [(image, 3), (output, 1)] {
                let known = common.merging(["order": [.integer(order)], "order_z": [.integer(0)], "force_separate_z": [.null]]) { $1 }
                try check(function, names[0], known)
            }
            self = .nnUNetV2
        case ("resample_torch_fornnunet", "resample_torch_fornnunet"):
            let known = common.merging([
                "force_separate_z": [.null, .bool(false)], "memefficient_seg_resampling": [.bool(false), .bool(true)], "mode": [.string("linear")],
                "aniso_axis_mode": [.string("nearest-exact")],
            ]) { $1 }
            for function in [image, output] { try check(function, names[0], known) }
            let separate = [image, output].map { settings($0)["force_separate_z"] ?? .null }
            guard separate[0] == separate[1] else {
                throw fail("its \(image) and \(output) treat a coarse axis differently, which is not known here")
            }
            self = separate[0] == .bool(false) ? .nnUNetV2Linear : .nnUNetV2LinearBySlices
        default:
            throw fail(
                "its \(image) is \(names[0]) and its \(output) \(names[1]); known here are resample_data_or_seg_to_shape and "
                    + "resample_torch_fornnunet, the same for both")
        }
    }
}

extension Compatibility {
    private static func text(of value: JSONValue) -> String {
        (try? JSONText.encode(value, .plainLine)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension IntensityNormalization.Scheme {
    /// What nnU-Net v2 calls it; nil for what only version 1 has.
    package var nnUNetV2Name: String? {
        switch self {
        case .ct: "CTNormalization"
        case .zScore: "ZScoreNormalization"
        case .noNorm: "NoNormalization"
        case .rescaleTo01: "RescaleTo01Normalization"
        case .rgbTo01: "RGBTo01Normalization"
        case .ct2, .steps: nil
        }
    }

    /// The scheme that nnU-Net v2 calls so.
    fileprivate init?(v2 name: String) {
        guard let known = Self.allCases.first(where: { $0.nnUNetV2Name == name }) else { return nil }
        self = known
    }
}
