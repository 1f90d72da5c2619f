public import UNETRNetworks
public import UNETRPreparation
import UNETRSupport
public import UNETRTorch

/// Class probabilities of a whole prepared scan, from patches that overlap.
///
/// Each patch is predicted as it is and mirrored in every combination of the axes, the probabilities are averaged, weighted by a Gaussian
/// where patches overlap, and divided by the sum of the weights (nnU-Net's procedure).
public struct SlidingWindowPredictor {
    /// What is done to the logits of each patch before they are averaged.
    public typealias Activation = UNETRTorch.Activation

    /// Models whose probabilities are averaged: one, or the folds of a cross-validation.
    public internal(set) var engines: [any PatchEngine]
    public let patchSize: [Int]
    public var settings: InferenceSettings
    /// How logits become what is averaged.
    public var activation: Activation
    public var device: Device
    /// Where the sums over patches are kept; nil: on the device. They hold classes × voxels of a patch's depth of slices.
    public var aggregation: Device?

    /// Whether windows of one value throughout, such as air around a patient, are computed only once, and not again for each mirroring.
    ///
    /// The network is a function of its window, so the probabilities are the same bits. A window in which every voxel lies at or below the
    /// bound at which the plan clips a CT is such a window once it is prepared. No more can be left out: attention and normalization look
    /// at the whole window, so one voxel of another value may change the result everywhere in it, and what the network says about a
    /// constant window is not background by necessity.
    public var reusesConstantWindows = false

    public init(
        engines: [any PatchEngine], patchSize: [Int], settings: InferenceSettings, activation: Activation = .softmax, device: Device = .cpu
    ) {
        self.engines = engines
        self.patchSize = patchSize
        self.settings = settings
        self.activation = activation
        self.device = device
    }

    /// A predictor with networks run by libtorch.
    public init(
        networks: [any SegmentationNetwork], patchSize: [Int], settings: InferenceSettings, activation: Activation = .softmax,
        device: Device = .cpu, mixedPrecision: DType? = nil
    ) {
        self.init(
            engines: networks.map { TorchEngine($0, mixedPrecision: mixedPrecision) }, patchSize: patchSize, settings: settings,
            activation: activation, device: device)
    }

    /// A predictor with a plan's patch, settings and kind of labels.
    public init(engines: [any PatchEngine], plan: Plan, device: Device = .cpu) {
        self.init(
            engines: engines, patchSize: plan.patchSize, settings: plan.inference,
            activation: plan.labels.hasRegions ? .sigmoid : .softmax, device: device)
    }

    /// The same with networks run by libtorch.
    public init(networks: [any SegmentationNetwork], plan: Plan, device: Device = .cpu, mixedPrecision: DType? = nil) {
        self.init(engines: networks.map { TorchEngine($0, mixedPrecision: mixedPrecision) }, plan: plan, device: device)
    }

    /// The probabilities of the whole scan at once.
    ///
    /// - Parameters:
    ///   - image: a prepared scan [C, D, H, W] on the CPU.
    ///   - progress: called after every patch with the number done and to do; throwing from it stops the prediction.
    /// - Returns: probabilities [classes, D, H, W] on the CPU, float32.
    public func probabilities(of image: Tensor, progress: (Int, Int) throws -> Void = { _, _ in }) throws -> Tensor {
        var whole: Tensor?, done = 0
        try forEachSlab(of: image, progress: progress) { slab in
            let count = slab.shape[1]
            if whole == nil {
                if count == image.shape[1] { whole = slab; return }
                whole = try Tensor.empty([slab.shape[0]] + image.shape.dropFirst())
            }
            try whole!.narrowed(1, done..<(done + count)).copyInPlace(slab)
            done += count
        }
        return whole!
    }

    /// Predicts a scan and hands out its probabilities as soon as no further patch touches them: slices by slices along the first axis.
    ///
    /// Memory is that of about a patch's depth of slices, whatever the length of the scan.
    /// - Parameters:
    ///   - image: a prepared scan [C, D, H, W] on the CPU.
    ///   - progress: called after every patch with the number done and to do; throwing from it stops the prediction.
    ///   - body: gets the next slices, [classes, n, H, W] float32, contiguous on the CPU.
    public func forEachSlab(
        of image: Tensor, progress: (Int, Int) throws -> Void = { _, _ in }, body: (Tensor) throws -> Void
    ) throws {
        try withoutGradients {
            let size = Array(image.shape.dropFirst())
            let window = SlidingWindow(size: size, patchSize: patchSize, stepFraction: settings.stepFraction)
            let padded = try pad(image, window, size).unsqueezed(0).to(device)
            let corners = window.corners
            // A patch that is alone counts alike everywhere.
            let importance =
                try corners.count == 1
                ? Tensor.ones(patchSize) : Tensor(SlidingWindow.importance(patchSize: patchSize), shape: patchSize)
            let sums = try SlabSums(window: window, importance: importance, computing: device, keeping: aggregation ?? device)
            var kept = Kept(), done = 0
            for (index, start) in window.starts[0].enumerated() {
                for corner in corners where corner[0] == start {
                    try forEachPrediction(of: part(padded, corner), &kept) { logits, axes in
                        try sums.add(activation, of: logits.selected(0, 0), mirrored: axes, factor: 1 / Double(predictionCount), at: corner)
                    }
                    try sums.finish(corner)
                    done += 1
                    try progress(done, corners.count)
                }
                let next = index + 1 < window.starts[0].count ? window.starts[0][index + 1] : window.paddedSize[0]
                try sums.take(upTo: next) { slab, first in
                    if let slab = try finished(slab, from: first, window, size) { try body(slab) }
                }
            }
        }
    }

    /// What is kept from window to window.
    private struct Kept {
        /// The last window that had one value for each channel, and its logits from each engine.
        var constant: (values: [Float], logits: [Tensor])?
        /// Memory for the next logits.
        var logits: Tensor?
    }

    /// The axes of [K, D, H, W] that each prediction of a patch is mirrored along.
    private var mirrorings: [[Int]] {
        settings.mirrorAxes.reduce(into: [[Int]]([[]])) { found, axis in found += found.map { $0 + [axis + 1] } }
    }

    private var predictionCount: Int { engines.count * mirrorings.count }

    /// Calls `body` with the logits [1, classes, …] of a patch [1, C, …] by each engine in each mirroring, as they come from the engine,
    /// and the axes along which to mirror them back. They hold only until the next call.
    ///
    /// The logits of a window of one value serve all mirrorings, and the windows of that value that follow.
    private func forEachPrediction(of patch: Tensor, _ kept: inout Kept, _ body: (Tensor, [Int]) throws -> Void) throws {
        if reusesConstantWindows, let values = try constantValues(of: patch) {
            if kept.constant?.values != values {
                kept.constant = nil  // its memory is free before it is needed again
                kept.constant = (values, try engines.map { try $0.logits(of: patch) })
            }
            for logits in kept.constant!.logits {
                for axes in mirrorings { try body(logits, axes) }
            }
            return
        }
        for engine in engines {
            for axes in mirrorings {
                try Cancellation.check()
                let logits = try engine.logits(of: axes.isEmpty ? patch : patch.flipped(axes.map { $0 + 1 }), reusing: kept.logits)
                try body(logits, axes)
                kept.logits = logits
            }
        }
    }

    /// The value of each channel of a patch [1, C, …] in which each has only one.
    private func constantValues(of patch: Tensor) throws -> [Float]? {
        let values = try patch.min([0, 2, 3, 4]).array(of: Float.self)
        return try patch.max([0, 2, 3, 4]).array(of: Float.self) == values ? values : nil
    }

    func part(_ image: Tensor, _ corner: [Int]) throws -> Tensor {
        try (0..<3).reduce(image) { try $0.narrowed($1 + 2, corner[$1]..<(corner[$1] + patchSize[$1])) }
    }

    func pad(_ image: Tensor, _ window: SlidingWindow, _ size: [Int]) throws -> Tensor {
        guard window.paddedSize != size else { return image }
        // Pairs for the last axis first.
        let amounts = (0..<3).reversed().flatMap { axis in
            [window.paddingBefore[axis], window.paddedSize[axis] - size[axis] - window.paddingBefore[axis]]
        }
        return try image.padded(amounts)
    }

    /// Slices of probabilities of the padded scan from `start` on, without the padding, on the CPU; nil if they are nothing but padding.
    private func finished(_ slab: Tensor, from start: Int, _ window: SlidingWindow, _ size: [Int]) throws -> Tensor? {
        let before = window.paddingBefore
        let slices = max(before[0] - start, 0)..<min(before[0] + size[0] - start, slab.shape[1])
        guard !slices.isEmpty else { return nil }
        let cut = try slab.narrowed(1, slices).narrowed(2, before[1]..<(before[1] + size[1])).narrowed(3, before[2]..<(before[2] + size[2]))
        return try cut.to(.cpu).contiguous()
    }
}
