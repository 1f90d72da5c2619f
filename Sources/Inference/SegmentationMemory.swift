public import Networks
public import Preparation
public import Volumes

/// About how much memory the segmentation of a scan takes on the host, known before the work from header, plan and network.
///
/// Sizes of the arrays that live together at the fullest moment, with the scan taken as uncropped; an estimate to plan with. Measured
/// once: 1339 MB for a CT of 512 × 512 × 150 voxels and a network of the size of Synapse, for which 1894 MB were predicted
/// (Documentation/Performance.md). The work of networks other than UNETR++ is taken from their width at full resolution, unmeasured.
public struct SegmentationMemory: Sendable {
    private let plan: Plan
    private let stepFraction: Double

    /// Program, libtorch, weights.
    private let base: Int

    /// One forward pass: inner tensors, logits and probabilities of a patch.
    private let pass: Int

    /// The program with libtorch loaded.
    private static let program = 300 << 20

    /// - Parameters:
    ///   - parameters: trained values of all networks together.
    ///   - isOnHost: whether the networks run on the CPU; otherwise their tensors are in the device's memory.
    public init(plan: Plan, network: NetworkDescription, parameters: Int, stepFraction: Double, isOnHost: Bool = true) {
        self.plan = plan
        self.stepFraction = stepFraction
        let patch = plan.patchSize.reduce(1, *)
        base = Self.program + 4 * parameters
        // A pass needs the inner tensors, the copies that libtorch's convolutions work on, and six maps of the classes: logits, soft-max,
        // mirrored back, sum, weighted, and one in flight.
        pass = isOnHost ? network.workBytes + 4 * 6 * patch * plan.labels.outputCount : 64 << 20
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

    func stages(of scan: Geometry, writesProbabilities: Bool) -> Stages {
        let whole = scan.count, channels = plan.channelNames.count, outputs = plan.labels.outputCount
        let size = ResamplingGrid.size(plan.axisOrder.apply(scan.size), spacing: plan.axisOrder.apply(scan.spacing), target: plan.targetSpacing)
        let prepared = size.reduce(1, *)
        let window = SlidingWindow(size: size, patchSize: plan.patchSize, stepFraction: stepFraction)
        // The scan, its axes in order, two steps of resampling one channel, the result; a file of its own for each channel is joined.
        let copies = (channels > 1 || !plan.axisOrder.isIdentity) ? 2 : 1
        let resampling = size == plan.axisOrder.apply(scan.size) ? 0 : 2 * max(whole, prepared)
        let preparation = 4 * (copies * channels * whole + resampling + channels * prepared) + whole
        // The sums of a patch's depth of slices, what is finished of them twice, and the weights.
        let plane = window.paddedSize[1] * window.paddedSize[2]
        let depth = window.starts[0].count > 1 ? plan.patchSize[0] : 0
        let step = window.starts[0].count > 1 ? window.starts[0][1] : plan.patchSize[0]
        let sums = plane * (outputs * (depth + 2 * step) + depth)
        // The two slices of every output that restoring keeps, and a part of the probabilities to write.
        let order = plan.axisOrder.apply(scan.size)
        let planes = 2 * outputs * order[1] * order[2] + (writesProbabilities ? max(1 << 24, outputs * order[1] * order[2]) : 0)
        let image = channels * (prepared + window.paddedSize.reduce(1, *))
        let prediction = pass + 4 * (image + sums + planes) + 2 * whole
        return Stages(preparation: preparation, prediction: prediction, writing: 2 * whole + (8 << 20))
    }

    /// Peak bytes when one scan after the other is done, for the largest of them.
    public func alone(_ scans: [Geometry], writesProbabilities: Bool = false) -> Int {
        base + (scans.map { scan in
            let stages = stages(of: scan, writesProbabilities: writesProbabilities)
            return max(stages.preparation, stages.prediction, stages.writing)
        }.max() ?? 0)
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

extension NetworkDescription {
    /// What one forward pass takes on the CPU besides weights, input and output, in bytes.
    var workBytes: Int {
        let patch = patchSize.reduce(1, *)
        /// The fullest moment of a U-shaped network: at full resolution the skip and what comes up, joined, and a block's two maps.
        func fullResolution(_ width: Int) -> Int { 4 * 6 * width * patch }
        switch self {
        case .unetrPlusPlus(let configuration): return 3 * ((try? configuration.complexity().activationBytes) ?? 0) / 2
        case .unetr(let configuration): return fullResolution(configuration.featureSize)
        case .swinUNETR(let configuration): return fullResolution(configuration.featureSize)
        case .nnFormer(let configuration): return fullResolution(configuration.embeddingSize / 2)
        case .nnUNet(let configuration): return fullResolution(configuration.features[0])
        }
    }
}
