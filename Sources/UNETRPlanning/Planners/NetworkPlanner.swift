public import UNETRArchitectures
import UNETRSupport
public import UNETRVolumes

/// Makes a plan for any of the networks, whose training fits the memory that it may take.
///
/// Spacing, order of axes and normalization are those of `UNETRPlanner`; patch and batch follow from what the network that is really
/// used takes (`NetworkDescription.trainingBytes`).
public struct NetworkPlanner: Sendable {
    /// What training may take, in bytes; nil: `usualMemory`, and published settings stay as they are.
    public var memory: Int?

    /// Published settings to use instead of derived ones.
    public var preset: Benchmark?

    /// Channels of a UNETR++ at full resolution.
    public var featureSize: Int

    /// The network to plan for.
    public var architecture: NetworkDescription.Architecture

    /// What training may take where nothing is said, in bytes.
    public static let usualMemory = 8 << 30

    /// A planner. `memory` in bytes limits training; nil leaves the default of each network.
    public init(
        memory: Int? = nil, preset: Benchmark? = nil, featureSize: Int = 16,
        architecture: NetworkDescription.Architecture = .unetrPlusPlus
    ) {
        self.memory = memory
        self.preset = preset
        self.featureSize = featureSize
        self.architecture = architecture
    }

    /// - Parameters:
    ///   - fingerprint: of the training cases.
    ///   - labels: the structures to segment; where there is only the background, every value that occurs becomes one.
    ///   - dataset: the name for the plan.
    /// - Throws: `PlanError.invalid` when not even the smallest patch fits the memory, or the labels make no sense;
    ///   `GridTooLarge`; `ConfigurationError`.
    public func plan(_ fingerprint: Fingerprint, labels: LabelSet, dataset: String) throws -> Plan {
        let isUNETRPlusPlus = architecture == .unetrPlusPlus
        let planner = UNETRPlanner(
            memory: isUNETRPlusPlus ? memory ?? Self.usualMemory : Self.usualMemory, preset: preset, featureSize: featureSize)
        let plan = try planner.plan(fingerprint, labels: labels, dataset: dataset)
        _ = try plan.networkDescription()
        if isUNETRPlusPlus, memory == nil { return plan }
        // The published patches and batches are of volumes: networks of single slices have their own.
        let preset = try plan.network(architecture, patch: plan.patchSize).patchSize.depth == 1 ? nil : preset
        if preset != nil, memory == nil { return try plan.with(architecture: architecture) }
        let stages = PlanningRules(fingerprint, classes: plan.labels.outputCount).stages, median = stages[stages.count - 1].medianSize
        // A UNETR++ has been fitted by a rule that says nearly the same; others begin with the whole of the median scan.
        let start =
            isUNETRPlusPlus || preset != nil
            ? plan.patchSize : UNETRPlanner.largestPatch(spacing: plan.targetSpacing, medianSize: median, unit: [1, 1, 1])
        let fitting = PatchFitting(memory: memory ?? Self.usualMemory, scan: median) { try plan.network(architecture, patch: $0) }
        return try fitting.plan(plan, from: start) { patch in
            preset?.batchSize ?? BatchRule.limit(64, patch: patch, medianSize: median, cases: fingerprint.cases.count)
        }
    }
}

extension NetworkPlanner {
    /// A plan for new data with the network of a model: its architecture, width and depth, with the channels, classes and patch of the data.
    ///
    /// Published settings and `featureSize` have no effect.
    /// - Parameters:
    ///   - fingerprint: of the training cases.
    ///   - labels: the structures to segment, as in `plan(_:labels:dataset:)`.
    ///   - dataset: the name for the plan.
    ///   - model: the network.
    /// - Throws: as `plan(_:labels:dataset:)`.
    public func plan(_ fingerprint: Fingerprint, labels: LabelSet, dataset: String, like model: NetworkDescription) throws -> Plan {
        let plan = try UNETRPlanner(memory: Self.usualMemory, preset: nil, featureSize: 16).plan(fingerprint, labels: labels, dataset: dataset)
        let stages = PlanningRules(fingerprint, classes: plan.labels.outputCount).stages, median = stages[stages.count - 1].medianSize
        let start = UNETRPlanner.largestPatch(spacing: plan.targetSpacing, medianSize: median, unit: [1, 1, 1])
        let fitting = PatchFitting(memory: memory ?? Self.usualMemory, scan: median) { patch in
            model.adapted(inputChannels: plan.channelNames.count, classes: plan.labels.outputCount, patchSize: patch)
        }
        return try fitting.plan(plan, from: start) { patch in
            BatchRule.limit(64, patch: patch, medianSize: median, cases: fingerprint.cases.count)
        }
    }
}

extension NetworkPlanner {
    /// What training a locator may take where nothing is said, in bytes.
    public static let locatorMemory = 2 << 30

    /// Spacings that a locator may have, in mm.
    public static let locatorSpacingRange = 0.5...50

    /// A plan for a locator: a coarse model that finds where a finer one has to look. Its patch is the whole of the median scan, where that fits.
    ///
    /// Published settings and `featureSize` have no effect.
    /// - Parameters:
    ///   - spacing: in mm; an axis whose usual spacing is coarser keeps that.
    ///   - fingerprint: of the training cases.
    ///   - labels: the structures to segment, as in `plan(_:labels:dataset:)`.
    ///   - dataset: the name for the plan.
    /// - Throws: as `plan(_:labels:dataset:)`.
    public func locator(at spacing: Double, _ fingerprint: Fingerprint, labels: LabelSet, dataset: String) throws -> Plan {
        precondition(Self.locatorSpacingRange.contains(spacing))
        var plan = try UNETRPlanner(memory: Self.usualMemory, preset: nil, featureSize: 16).plan(fingerprint, labels: labels, dataset: dataset)
        let stages = PlanningRules(fingerprint, classes: plan.labels.outputCount).stages, coarse = plan.targetSpacing.map { max($0, spacing) }
        let scan = ResamplingGrid.size(stages[stages.count - 1].medianSize, spacing: plan.targetSpacing, target: coarse)
        plan.targetSpacing = coarse
        let (channels, classes) = (plan.channelNames.count, plan.labels.outputCount)
        let fitting = PatchFitting(memory: memory ?? Self.locatorMemory, scan: scan) { patch in
            .usual(architecture, inputChannels: channels, classes: classes, patchSize: patch, spacing: coarse)
        }
        return try fitting.plan(plan, from: UNETRPlanner.largestPatch(spacing: coarse, medianSize: scan, unit: [1, 1, 1])) { patch in
            BatchRule.limit(64, patch: patch, medianSize: scan, cases: fingerprint.cases.count)
        }
    }
}

extension Plan {
    /// The plan with another network for the same data, its patch and batch at most those of this plan and made smaller until training
    /// fits `memory` bytes; without `memory` as `with(architecture:)`.
    /// - Throws: `ConfigurationError`; `PlanError.invalid` when not even the smallest patch fits.
    public func with(architecture: NetworkDescription.Architecture, memory: Int?) throws -> Plan {
        guard let memory else { return try with(architecture: architecture) }
        // How large the scans are is not known here: each axis is cut as much as the others.
        let fitting = PatchFitting(memory: memory, scan: patchSize) { try network(architecture, patch: $0) }
        return try fitting.plan(self, from: patchSize) { _ in batchSize }
    }

    /// The network of that architecture for a patch, rounded up to what it can take: the plan's own where that is one, else the usual.
    fileprivate func network(_ architecture: NetworkDescription.Architecture, patch: Size3) throws -> NetworkDescription {
        if let own = try? networkDescription(), own.architecture == architecture, var configuration = own.configuration as? UNETRPlusPlusConfiguration {
            configuration.patchSize = patch.roundedUp(to: configuration.stem.multiplied(by: [8, 8, 8]))
            return .unetrPlusPlus(configuration)
        }
        return .usual(
            architecture, inputChannels: channelNames.count, classes: labels.outputCount, patchSize: patch, spacing: targetSpacing)
    }
}

/// Makes a patch smaller until the training of a network fits.
private struct PatchFitting {
    let memory: Int
    /// Voxels of a usual scan along the axes.
    let scan: Size3
    /// The network for a patch of at least so many voxels.
    let network: (Size3) throws -> NetworkDescription

    /// The plan with the network of the largest patch that fits with a batch of 2, and the largest batch up to what `mostBatch` allows.
    func plan(_ plan: Plan, from start: Size3, mostBatch: (Size3) -> Int) throws -> Plan {
        var chosen = try network(start)
        let most = max(1, mostBatch(chosen.patchSize)), least = min(2, most)
        while try bytes(chosen, least) > memory {
            guard let smaller = try smaller(chosen) else {
                throw PlanError.invalid(
                    field: "memory", value: "\(memory >> 20) MiB",
                    rule: "training \(chosen.architecture.rawValue) with the smallest patch, \(chosen.patchSize), takes about "
                        + "\(try bytes(chosen, least) >> 20) MiB; allow more memory, or choose another network")
            }
            chosen = smaller
        }
        let limit = max(least, mostBatch(chosen.patchSize))
        var batch = least
        while batch < limit, try bytes(chosen, batch + 1) <= memory { batch += 1 }
        var fitted = plan
        fitted.patchSize = chosen.patchSize
        fitted.batchSize = batch
        return fitted.with(network: chosen)
    }

    /// What training takes; beyond all bounds where no network has such a patch.
    private func bytes(_ network: NetworkDescription, _ batch: Int) throws -> Int {
        let patch = network.patchSize
        guard patch.allSatisfy({ $0 <= 4096 }), patch.saturatingProduct() <= 1 << 27 else { return .max }
        return try network.trainingBytes(batch: batch)
    }

    /// The next smaller patch: cut along the axis that shows the largest part of the scan and can be cut.
    private func smaller(_ large: NetworkDescription) throws -> NetworkDescription? {
        let patch = large.patchSize
        let parts = zip(patch, scan).map { Double($0) / Double($1) }
        for axis in parts.indices.sorted(by: { parts[$0] > parts[$1] }) {
            for size in stride(from: patch[axis] - 1, to: 0, by: -1) {
                var asked = patch
                asked[axis] = size
                let found = try network(asked)
                // A network rounds up what it is asked for.
                if found.patchSize.saturatingProduct() < patch.saturatingProduct() { return found }
            }
        }
        return nil
    }
}
