import UNETRArchitectures
public import UNETRSupport

/// The rules of nnU-Net v1's planner (version 2.1) that turn a fingerprint into spacing, axis order, patch and batch.
///
/// UNETR++ was planned with them. Source: Isensee et al., Nature Methods 2021, and the planner's released code.
public struct PlanningRules: Equatable, Sendable {
    /// Spacing anisotropy above which an axis counts as coarse.
    static let anisotropy = 3.0

    /// A median scan of more than this many patches gets a stage of lower resolution.
    static let patchesInScan = 4.0

    /// A batch may not hold more than this part of the training set's voxels.
    static let largestPartOfDataset = 0.05

    /// Feature-map values that fit the reference GPU.
    static let memory = 520_000_000.0 * 32 / 30

    /// Target spacing along the scan's axes [D, H, W] in mm.
    public let targetSpacing: [Double]

    /// The axis with the coarsest target spacing first.
    public let axisOrder: AxisOrder

    /// The median scan at the target spacing along the scan's axes, not rounded.
    public let medianSize: [Double]

    /// The low-resolution stage if there is one, and the full-resolution stage last.
    public let stages: [Stage]

    /// One resolution that a network is trained at; everything in prepared axis order.
    public struct Stage: Equatable, Sendable {
        /// Voxel spacing in mm.
        public let spacing: [Double]

        /// The median scan at this spacing.
        public let medianSize: Size3
        /// Voxels of a patch.
        public let patchSize: Size3
        /// Patches in a training step.
        public let batchSize: Int
        /// How often each axis is halved.
        public let poolsPerAxis: Size3
        /// The factor of each axis, stage by stage.
        public let poolingKernels: [Size3]
        /// The kernel along each axis, stage by stage.
        public let convolutionKernels: [Size3]

        /// Whether rotations and scalings stay within slices.
        public let usesPlanarAugmentation: Bool
    }

    /// - Parameters:
    ///   - fingerprint: of at least one case.
    ///   - classes: number of classes with the background.
    public init(_ fingerprint: Fingerprint, classes: Int) {
        let spacings = fingerprint.cases.map(\.spacing), sizes = fingerprint.cases.map { $0.size.map(Double.init) }
        let target = Self.targetSpacing(spacings, sizes)
        let order = Self.axisOrder(target)
        let resampled = zip(spacings, sizes).map { spacing, size in (0..<3).map { spacing[$0] / target[$0] * size[$0] } }
        let median = Percentile.ofColumns(resampled, 50)
        targetSpacing = target
        axisOrder = (try? AxisOrder(order)) ?? .identity
        medianSize = median
        stages = Self.stages(
            spacing: order.map { target[$0] }, medianSize: order.map { median[$0] }, cases: fingerprint.cases.count,
            channels: fingerprint.channelNames.count, classes: classes)
    }

    /// The coarsest axis first, the first of equal ones; the others as they were.
    static func axisOrder(_ spacing: [Double]) -> [Int] {
        let coarsest = spacing.indices.max { spacing[$0] < spacing[$1] || (spacing[$0] == spacing[$1] && $0 > $1) }!
        return [coarsest] + (0..<3).filter { $0 != coarsest }
    }

    /// The median spacing; along a coarse axis the 10th percentile of it, so that fine scans do not lose too much.
    static func targetSpacing(_ spacings: [[Double]], _ sizes: [[Double]]) -> [Double] {
        var target = Percentile.ofColumns(spacings, 50)
        let size = Percentile.ofColumns(sizes, 50)
        let worst = target.indices.max { target[$0] < target[$1] || (target[$0] == target[$1] && $0 > $1) }!
        let others = (0..<3).filter { $0 != worst }
        let finer = others.map { target[$0] }.max()!, smaller = others.map { size[$0] }.min()!
        if target[worst] > anisotropy * finer, size[worst] * anisotropy < smaller {
            let low = Percentile.of(sorted: spacings.map { $0[worst] }.sorted(), 10)
            target[worst] = low < finer ? finer + 1e-5 : low
        }
        return target
    }

    private static func stages(spacing: [Double], medianSize: [Double], cases: Int, channels: Int, classes: Int) -> [Stage] {
        func stage(at current: [Double]) -> Stage {
            // A planner refuses scans whose grid is too large; here the numbers only have to stay countable.
            let size = Size3 {
                min(Int(clampingRounded: spacing[$0] / current[$0] * medianSize[$0], .toNearestOrEven) ?? 1, ResamplingGrid.longestAxis)
            }
            return Stage(spacing: current, medianSize: size, cases: cases, channels: channels, classes: classes)
        }
        let full = stage(at: spacing)
        var patch = Double(full.patchSize.voxels)
        guard medianSize.reduce(1, *) / patch >= patchesInScan else { return [full] }
        var coarse = spacing, low = full, voxels = medianSize.reduce(1, *)
        while voxels > patchesInScan * patch {
            let largest = coarse.max()!
            let finer = (0..<3).filter { largest / coarse[$0] > 2 }
            for axis in finer.isEmpty ? [0, 1, 2] : finer { coarse[axis] *= 1.01 }
            voxels = (0..<3).reduce(1) { $0 * (spacing[$1] / coarse[$1] * medianSize[$1]) }
            low = stage(at: coarse)
            patch = Double(low.patchSize.voxels)
        }
        return 2 * low.medianSize.voxels < full.medianSize.voxels ? [low, full] : [full]
    }
}

extension PlanningRules.Stage {
    /// The largest patch, of equal extent in mm along all axes, that fits the reference GPU.
    fileprivate init(spacing: [Double], medianSize: Size3, cases: Int, channels: Int, classes: Int) {
        let perMillimeter = spacing.map { 1 / $0 }
        let mean = perMillimeter.reduce(0, +) / 3
        let relative = perMillimeter.map { $0 / mean }
        let start = relative.map { Int(clampingRounded: $0 * (1 / relative.min()! * 512), .toNearestOrEven) ?? 1 }
        var rule = PoolingRule(spacing: spacing, patchSize: Size3 { min(start[$0], medianSize[$0]) })
        while Double(rule.featureMapValues(channels: channels, classes: classes)) > PlanningRules.memory {
            // The axis that shows the largest part of the scan is cut; the last of equal ones.
            let patch = rule.paddedPatch
            let parts = zip(patch, medianSize).map { Double($0) / Double($1) }
            let axis = parts.indices.max { parts[$0] <= parts[$1] }!
            var smaller = patch
            smaller[axis] -= rule.divisor[axis]
            let divisor = PoolingRule(spacing: spacing, patchSize: smaller).divisor
            smaller = patch
            smaller[axis] -= divisor[axis]
            rule = PoolingRule(spacing: spacing, patchSize: smaller)
        }
        let values = Double(rule.featureMapValues(channels: channels, classes: classes))
        let fitting = Int((max(PlanningRules.memory / values, 1) * 2).rounded(.down))
        self.init(
            spacing: spacing, medianSize: medianSize, patchSize: rule.paddedPatch,
            batchSize: BatchRule.limit(fitting, patch: rule.paddedPatch, medianSize: medianSize, cases: cases),
            poolsPerAxis: rule.poolsPerAxis, poolingKernels: rule.poolingKernels, convolutionKernels: rule.convolutionKernels,
            usesPlanarAugmentation: Double(rule.paddedPatch.max()!) / Double(rule.paddedPatch[0]) > PlanningRules.anisotropy)
    }
}

/// How large a batch may be for the size of the training set.
public enum BatchRule {
    /// At most 5 % of all voxels of the training set, but at least 2 patches.
    ///
    /// - Parameters:
    ///   - batch: what is asked for.
    ///   - patch: voxels of a patch [D, H, W].
    ///   - medianSize: voxels of the median scan [D, H, W].
    ///   - cases: number of training cases.
    public static func limit(_ batch: Int, patch: Size3, medianSize: Size3, cases: Int) -> Int {
        let voxels = Double(medianSize.voxels) * Double(cases)
        let largest = (PlanningRules.largestPartOfDataset * voxels / Double(patch.voxels)).rounded(.toNearestOrEven)
        return max(1, min(batch, max(Int(clampingRounded: largest) ?? 0, 2)))
    }
}

extension IntensityNormalization {
    /// nnU-Net's choice for a channel: by its name for CT, unchanged for "noNorm", else per scan; inside the data where cropping
    /// removed more than a quarter of the voxels of the median scan.
    public static func choose(channel: Int, of fingerprint: Fingerprint) -> IntensityNormalization {
        let name = fingerprint.channelNames[channel]
        switch name.lowercased() {
        case "ct": return IntensityNormalization(scheme: .ct, statistics: fingerprint.intensities[channel])
        case "ct2": return IntensityNormalization(scheme: .ct2, statistics: fingerprint.intensities[channel])
        case "nonorm": return IntensityNormalization(scheme: .noNorm)
        default:
            let reduction = Percentile.of(sorted: fingerprint.cases.map(\.sizeReduction).sorted(), 50)
            return IntensityNormalization(scheme: .zScore, useMask: reduction < 0.75)
        }
    }
}
