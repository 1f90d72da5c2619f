import Foundation
import UNETRArchitectures
import UNETRSupport
public import UNETRVolumes

/// The planner of nnU-Net v2: spacing, patch, batch and U-Net of its configurations `3d_fullres`, `3d_lowres` and `2d`.
///
/// Source: nnU-Net 2.8 (`ExperimentPlanner`, `ResEncUNetPlanner` and its presets) and dynamic_network_architectures 0.4.
public struct NNUNetV2Planner: Equatable, Sendable {
    /// The planners that nnU-Net v2 ships.
    public enum Preset: String, Sendable, CaseIterable {
        /// The plain U-Net, for 8 GB.
        case nnUNet = "nnunet"
        /// The U-Net with a residual encoder, for 8 GB.
        case residualM = "resenc-m"
        /// For 24 GB.
        case residualL = "resenc-l"
        /// For 40 GB.
        case residualXL = "resenc-xl"

        /// Memory of the graphics card, in GB, that the preset is made for.
        public var gigabytes: Double {
            switch self {
            case .nnUNet, .residualM: 8
            case .residualL: 24
            case .residualXL: 40
            }
        }

        /// Feature-map values of a network that fits that memory with the usual batch: two patches, or twelve slices.
        fileprivate func featureMapValues(slices: Bool) -> Double {
            switch self {
            case .nnUNet: slices ? 85_000_000 : 560_000_000
            case .residualM: slices ? 135_000_000 : 680_000_000
            case .residualL: slices ? 380_000_000 : 2_100_000_000
            case .residualXL: slices ? 560_000_000 : 3_600_000_000
            }
        }

        fileprivate var isResidual: Bool { self != .nnUNet }
    }

    /// What a network is planned for: a resolution, or slices.
    public enum Configuration: String, Sendable, CaseIterable {
        /// At the data's own resolution.
        case fullResolution = "3d_fullres"
        /// Coarser, where a patch at full resolution holds less than a quarter of a scan.
        case lowResolution = "3d_lowres"
        /// One slice at a time, at the data's own resolution within it.
        case slices = "2d"
    }

    /// Which of nnU-Net's planners is followed.
    public var preset: Preset

    /// Memory of the graphics card in GB.
    public var gigabytes: Double

    /// A planner; without `gigabytes` for the memory that the preset is made for.
    public init(_ preset: Preset, gigabytes: Double? = nil) {
        self.preset = preset
        self.gigabytes = gigabytes ?? preset.gigabytes
    }

    /// A patch and its network, in prepared axis order.
    struct Stage: Equatable {
        var spacing: [Double]
        var patchSize: Size3
        var batchSize: Int
        var features: [Int]
        var kernels: [Size3]
        var strides: [Size3]
        var depths: [Int]
        var decoderDepths: [Int]
    }

    /// The plan for a data set.
    ///
    /// - Parameters:
    ///   - configuration: the resolution, or slices.
    ///   - labels: the structures to segment; where there is only the background, every value that occurs becomes one.
    ///   - fingerprint: of the training cases.
    ///   - dataset: the name of the data set.
    /// - Throws: `PlanError.configuration` if the data set is too small for a low resolution; `GridTooLarge`, `PlanError` and
    ///   `ConfigurationError` for what does not fit.
    public func plan(
        _ configuration: Configuration = .fullResolution, _ fingerprint: Fingerprint, labels: LabelSet, dataset: String
    ) throws -> Plan {
        guard !fingerprint.cases.isEmpty else {
            throw PlanError.invalid(field: "dataset", value: dataset, rule: "it needs at least one training case")
        }
        let labels = labels.foreground.isEmpty ? fingerprint.plainLabels : labels
        try fingerprint.checkSizes()
        let rules = Sizes(fingerprint)
        let classes = labels.definitions.count + (labels.ignoreValue == nil ? 0 : 1)
        let isTwoDimensional = configuration == .slices
        var stage = self.stage(
            rules.spacing, median: isTwoDimensional ? [1] + rules.medianSize.dropFirst() : rules.medianSize, voxels: rules.voxels, classes: classes,
            slices: isTwoDimensional)
        if configuration == .lowResolution {
            guard let low = lowResolution(stage, rules, classes: classes) else {
                throw PlanError.configuration(name: configuration.rawValue, dataset: dataset)
            }
            stage = low
        }
        var network = NNUNetConfiguration(preset.isResidual ? .residual : .plain)
        network.inputChannels = fingerprint.channelNames.count
        network.classes = labels.outputCount
        network.patchSize = stage.patchSize
        (network.features, network.kernels, network.strides) = (stage.features, stage.kernels, stage.strides)
        (network.depths, network.decoderDepths) = (stage.depths, stage.decoderDepths)
        network.supervisedOutputs = NNUNetConfiguration.usualSupervisedOutputs(stages: stage.features.count)
        let reduction = Percentile.of(sorted: fingerprint.cases.map(\.sizeReduction).sorted(), 50)
        return try Plan(
            dataset: dataset, channelNames: fingerprint.channelNames, labels: labels, isTwoDimensional: isTwoDimensional,
            targetSpacing: stage.spacing, axisOrder: rules.axisOrder, patchSize: stage.patchSize, batchSize: stage.batchSize,
            normalization: fingerprint.channelNames.enumerated().map { channel, name in
                let scheme = IntensityNormalization.Scheme(v2Channel: name)
                return IntensityNormalization(
                    scheme: scheme, statistics: scheme == .ct ? fingerprint.intensities[channel] : nil, useMask: scheme == .zScore && reduction < 0.75)
            }, compatibility: .nnUNetV2, network: .nnUNet(network),
            inference: InferenceSettings(mirrorAxes: isTwoDimensional ? [1, 2] : [0, 1, 2], aggregation: .logits))
    }
}

extension NNUNetV2Planner {
    /// What follows from a fingerprint alone.
    struct Sizes {
        let axisOrder: AxisOrder
        /// Target spacing at full resolution, in prepared axis order.
        let spacing: [Double]
        /// The median scan at that spacing.
        let medianSize: [Double]
        /// Voxels of all scans together.
        let voxels: Double
        let cases: Double

        init(_ fingerprint: Fingerprint) {
            let spacings = fingerprint.cases.map(\.spacing)
            let target = PlanningRules.targetSpacing(spacings, fingerprint.cases.map { $0.size.map(Double.init) })
            let order = PlanningRules.axisOrder(target)
            let resampled = fingerprint.cases.map { scan in
                (0..<3).map { (scan.spacing[$0] / target[$0] * Double(scan.size[$0])).rounded(.toNearestOrEven) }
            }
            let median = Percentile.ofColumns(resampled, 50)
            axisOrder = (try? AxisOrder(order)) ?? .identity
            spacing = order.map { target[$0] }
            medianSize = order.map { median[$0] }
            cases = Double(fingerprint.cases.count)
            voxels = medianSize.reduce(1, *) * cases
        }
    }

    /// No axis of a feature map gets smaller than this.
    private static let smallestEdge = 4.0

    /// How often a U-Net halves each axis of a patch.
    struct Topology: Equatable {
        /// One for each resolution, the first 1.
        var strides: [Size3] = [[1, 1, 1]]
        var kernels: [Size3] = []
        var divisor: Size3 = [1, 1, 1]
        /// The patch, each axis rounded up to a multiple of the divisor.
        var patchSize: Size3

        /// - Parameters:
        ///   - patch: may have halves, as medians of sizes have.
        ///   - slices: whether the first axis is left out of everything.
        init(_ spacing: [Double], _ patch: [Double], slices: Bool) {
            var spacing = slices ? [.infinity] + spacing.dropFirst() : spacing, size = patch, kernel: Size3 = [1, 1, 1]
            patchSize = [1, 1, 1]
            while true {
                var halved = (0..<3).filter { size[$0] >= 2 * NNUNetV2Planner.smallestEdge }
                guard let finest = halved.map({ spacing[$0] }).min() else { break }
                halved = halved.filter { spacing[$0] / finest < 2 }
                if halved.count == 1, size[halved[0]] < 3 * NNUNetV2Planner.smallestEdge { break }
                let finestOfAll = spacing.min()!
                // An axis that was convolved along once is so from then on.
                for axis in 0..<3 where spacing[axis] / finestOfAll < 2 { kernel[axis] = 3 }
                for axis in halved {
                    divisor[axis] *= 2
                    spacing[axis] *= 2
                    size[axis] = (size[axis] / 2).rounded(.up)
                }
                strides.append(Size3 { halved.contains($0) ? 2 : 1 })
                kernels.append(kernel)
            }
            kernels.append([slices ? 1 : 3, 3, 3])
            for axis in 0..<3 {
                let unit = Double(divisor[axis])
                patchSize[axis] = Int(clampingRounded: (patch[axis] / unit).rounded(.up) * unit) ?? divisor[axis]
            }
        }
    }

    /// The largest patch that fits the memory, and its network.
    ///
    /// - Parameters:
    ///   - median: the median scan at that spacing, in voxels.
    ///   - voxels: voxels of all scans together.
    ///   - slices: whether a patch is one slice; the median scan has then only one.
    func stage(_ spacing: [Double], median: [Double], voxels: Double, classes: Int, slices: Bool = false) -> Stage {
        let perMillimeter = spacing.map { 1 / $0 }
        let scale = slices ? (2048 * 2048 / perMillimeter.dropFirst().reduce(1, *)).squareRoot() : pow(256 * 256 * 256 / perMillimeter.reduce(1, *), 1.0 / 3)
        // More than any memory holds, and no more than a scan has.
        let start = zip(perMillimeter, median).map { min(($0 * scale).rounded(.toNearestOrEven), $1) }
        var topology = Topology(spacing, [slices ? 1 : start[0]] + start.dropFirst(), slices: slices)
        let reference = preset.featureMapValues(slices: slices) * (gigabytes / preset.gigabytes), usualBatch = slices ? 12.0 : 2
        // The planner of plain networks asks whether two patches fit, that of residual ones whether the usual batch does.
        let most = preset.isResidual ? reference : reference * usualBatch / 2, features = { Self.features($0, slices: slices) }
        while Double(featureMapValues(topology, classes: classes, features)) > most, topology.patchSize.voxels > 1 {
            // The axis that shows the largest part of the scan is cut; the last of equal ones.
            let parts = (0..<3).map { Double(topology.patchSize[$0]) / median[$0] }
            let axis = (0..<3).max { parts[$0] <= parts[$1] }!
            var smaller = topology.patchSize.map(Double.init)
            smaller[axis] -= Double(topology.divisor[axis])
            let divisor = Topology(spacing, smaller, slices: slices).divisor
            smaller = topology.patchSize.map(Double.init)
            smaller[axis] -= Double(divisor[axis])
            topology = Topology(spacing, smaller, slices: slices)
        }
        let estimate = Double(featureMapValues(topology, classes: classes, features))
        let fitting = Int(clampingRounded: reference / estimate * usualBatch, .toNearestOrEven) ?? 2
        let share = Int(clampingRounded: voxels * largestPartOfDataset / Double(topology.patchSize.voxels), .toNearestOrEven) ?? 2
        let stages = topology.strides.count
        return Stage(
            spacing: spacing, patchSize: topology.patchSize, batchSize: max(min(fitting, share), 2), features: features(stages),
            kernels: topology.kernels, strides: topology.strides, depths: depths(stages), decoderDepths: decoderDepths(stages))
    }

    /// The configuration of lower resolution; nil where a patch at full resolution holds a quarter of a scan, or the two would be too similar.
    private func lowResolution(_ full: Stage, _ sizes: Sizes, classes: Int) -> Stage? {
        var spacing = full.spacing, stage: Stage?
        var medianVoxels = sizes.medianSize.reduce(1, *), patchVoxels = Double(full.patchSize.voxels)
        while patchVoxels / medianVoxels < 0.25 {
            let coarsest = spacing.max()!
            let finer = (0..<3).filter { coarsest / spacing[$0] > 2 }
            for axis in finer.isEmpty ? [0, 1, 2] : finer { spacing[axis] *= 1.03 }
            let median = (0..<3).map { full.spacing[$0] / spacing[$0] * sizes.medianSize[$0] }
            medianVoxels = median.reduce(1, *)
            stage = self.stage(
                spacing, median: median.map { $0.rounded(.toNearestOrEven) }, voxels: medianVoxels * sizes.cases, classes: classes)
            patchVoxels = Double(stage!.patchSize.voxels)
        }
        return sizes.medianSize.reduce(1, *) / medianVoxels < 2 ? nil : stage
    }

    /// A batch may not hold more than this part of the training set's voxels.
    private var largestPartOfDataset: Double { preset.isResidual ? 1 : PlanningRules.largestPartOfDataset }

    private static func features(_ stages: Int, slices: Bool) -> [Int] { (0..<stages).map { min(slices ? 512 : 320, 32 << min($0, 16)) } }

    private func depths(_ stages: Int) -> [Int] {
        preset.isResidual ? (0..<stages).map { [1, 3, 4, 6][min($0, 3)] } : Array(repeating: 2, count: stages)
    }

    private func decoderDepths(_ stages: Int) -> [Int] { Array(repeating: preset.isResidual ? 1 : 2, count: max(stages - 1, 0)) }

    /// Values of the feature maps of a training step with one patch, as nnU-Net counts them.
    private func featureMapValues(_ topology: Topology, classes: Int, _ features: (Int) -> [Int]) -> Int {
        let stages = topology.strides.count, features = features(stages), depths = depths(stages), decoderDepths = decoderDepths(stages)
        var size = topology.patchSize, sizes: [Size3] = [], total = 0
        if preset.isResidual { total += features[0] * size.voxels }  // the stem
        for stage in 0..<stages {
            size = size.divided(by: topology.strides[stage])
            sizes.append(size)
            let map = features[stage] * size.voxels
            // Two convolutions in a block, and a third beside the first block where channels or size change.
            let maps = preset.isResidual ? 2 * depths[stage] + (stage == 0 ? 0 : 1) : depths[stage]
            total += maps * map
        }
        for stage in 0..<max(stages - 1, 0) {
            // The convolutions and the transposed convolution before them; logits only at full resolution.
            total += (decoderDepths[stage] + 1) * features[stage] * sizes[stage].voxels
            if stage == 0 { total += classes * sizes[0].voxels }
        }
        return total
    }
}

extension IntensityNormalization.Scheme {
    /// nnU-Net v2's choice by the name of a channel.
    fileprivate init(v2Channel name: String) {
        switch name.lowercased() {
        case "ct": self = .ct
        case "nonorm": self = .noNorm
        case "rescale_to_0_1": self = .rescaleTo01
        case "rgb_to_0_1": self = .rgbTo01
        default: self = .zScore
        }
    }
}
