public import UNETREngines
public import UNETRPlanning
public import UNETRPreparation
public import UNETRSupport
import UNETRVolumes

/// The outputs of networks for a whole prepared scan, from patches that overlap.
///
/// Each patch is predicted as it is and mirrored in every combination of the axes. The probabilities (of nnU-Net v2's models: the logits)
/// are averaged, weighted by a Gaussian where patches overlap, and divided by the sum of the weights.
public struct SlidingWindowPredictor: Sendable {
    /// Models whose outputs are averaged: one, or the folds of a cross-validation.
    public let engines: [any PatchEngine]

    /// Voxels of a patch along [D, H, W].
    public let patchSize: Size3
    /// Mirroring and overlap.
    public let settings: InferenceSettings

    /// How logits become what is averaged.
    public let activation: Activation

    /// Whether windows of one value throughout, such as air around a patient, are computed only once, and not again for each mirroring.
    ///
    /// The network is a function of its window, so the probabilities are the same bits. A window in which every voxel lies at or below the
    /// bound at which the plan clips a CT is such a window once it is prepared. No more can be left out: attention and normalization look
    /// at the whole window, so one voxel of another value may change the result everywhere in it, and what the network says about a
    /// constant window is not background by necessity.
    public let reusesConstantWindows: Bool

    /// How many threads may work on the sums of predictions; nil: all cores.
    public let threads: Int?

    /// A sliding window whose results are averaged over `engines`.
    public init(
        engines: [any PatchEngine], patchSize: Size3, settings: InferenceSettings, activation: Activation = .softmax,
        reusesConstantWindows: Bool = false, threads: Int? = nil
    ) {
        self.engines = engines
        self.patchSize = patchSize
        self.settings = settings
        self.activation = activation
        self.reusesConstantWindows = reusesConstantWindows
        self.threads = threads
    }

    /// A predictor with a plan's patch and kind of labels.
    /// - Parameter settings: those of the plan where nil.
    /// - Parameter threads: threads to use; nil: all processors.
    /// - Parameter engines: the engines whose results are averaged.
    /// - Parameter plan: of this the patch size, the kind of outputs and the usual settings count.
    /// - Parameter reusesConstantWindows: whether windows of one value are computed once.
    public init(
        engines: [any PatchEngine], plan: Plan, settings: InferenceSettings? = nil, reusesConstantWindows: Bool = false, threads: Int? = nil
    ) {
        self.init(
            engines: engines, patchSize: plan.patchSize, settings: settings ?? plan.inference,
            activation: Activation(of: plan, averaging: (settings ?? plan.inference).aggregation), reusesConstantWindows: reusesConstantWindows,
            threads: threads)
    }

    /// The averaged outputs of the whole scan at once.
    ///
    /// - Parameters:
    ///   - image: a prepared scan [C, D, H, W].
    ///   - progress: called after every patch with the number done and to do; throwing from it stops the prediction.
    /// - Returns: probabilities, or logits where the activation is `.none`: [classes, D, H, W].
    public func prediction(of image: FloatArray, progress: (Int, Int) throws -> Void = { _, _ in }) throws -> FloatArray {
        var slabs: [FloatArray] = []
        try forEachSlab(of: image, progress: progress) { slabs.append($0) }
        return FloatArray(joining: slabs)
    }

    /// Predicts a scan and hands out its averaged outputs as soon as no further patch touches them: slices by slices along the first axis.
    ///
    /// Memory is that of about a patch's depth of slices, whatever the length of the scan.
    /// - Parameters:
    ///   - image: a prepared scan [C, D, H, W].
    ///   - progress: called after every patch with the number done and to do; throwing from it stops the prediction.
    ///   - box: windows without a voxel of this box of the prepared scan are not computed; the outputs of voxels that lie in such a window mean
    ///     nothing. Nil: all are.
    ///   - body: gets the next slices, [classes, n, H, W].
    public func forEachSlab(
        of image: FloatArray, within box: CropBox? = nil, progress: (Int, Int) throws -> Void = { _, _ in }, body: (FloatArray) throws -> Void
    ) throws {
        let task = task(of: image), window = task.window, corners = window.corners
        let bench = try makeBench(for: task)
        let wanted = corners.map { box?.meets($0, of: window) ?? true }, count = wanted.count { $0 }
        var done = 0, kept: [Float]?, next = 0, keepsAny = false
        for (index, start) in window.starts[0].enumerated() {
            for corner in corners where corner[0] == start {
                defer { next += 1 }
                // Whatever is added: without something there would be no mean.
                guard wanted[next] else {
                    if !keepsAny { try bench.keep(corner) }
                    keepsAny = true
                    try bench.addKept(at: corner)
                    continue
                }
                // The logits of a window of one value serve all mirrorings, and the windows of that value that follow.
                if reusesConstantWindows, let values = task.constantValues(at: corner) {
                    if kept != values { try bench.keep(corner) }
                    (kept, keepsAny) = (values, true)
                    try bench.addKept(at: corner)
                } else {
                    try bench.predict(corner)
                }
                done += 1
                try progress(done, count)
            }
            try bench.take(upTo: index + 1 < window.starts[0].count ? window.starts[0][index + 1] : window.paddedSize[0], body)
        }
    }

    /// A scan and how it is predicted.
    public func task(of image: FloatArray) -> WindowTask {
        WindowTask(
            image: image, patchSize: patchSize, stepFraction: settings.stepFraction, rule: settings.windows, mirrorAxes: settings.mirrorAxes,
            activation: activation, threads: threads)
    }

    private func makeBench(for task: WindowTask) throws -> any WindowBench {
        try engines.first?.makeBench(for: task, engines: engines) ?? HostBench(task, engines: engines)
    }
}

extension Activation {
    /// What becomes of the logits of a plan's network before they are averaged.
    init(of plan: Plan, averaging aggregation: InferenceSettings.Aggregation) {
        switch aggregation {
        case .logits: self = .none
        case .probabilities: self = plan.labels.hasRegions ? .sigmoid : .softmax
        }
    }
}
