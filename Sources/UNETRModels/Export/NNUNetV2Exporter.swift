public import Foundation
public import UNETRArchitectures
public import UNETRArchives
public import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// Writes a U-Net as the results folder of a training of nnU-Net v2, with which `nnUNetv2_predict` predicts.
///
/// Source: nnU-Net 2.8 (`plans_handler`, `predict_from_raw_data`).
public struct NNUNetV2Exporter: Sendable {
    /// Gives a network's weights under all the keys that nnU-Net's own state has, tensors with two names twice.
    public typealias Completion = @Sendable (_ state: StateDictionary, _ network: NetworkDescription) throws -> StateDictionary

    private let bundles: [ModelBundle]
    private let complete: Completion

    /// An exporter of the networks of one training, one for each fold.
    ///
    /// - Parameters:
    ///   - bundles: the networks.
    ///   - complete: names the weights as nnU-Net does.
    public init(_ bundles: [ModelBundle], complete: @escaping Completion) {
        self.bundles = bundles
        self.complete = complete
    }

    /// The folder that `write` makes within the folder of the data set: trainer, plans and configuration.
    public static func trainingFolder(in dataset: URL, for plan: Plan) -> URL {
        dataset.appending(path: "\(trainer(of: plan))__\(plansName)__\(configuration(of: plan))")
    }

    /// Writes `plans.json`, `dataset.json` and `fold_0/checkpoint_final.pth` (`fold_1`, … for further bundles), in one move.
    ///
    /// - Parameter dataset: the folder of the data set, such as `nnUNet_results/Dataset004_Hippocampus`.
    /// - Returns: the folder of the training; one that was there is replaced.
    /// - Throws: `ModelExportError` for a model that nnU-Net v2 cannot run; `FileError`; what reading the bundles throws.
    @discardableResult
    public func write(to dataset: URL) throws -> URL {
        guard let first = bundles.first else { throw ModelExportError.nothing }
        for bundle in bundles.dropFirst() where bundle.plan != first.plan {
            throw ModelExportError.otherPlan(path: bundle.url.path, first: first.url.path)
        }
        let plan = first.plan, network = try Self.check(first), name = Self.name(of: dataset, plan)
        let target = Self.trainingFolder(in: dataset, for: plan)
        let plans = try Self.plans(plan, network, name), description = try Self.description(plan, first)
        try AtomicFile.makeFolder(dataset)
        try ModelBundle.replace(target) { folder in
            for (fold, bundle) in bundles.enumerated() {
                let place = folder.appending(path: "fold_\(fold)")
                try AtomicFile.makeFolder(place)
                let state = try bundle.network.published(complete(bundle.state(), bundle.network))
                try PyTorchArchive.write(
                    state.entries.map { ($0.key, $0.array) }, under: "network_weights", extra: Self.extra(plan, fold, name),
                    to: place.appending(path: "checkpoint_final.pth"))
            }
            try AtomicFile.write(JSONText.encode(plans), to: folder.appending(path: "plans.json"))
            try AtomicFile.write(JSONText.encode(description), to: folder.appending(path: "dataset.json"))
        }
        return target
    }

    /// Which of nnU-Net's readers turns scans to an orientation.
    private static let readers = [nil: "SimpleITKIO", "RAS": "NibabelIOWithReorient"]

    private static let plansName = "nnUNetPlans"

    /// nnU-Net's name for what a plan is made for.
    private static func configuration(of plan: Plan) -> String { plan.isTwoDimensional ? "2d" : "3d_fullres" }

    /// Of one entry an axis those that the network sees.
    private static func seen<Element>(_ values: some Sequence<Element>, by plan: Plan) -> [Element] {
        Array(values.dropFirst(plan.isTwoDimensional ? 1 : 0))
    }

    /// The trainer whose prediction is the plan's.
    private static func trainer(of plan: Plan) -> String { plan.inference.mirrorAxes.isEmpty ? "nnUNetTrainerNoMirroring" : "nnUNetTrainer" }

    /// nnU-Net wants names such as Dataset004_Hippocampus.
    private static func name(of folder: URL, _ plan: Plan) -> String {
        [folder.lastPathComponent, plan.dataset].first { $0.wholeMatch(of: /Dataset[0-9]{3}_.+/) != nil } ?? plan.dataset
    }

    /// Refuses what would give other masks there than here.
    private static func check(_ bundle: ModelBundle) throws -> NNUNetConfiguration {
        let plan = bundle.plan
        func fail(_ problem: String) -> ModelExportError { .unsuited(path: bundle.url.path, problem: problem) }
        guard let network = bundle.network.configuration as? NNUNetConfiguration else {
            throw fail("its network is \(bundle.network.architecture.displayName); nnU-Net v2 has its own two U-Nets")
        }
        guard plan.inference.aggregation == .logits else {
            throw fail("it averages \(plan.inference.aggregation.rawValue) over windows, where nnU-Net v2 averages logits")
        }
        guard plan.compatibility.resampling != nil else {
            throw fail(
                "its scans are prepared by the rule \(plan.compatibility.rawValue), which nnU-Net v2 does not have; networks whose plan comes from "
                    + "one of its planners can be exported")
        }
        guard readers.keys.contains(plan.orientation?.text), plan.inference.windows == .nnUNet, plan.inference.restored == .averages else {
            throw fail("its scans are turned, its windows lie or its masks go back in a way that nnU-Net v2 does not have")
        }
        if let scheme = plan.normalization.first(where: { $0.scheme.nnUNetV2Name == nil })?.scheme {
            throw fail("its intensities are normalized by \(scheme.rawValue), which nnU-Net v2 does not have")
        }
        let values = plan.labels.definitions.flatMap(\.values) + (plan.labels.ignoreValue.map { [$0] } ?? [])
        guard Set(values) == Set(0...(values.max() ?? 0)) else {
            throw fail("its labels are \(Set(values).sorted()); nnU-Net v2 needs 0, 1, 2, … without gaps")
        }
        return network
    }

    /// What a checkpoint holds beside the weights.
    private static func extra(_ plan: Plan, _ fold: Int, _ name: String) -> [String: PickleValue] {
        let axes = plan.inference.mirrorAxes.map { plan.isTwoDimensional ? $0 - 1 : $0 }
        func dictionary(_ pairs: [(String, PickleValue)]) -> PickleValue {
            .dictionary(PickleDictionary(pairs.map { (key: .string($0.0), value: $0.1) }))
        }
        return [
            "trainer_name": .string(trainer(of: plan)),
            "inference_allowed_mirroring_axes": axes.isEmpty ? .none : .tuple(axes.map { .int($0) }),
            "init_args": dictionary([
                ("configuration", .string(configuration(of: plan))), ("fold", .int(fold)), ("plans", dictionary([("dataset_name", .string(name))])),
            ]),
            "current_epoch": .int(0),
        ]
    }
}

// MARK: - plans.json and dataset.json

extension NNUNetV2Exporter {
    private static func plans(_ plan: Plan, _ network: NNUNetConfiguration, _ name: String) throws -> JSONValue {
        let order = plan.axisOrder.axes
        var statistics: [String: JSONValue] = [:]
        for (channel, normalization) in plan.normalization.enumerated() {
            statistics["\(channel)"] =
                normalization.statistics.map { found in
                    [
                        "mean": .number(found.mean), "std": .number(found.standardDeviation), "median": .number(found.median),
                        "min": .number(found.minimum), "max": .number(found.maximum), "percentile_00_5": .number(found.percentile005),
                        "percentile_99_5": .number(found.percentile995),
                    ]
                } ?? [:]
        }
        return [
            "dataset_name": .string(name), "plans_name": .string(plansName), "original_median_spacing_after_transp": JSONValue(plan.targetSpacing),
            "image_reader_writer": .string(readers[plan.orientation?.text] ?? ""), "transpose_forward": JSONValue(order),
            "transpose_backward": JSONValue((0..<3).map { order.firstIndex(of: $0) ?? $0 }), "experiment_planner_used": "ExperimentPlanner",
            "label_manager": "LabelManager", "foreground_intensity_properties_per_channel": .object(statistics),
            "configurations": .object([configuration(of: plan): try settings(plan, network)]),
        ]
    }

    private static func settings(_ plan: Plan, _ network: NNUNetConfiguration) throws -> JSONValue {
        var settings: [String: JSONValue] = [
            "data_identifier": .string("\(plansName)_\(configuration(of: plan))"), "preprocessor_name": "DefaultPreprocessor",
            "batch_size": .integer(plan.batchSize), "patch_size": JSONValue(seen(plan.patchSize, by: plan)),
            "spacing": JSONValue(seen(plan.targetSpacing, by: plan)),
            "normalization_schemes": .array(plan.normalization.map { .string($0.scheme.nnUNetV2Name ?? "") }),
            "use_mask_for_norm": .array(plan.normalization.map { .bool($0.useMask) }), "batch_dice": .bool(plan.isTwoDimensional),
        ]
        if let (function, arguments) = plan.compatibility.resampling {
            for (what, isLabels, order) in [("data", false, 3), ("seg", true, 1), ("probabilities", false, 1)] {
                var arguments = arguments
                arguments["is_seg"] = .bool(isLabels)
                if arguments["order_z"] != nil { arguments["order"] = .integer(order) }
                settings["resampling_fn_\(what)"] = .string(function)
                settings["resampling_fn_\(what)_kwargs"] = .object(arguments)
            }
        }
        let isResidual = network.encoder == .residual, dimensions = plan.isTwoDimensional ? "2d" : "3d"
        func rows(_ sizes: [Size3]) -> JSONValue { .array(sizes.map { JSONValue(seen($0, by: plan)) }) }
        settings["architecture"] = [
            "network_class_name": .string(
                "dynamic_network_architectures.architectures.unet.\(isResidual ? "ResidualEncoderUNet" : "PlainConvUNet")"),
            "arch_kwargs": [
                "n_stages": .integer(network.features.count), "features_per_stage": JSONValue(network.features),
                "conv_op": .string("torch.nn.modules.conv.Conv\(dimensions)"), "kernel_sizes": rows(network.kernels),
                "strides": rows(network.strides),
                isResidual ? "n_blocks_per_stage" : "n_conv_per_stage": JSONValue(network.depths),
                "n_conv_per_stage_decoder": JSONValue(network.decoderDepths), "conv_bias": true,
                "norm_op": .string("torch.nn.modules.instancenorm.InstanceNorm\(dimensions)"), "norm_op_kwargs": ["eps": 1e-5, "affine": true],
                "dropout_op": .null,
                "dropout_op_kwargs": .null, "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": ["inplace": true],
            ],
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        ]
        return .object(settings)
    }

    private static func description(_ plan: Plan, _ bundle: ModelBundle) throws -> JSONValue {
        var labels: [String: JSONValue] = [:]
        for definition in plan.labels.definitions {
            let value: JSONValue = definition.values.count == 1 ? .integer(definition.values[0]) : JSONValue(definition.values)
            guard labels.updateValue(value, forKey: definition.name) == nil else {
                throw ModelExportError.unsuited(path: bundle.url.path, problem: "two of its labels are called \(definition.name)")
            }
        }
        if let ignored = plan.labels.ignoreValue { labels["ignore"] = .integer(ignored) }
        let channels = zip(plan.channelNames, plan.normalization).enumerated().map { ("\($0.offset)", JSONValue.string($0.element.0)) }
        var description: [String: JSONValue] = [
            "channel_names": .object(Dictionary(uniqueKeysWithValues: channels)), "labels": .object(labels), "numTraining": 0, "file_ending": ".nii.gz",
        ]
        if let order = plan.labels.regionOrder { description["regions_class_order"] = JSONValue(order) }
        return .object(description)
    }
}

extension Compatibility {
    /// nnU-Net v2's function for this rule and its settings; nil for rules of others.
    fileprivate var resampling: (function: String, arguments: [String: JSONValue])? {
        switch self {
        case .nnUNetV2: ("resample_data_or_seg_to_shape", ["order_z": 0, "force_separate_z": .null])
        case .nnUNetV2Linear: ("resample_torch_fornnunet", ["force_separate_z": false, "memefficient_seg_resampling": false])
        case .nnUNetV2LinearBySlices: ("resample_torch_fornnunet", ["force_separate_z": .null, "memefficient_seg_resampling": false])
        case .unetrPlusPlus, .modern, .monai: nil
        }
    }
}

/// Why a model cannot be written in another tool's form.
public enum ModelExportError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no model.
    case nothing
    /// The tool would compute something else than this package.
    case unsuited(path: String, problem: String)
    /// Networks of one training have one plan.
    case otherPlan(path: String, first: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .nothing: "there is no model to write"
        case .unsuited(let path, let problem): "\(path) cannot be written for nnU-Net v2: \(problem)"
        case .otherPlan(let path, let first): "\(path) has another plan than \(first); networks of one training have the same"
        }
    }
}
