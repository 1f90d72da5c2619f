public import UNETRArchitectures
import UNETREngines
public import UNETRPreparation
public import UNETRVolumes

/// About how much memory the segmentation of a scan takes on the host, known before the work from header, plan and network.
///
/// Sizes of the arrays that live together at the fullest moment, with the scan taken as uncropped; an estimate to plan with, held against
/// measured peaks in the tests and in Documentation/Performance.md. The work of networks other than UNETR++ is taken from their width at
/// full resolution, unmeasured.
public struct SegmentationMemory: Sendable {
    /// What computes.
    public enum Engine: Sendable, Equatable {
        case torch
        /// Networks that were compiled, each with inner tensors of its own.
        /// - Parameter anew: whether one had to be compiled in this process, instead of coming from the cache.
        case compiled(count: Int, anew: Bool)
    }

    private let plan: Plan
    var stepFraction: Double

    /// Program, libraries, weights, and what a compiled network keeps for its inner tensors and logits.
    private let base: Int

    /// What only a forward pass takes: inner tensors and logits of a patch.
    private let pass: Int

    /// The program while a network is compiled: its weights as read, as the graph's constants, as ONNX, as OpenVINO's, packed, and written.
    private let compilation: Int

    /// The program with libtorch loaded; OpenVINO adds less than is uncertain here.
    private static let program = 200 << 20

    /// - Parameters:
    ///   - parameters: trained values of all networks together.
    ///   - isHalf: whether the engine computes in a type of two bytes.
    ///   - isOnHost: whether the networks run on the CPU; otherwise their tensors are in the device's memory.
    public init(
        plan: Plan, network: NetworkDescription, parameters: Int, stepFraction: Double, engine: Engine = .torch, isHalf: Bool = false,
        isOnHost: Bool = true
    ) {
        self.plan = plan
        self.stepFraction = stepFraction
        let weights = 4 * parameters, logits = 4 * plan.patchSize.reduce(1, *) * plan.labels.outputCount
        switch engine {
        case .torch:
            base = Self.program + weights
            // A tenth for what convolutions work on; in mixed precision part of the tensors is float32. Logits twice: as they come, and in C-order.
            let tensors = network.configuration.activationBytes * (isHalf ? 75 : 110) / 100
            pass = isOnHost ? tensors + 2 * logits : 64 << 20
            compilation = 0
        case .compiled(let count, let anew):
            // Weights as they lie in the cache's file, and packed for the instructions.
            base = Self.program + 2 * weights + count * network.configuration.activationBytes / (isHalf ? 2 : 1) + logits
            pass = 0
            compilation = anew ? Self.program + 72 * weights / 10 / count + 2 * weights * (count - 1) / count : 0
        }
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
    func isTooLarge(_ scan: Geometry) -> Bool {
        let order = plan.axisOrder
        return ResamplingGrid.isTooLarge(ResamplingGrid.size(order.apply(scan.size), spacing: order.apply(scan.spacing), target: plan.targetSpacing))
    }

    func stages(of scan: Geometry, writesProbabilities: Bool) -> Stages {
        let whole = scan.count, channels = plan.channelNames.count, outputs = plan.labels.outputCount
        let size = ResamplingGrid.size(plan.axisOrder.apply(scan.size), spacing: plan.axisOrder.apply(scan.spacing), target: plan.targetSpacing)
        // No machine holds such a scan; preparing it says why.
        if ResamplingGrid.isTooLarge(size) { return Stages(preparation: 1 << 58, prediction: 1 << 58, writing: 1 << 58) }
        let prepared = size.reduce(1, *)
        let window = SlidingWindow(size: size, patchSize: plan.patchSize, stepFraction: stepFraction)
        // The scan, its axes in order, two steps of resampling one channel, the result; a file of its own for each channel is joined.
        let copies = (channels > 1 || !plan.axisOrder.isIdentity) ? 2 : 1
        let resampling = size == plan.axisOrder.apply(scan.size) ? 0 : 2 * max(whole, prepared)
        let preparation = 4 * (copies * channels * whole + resampling + channels * prepared) + whole
        // The sums of a patch's depth of slices and the weights; what is finished of them is restored beside a pass, or the making of more.
        let plane = window.paddedSize[1] * window.paddedSize[2]
        let finished = min(max(SlabRing.valuesAtOnce, outputs * plane), outputs * plane * plan.patchSize[0])
        // Of those that were, the C allocator keeps about two.
        let parts = min(4, (outputs * plane * window.paddedSize[0] + finished - 1) / finished)
        let sums = plane * (outputs + 1) * plan.patchSize[0] + (parts - 1) * finished
        // The two slices of every output that restoring keeps, and a part of the probabilities to write.
        let order = plan.axisOrder.apply(scan.size)
        let planes = 2 * outputs * order[1] * order[2] + (writesProbabilities ? max(1 << 24, outputs * order[1] * order[2]) : 0)
        let image = channels * (prepared + window.paddedSize.reduce(1, *))
        // A tenth for freed memory that the C allocator does not give back.
        let prediction = (max(pass, 4 * finished) + 4 * (image + sums + planes) + 2 * whole) * 11 / 10
        return Stages(preparation: preparation, prediction: prediction, writing: 2 * whole + (8 << 20))
    }

    /// Peak bytes when one scan after the other is done, for the largest of them.
    public func alone(_ scans: [Geometry], writesProbabilities: Bool = false) -> Int {
        max(
            compilation,
            base
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
            peak = max(peak, base + stages[index].prediction + next + last)
        }
        return peak
    }
}
