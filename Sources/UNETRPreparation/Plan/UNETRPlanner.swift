import UNETRSupport
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

    public init(memory: Int = 8 << 30, preset: Benchmark? = nil, featureSize: Int = 16) {
        self.memory = memory
        self.preset = preset
        self.featureSize = featureSize
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
        // Plain folders do not name their labels: then every value that occurs is one.
        let labels = labels.foreground.isEmpty ? fingerprint.plainLabels : labels
        try Self.check(fingerprint)
        let rules = PlanningRules(fingerprint, classes: labels.outputCount)
        let full = rules.stages[rules.stages.count - 1]
        let shape =
            try preset.map { NetworkShape(stem: $0.stem, patch: $0.patchSize, batch: $0.batchSize) }
            ?? derive(full, fingerprint, outputs: labels.outputCount)
        var network: [String: JSONValue] = [
            "variant": .string((preset ?? .synapse).variant), "inputChannels": .integer(fingerprint.channelNames.count),
            "classes": .integer(labels.outputCount), "patchSize": .array(shape.patch.map { .integer($0) }),
            "stem": .array(shape.stem.map { .integer($0) }),
        ]
        if featureSize != 16 { network["featureSize"] = .integer(featureSize) }
        return try Plan(
            dataset: dataset, channelNames: fingerprint.channelNames, labels: labels, targetSpacing: full.spacing,
            axisOrder: rules.axisOrder, patchSize: shape.patch, batchSize: shape.batch,
            normalization: fingerprint.channelNames.indices.map { IntensityNormalization.choose(channel: $0, of: fingerprint) },
            compatibility: preset == nil ? .modern : .unetrPlusPlus, network: .object(network))
    }

    /// Refuses data sets in which one scan, at the spacing that suits all, would be too large to prepare.
    private static func check(_ fingerprint: Fingerprint) throws {
        let target = PlanningRules.targetSpacing(fingerprint.cases.map(\.spacing), fingerprint.cases.map { $0.size.map(Double.init) })
        for scan in fingerprint.cases {
            let size = ResamplingGrid.size(scan.size, spacing: scan.spacing, target: target)
            if ResamplingGrid.isTooLarge(size) {
                throw PreparationError.tooLarge(scan: scan.name, size: size, spacing: scan.spacing, target: target)
            }
        }
    }

    private struct NetworkShape {
        var stem: [Int]
        var patch: [Int]
        var batch: Int
    }

    private func derive(_ stage: PlanningRules.Stage, _ fingerprint: Fingerprint, outputs: Int) throws -> NetworkShape {
        let stem = Self.stem(spacing: stage.spacing, medianSize: stage.medianSize)
        let unit = stem.map { $0 * 8 }
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
        return NetworkShape(stem: stem, patch: patch, batch: batch)
    }

    /// 4 along fine axes, halved for each doubling of the spacing, and halved until two units of stem × 8 fit the median scan.
    static func stem(spacing: [Double], medianSize: [Int]) -> [Int] {
        let finest = spacing.min() ?? 1
        return (0..<3).map { axis in
            var stem = 4, coarseness = spacing[axis] / finest
            while coarseness >= 2, stem > 1 { stem /= 2; coarseness /= 2 }
            while stem > 1, 2 * stem * 8 > medianSize[axis] { stem /= 2 }
            return stem
        }
    }

    /// A patch of equal extent along all axes, as large as the median scan, in whole units.
    public static func largestPatch(spacing: [Double], medianSize: [Int], unit: [Int]) -> [Int] {
        let coarsest = spacing.max() ?? 1
        return (0..<3).map { axis in
            let start = min(Int(clampingRounded: 512 * coarsest / spacing[axis]) ?? 1, medianSize[axis])
            return max(1, (start + unit[axis] - 1) / unit[axis]) * unit[axis]
        }
    }
}

/// About how much memory the training of a UNETR++ takes: counted values that the backward pass needs, times four bytes.
///
/// An estimate to choose a patch with. Measured on a CPU in float32 against the peak of whole training processes with patch
/// 48 × 64 × 48 and stem 2: 1.7 GB here against 1.6 (feature size 8, batch 2), 3.0 against 3.1 (batch 4), 2.5 against 2.3 (feature size 16).
public struct TrainingMemory: Equatable, Sendable {
    public var stem: [Int]
    public var channels: Int
    public var outputs: Int
    public var featureSize: Int
    public var depth = 3
    public var heads = 4
    public var projectedTokens = 64

    public init(stem: [Int], channels: Int, outputs: Int, featureSize: Int = 16) {
        self.stem = stem
        self.channels = channels
        self.outputs = outputs
        self.featureSize = featureSize
    }

    /// What the engine itself takes.
    private static let base = 256 << 20

    public func bytes(patch: [Int], batch: Int) -> Int {
        let tokens = zip(patch, stem).map { $0 / $1 }.reduce(1, *)
        var values = 0, parameters = 2 * 27 * featureSize * featureSize * 2
        for stage in 0..<4 {
            let count = max(tokens >> (3 * stage), 1), width = featureSize << (stage + 1)
            // Encoder and decoder; the coarsest stage has only an encoder.
            let blocks = stage < 3 ? 2 * depth : depth
            // Tokens, norms, query, key and values, both branches, two convolutions with norms: 22 maps; soft-max, dropout, its mask: 3.
            values += count * blocks * (22 * width + 3 * heads * projectedTokens)
            // Linear layers 5 C², convolutions 55 C², the projection of tokens.
            parameters += blocks * (60 * width * width + count * projectedTokens)
        }
        // Two residual blocks and the up-sampling at full resolution: 14 maps; the loss: 4 values a class.
        values += patch.reduce(1, *) * (14 * featureSize + 4 * outputs + channels)
        // Weights, gradients, momentum, and one more for what is in flight.
        return Self.base + 4 * (batch * values + 4 * parameters)
    }
}
