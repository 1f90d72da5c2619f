import UNETRArchitectures
import UNETRArchives
import UNETRSupport
import UNETRVolumes

/// The U-Net that a plan of nnU-Net describes, as a network here.
struct ImportedUNet {
    private let isResidual: Bool
    private let features: [Int]
    private let kernels: [Size3]
    private let strides: [Size3]
    private let depths: [Int]
    private let decoderDepths: [Int]

    /// Of a stage of `plans.pkl`; nil where it does not say enough.
    init?(v1 stage: PickleValue, of plans: PickleValue) {
        func triples(_ key: String) -> [Size3]? {
            stage[key]?.elements.flatMap { rows in
                let sizes = rows.compactMap { $0.ints.flatMap { Size3($0) } }
                return sizes.count == rows.count ? sizes : nil
            }
        }
        guard let pools = triples("pool_op_kernel_sizes"), let kernels = triples("conv_kernel_sizes"), kernels.count == pools.count + 1
        else { return nil }
        let convolutions = plans["conv_per_stage"]?.intValue ?? 2, base = plans["base_num_features"]?.intValue ?? 32
        self.init(
            isResidual: false, features: Self.features(base: base, largest: 320, stages: pools.count + 1), kernels: kernels,
            strides: [[1, 1, 1]] + pools, depths: Array(repeating: convolutions, count: pools.count + 1),
            decoderDepths: Array(repeating: convolutions, count: pools.count))
    }

    /// What a configuration of `plans.json` asks of its network that the networks here do not have, such as another normalization; nil if they
    /// have all of it.
    static func obstacle(v2 configuration: JSONValue) -> String? {
        guard let settings = configuration["architecture"]?["arch_kwargs"] else { return nil }
        let dimensions = configuration["patch_size"]?.array?.count == 2 ? "2d" : "3d"
        for (key, ending) in [("conv_op", "Conv\(dimensions)"), ("norm_op", "InstanceNorm\(dimensions)"), ("nonlin", "LeakyReLU")] {
            if let found = settings[key]?.string, !found.hasSuffix(ending) { return "\(key) \(found)" }
        }
        if let dropout = settings["dropout_op"], dropout != .null { return "dropout_op \(dropout.string ?? "")" }
        if let bias = settings["conv_bias"], bias != .bool(true) { return "conv_bias false" }
        if let epsilon = settings["norm_op_kwargs"]?["eps"]?.double, epsilon != 1e-5 { return "norm_op_kwargs with eps \(epsilon)" }
        if let affine = settings["norm_op_kwargs"]?["affine"], affine != .bool(true) { return "norm_op_kwargs without affine" }
        if let slope = settings["nonlin_kwargs"]?["negative_slope"]?.double, slope != 0.01 { return "nonlin_kwargs with negative_slope \(slope)" }
        if let first = settings["nonlin_first"], first != .bool(false) { return "nonlin_first" }
        for key in ["block", "stem_channels", "squeeze_excitation", "stochastic_depth_p", "bottleneck_channels"] {
            if let value = settings[key], value != .null, value != .bool(false), value.double != 0 { return key }
        }
        return nil
    }

    /// Of a configuration of `plans.json`, in the form of releases since 2.4 (`architecture`) or before; nil for other networks.
    init?(v2 configuration: JSONValue) {
        let newer = configuration["architecture"], settings = newer?["arch_kwargs"] ?? configuration
        guard let name = newer?["network_class_name"]?.string ?? configuration["UNet_class_name"]?.string else { return nil }
        let isResidual = name.hasSuffix("ResidualEncoderUNet")
        guard isResidual || name.hasSuffix("PlainConvUNet") else { return nil }
        func triples(_ keys: String...) -> [Size3]? {
            keys.lazy.compactMap { settings[$0]?.array }.first.flatMap { rows in
                // Two sizes are those within a slice.
                let sizes = rows.compactMap { $0.ints.flatMap { Size3($0.count == 2 ? [1] + $0 : $0) } }
                return sizes.count == rows.count ? sizes : nil
            }
        }
        guard let kernels = triples("kernel_sizes", "conv_kernel_sizes"), let strides = triples("strides", "pool_op_kernel_sizes") else {
            return nil
        }
        func counts(_ keys: [String], _ count: Int) -> [Int]? {
            keys.lazy.compactMap { settings[$0] }.first.flatMap { $0.ints ?? $0.int.map { Array(repeating: $0, count: count) } }
        }
        let stages = strides.count
        guard stages > 0 else { return nil }
        guard
            let depths = counts(["n_blocks_per_stage", "n_conv_per_stage", "n_conv_per_stage_encoder"], stages),
            let decoderDepths = counts(["n_conv_per_stage_decoder"], stages - 1)
        else { return nil }
        let largest = settings["unet_max_num_features"]?.int ?? 320
        self.init(
            isResidual: isResidual,
            features: counts(["features_per_stage"], stages)
                ?? Self.features(base: settings["UNet_base_num_features"]?.int ?? 32, largest: largest, stages: stages),
            kernels: kernels, strides: strides, depths: depths, decoderDepths: decoderDepths)
    }

    private init(
        isResidual: Bool, features: [Int], kernels: [Size3], strides: [Size3], depths: [Int], decoderDepths: [Int]
    ) {
        self.isResidual = isResidual
        (self.features, self.kernels, self.strides) = (features, kernels, strides)
        (self.depths, self.decoderDepths) = (depths, decoderDepths)
    }

    private static func features(base: Int, largest: Int, stages: Int) -> [Int] {
        (0..<stages).map { min(base << min($0, 16), largest) }
    }

    /// The network for a plan with these channels, classes and patch; not validated, as the numbers are another program's.
    func network(for plan: Plan) -> NetworkDescription {
        var configuration = NNUNetConfiguration(isResidual ? .residual : .plain)
        configuration.inputChannels = plan.channelNames.count
        configuration.classes = plan.labels.outputCount
        configuration.patchSize = plan.patchSize
        (configuration.features, configuration.kernels, configuration.strides) = (features, kernels, strides)
        (configuration.depths, configuration.decoderDepths) = (depths, decoderDepths)
        configuration.supervisedOutputs = NNUNetConfiguration.usualSupervisedOutputs(stages: features.count)
        return .nnUNet(configuration)
    }
}
