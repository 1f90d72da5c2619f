import UNETRArchitectures
public import UNETRSupport
public import UNETRVolumes

/// Makes a plan for a UNETR++ from a fingerprint.
///
/// Spacing, axis order and normalization follow nnU-Net's rules. Patch, stem and batch follow from the network: a patch is a multiple
/// of stem × 8 along each axis; the stem is smaller along coarse axes, so that tokens are about as long as wide, and for small scans.
public struct UNETRPlanner: Sendable {
    /// What training may take, in bytes.
    public var memory: Int

    /// Published settings to use instead of derived ones.
    public var preset: Benchmark?

    /// Channels at full resolution.
    public var featureSize: Int

    /// How the axes of every scan are made to run before all else, so that its mask does not depend on how it is stored; nil: as stored.
    public var orientation: AxisCodes?

    /// A planner. `memory` in bytes limits training.
    public init(memory: Int = 8 << 30, preset: Benchmark? = nil, featureSize: Int = 16, orientation: AxisCodes? = .canonical) {
        self.memory = memory
        self.preset = preset
        self.featureSize = featureSize
        self.orientation = orientation
    }

    /// - Parameters:
    ///   - fingerprint: of the training cases.
    ///   - labels: the structures to segment; where there is only the background, every value that occurs becomes one.
    ///   - dataset: the name for the plan.
    /// - Throws: `PlanError.invalid` when not even the smallest patch fits the memory, or the labels make no sense.
    public func plan(_ fingerprint: Fingerprint, labels: LabelSet, dataset: String) throws -> Plan {
        guard !fingerprint.cases.isEmpty else {
            throw PlanError.invalid(field: "dataset", value: dataset, rule: "it needs at least one training case")
        }
        let fingerprint = fingerprint.turned(to: orientation)
        // Plain folders do not name their labels: then every value that occurs is one.
        let labels = labels.foreground.isEmpty ? fingerprint.plainLabels : labels
        try fingerprint.checkSizes()
        let rules = PlanningRules(fingerprint, classes: labels.outputCount)
        let full = rules.stages[rules.stages.count - 1]
        var network = UNETRPlusPlusConfiguration(preset?.variant ?? .synapse)
        (network.inputChannels, network.classes) = (fingerprint.channelNames.count, labels.outputCount)
        network.featureSize = featureSize
        var batch = preset?.batchSize ?? 2
        if preset == nil {
            (network.stem, network.patchSize, batch) = try derive(full, fingerprint, outputs: labels.outputCount)
        }
        return try Plan(
            dataset: dataset, channelNames: fingerprint.channelNames, labels: labels, targetSpacing: full.spacing,
            orientation: orientation, axisOrder: rules.axisOrder, patchSize: network.patchSize, batchSize: batch,
            normalization: fingerprint.channelNames.indices.map { IntensityNormalization.choose(channel: $0, of: fingerprint) },
            compatibility: preset == nil ? .modern : .unetrPlusPlus, network: .unetrPlusPlus(network))
    }

    private func derive(
        _ stage: PlanningRules.Stage, _ fingerprint: Fingerprint, outputs: Int
    ) throws -> (stem: Size3, patch: Size3, batch: Int) {
        let stem = Stem.usual(spacing: stage.spacing, scan: stage.medianSize)
        let unit = stem.multiplied(by: [8, 8, 8])
        let estimate = TrainingMemory(stem: stem, channels: fingerprint.channelNames.count, outputs: outputs, featureSize: featureSize)
        var patch = Self.largestPatch(spacing: stage.spacing, medianSize: stage.medianSize, unit: unit)
        while estimate.bytes(patch: patch, batch: 2) > memory {
            // The axis that shows the largest part of the scan is cut first.
            let cuttable = (0..<3).filter { patch[$0] > unit[$0] }
            let part = { (axis: Int) in Double(patch[axis]) / Double(stage.medianSize[axis]) }
            guard let axis = cuttable.max(by: { part($0) < part($1) }) else {
                throw PlanError.invalid(
                    field: "memory", value: "\(memory >> 20) MiB",
                    rule: "training with the smallest patch, \(patch), takes about \(estimate.bytes(patch: patch, batch: 2) >> 20) MiB; "
                        + "allow more memory or a smaller featureSize")
            }
            patch[axis] -= unit[axis]
        }
        var batch = 2
        while batch < 64, estimate.bytes(patch: patch, batch: batch + 1) <= memory { batch += 1 }
        batch = BatchRule.limit(batch, patch: patch, medianSize: stage.medianSize, cases: fingerprint.cases.count)
        return (stem, patch, batch)
    }

    /// A patch of equal extent along all axes, as large as the median scan, in whole units.
    public static func largestPatch(spacing: [Double], medianSize: Size3, unit: Size3) -> Size3 {
        let coarsest = spacing.max() ?? 1
        return Size3 { axis in
            let start = min(Int(clampingRounded: 512 * coarsest / spacing[axis]) ?? 1, medianSize[axis])
            return max(1, (start + unit[axis] - 1) / unit[axis]) * unit[axis]
        }
    }
}
