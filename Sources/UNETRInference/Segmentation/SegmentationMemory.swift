public import UNETREngines
public import UNETRPlanning
import UNETRPreparation
import UNETRSupport
public import UNETRVolumes

/// About how much memory the segmentation of a scan takes on the host, known before the work from header, plan and engine.
///
/// Sizes of the arrays that live together at the fullest moment, with the scan taken as uncropped; an estimate to plan with, held against
/// measured peaks in the tests and in Documentation/Performance.md.
public struct SegmentationMemory: Sendable {
    /// What the engine takes.
    public let engine: EngineMemory
    private let plan: Plan
    private let stepFraction: Double

    /// - Parameter stepFraction: distance of neighboring patches as a part of the patch.
    /// - Parameter engine: what computes.
    /// - Parameter plan: of this spacing, patch size, channels and labels count.
    public init(plan: Plan, stepFraction: Double, engine: EngineMemory) {
        self.plan = plan
        self.stepFraction = stepFraction
        self.engine = engine
    }

    /// The stages of a scan's way, in bytes.
    struct Stages: Equatable {
        /// Reading and preparing it.
        var preparation: Int
        /// Predicting and restoring it.
        var prediction: Int
        /// Writing its mask.
        var writing: Int
    }

    /// Whether a scan has more voxels at the plan's spacing than a prepared case can have.
    public func isTooLarge(_ scan: Geometry) -> Bool { ResamplingGrid.isTooLarge(plan.preparedGrid(of: scan).size) }

    func stages(of scan: Geometry, writesProbabilities: Bool) -> Stages {
        let whole = scan.count, channels = plan.channelNames.count, outputs = plan.labels.outputCount
        let preparedGrid = plan.preparedGrid(of: scan), size = preparedGrid.size, order = preparedGrid.axes.order.apply(scan.size)
        // No machine holds such a scan; preparing it says why.
        if ResamplingGrid.isTooLarge(size) { return Stages(preparation: 1 << 58, prediction: 1 << 58, writing: 1 << 58) }
        let prepared = size.voxels
        let window = SlidingWindow(
            size: size, patchSize: plan.patchSize, stepFraction: stepFraction, placement: plan.inference.windows.placement)
        // The scan, its axes in order, two steps of resampling one channel, the result; a file of its own for each channel is joined.
        let copies = (channels > 1 || !preparedGrid.axes.isIdentity) ? 2 : 1
        let resampling = preparedGrid.resampling.isIdentity ? 0 : 2 * max(whole, prepared)
        let preparation = 4 * (copies * channels * whole + resampling + channels * prepared) + whole
        // The sums of a patch's depth of slices and the weights; what is finished of them is restored beside a pass, or the making of more.
        let plane = window.paddedSize[1] * window.paddedSize[2]
        let finished = min(max(SlabRing.valuesAtOnce, outputs * plane), outputs * plane * plan.patchSize[0])
        // Of those that were, the C allocator keeps about two.
        let parts = min(4, (outputs * plane * window.paddedSize[0] + finished - 1) / finished)
        let sums = plane * (outputs + 1) * plan.patchSize[0] + (parts - 1) * finished
        // The two slices of every output that restoring keeps, and a part of the probabilities to write.
        // Twice where they are made of logits.
        let part = max(1 << 24, outputs * order[1] * order[2]) * (plan.inference.aggregation == .logits ? 2 : 1)
        let planes = 2 * outputs * order[1] * order[2] + (writesProbabilities ? part : 0)
        // Probabilities beside the logits they are made of; or the labels of the prepared volume, two bytes each.
        let kept = plan.inference.restored == .probabilities ? finished : plan.inference.restored.decidesEarly ? prepared / 2 : 0
        let image = channels * (prepared + window.paddedSize.voxels)
        // A tenth for freed memory that the C allocator does not give back.
        let prediction = (max(engine.pass, 4 * finished) + 4 * (image + sums + planes + kept) + 2 * whole) * 11 / 10
        return Stages(preparation: preparation, prediction: prediction, writing: 2 * whole + (8 << 20))
    }

    /// Peak bytes when one scan after the other is done, for the largest of them.
    public func alone(_ scans: [Geometry], writesProbabilities: Bool = false) -> Int {
        max(
            engine.making,
            engine.base
                + (scans.map { scan in
                    let stages = stages(of: scan, writesProbabilities: writesProbabilities)
                    return max(stages.preparation, stages.prediction, stages.writing)
                }.max() ?? 0))
    }

    /// Peak bytes when a scan is prepared and a mask is written while another scan is predicted.
    public func overlapped(_ scans: [Geometry], writesProbabilities: Bool = false) -> Int {
        let stages = scans.map { self.stages(of: $0, writesProbabilities: writesProbabilities) }
        var peak = alone(scans, writesProbabilities: writesProbabilities)
        for index in stages.indices {
            let next = index + 1 < stages.count ? stages[index + 1].preparation : 0
            let last = index > 0 ? stages[index - 1].writing : 0
            peak = max(peak, engine.base + stages[index].prediction + next + last)
        }
        return peak
    }
}
