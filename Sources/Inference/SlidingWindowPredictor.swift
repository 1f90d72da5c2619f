public import Networks
public import Preparation
public import Torch

/// Class probabilities of a whole prepared scan, from patches that overlap.
///
/// Each patch is predicted as it is and mirrored in every combination of the axes, the probabilities are averaged, weighted by a Gaussian
/// where patches overlap, and divided by the sum of the weights (nnU-Net's procedure).
public struct SlidingWindowPredictor {
    /// What is done to the logits of each patch before they are averaged.
    public enum Activation: Sendable {
        /// Probabilities of classes that exclude each other.
        case softmax
        /// Probabilities of regions that may overlap.
        case sigmoid
        /// Nothing: the logits themselves are averaged.
        case none
    }

    /// Models whose probabilities are averaged: one, or the folds of a cross-validation.
    public internal(set) var engines: [any PatchEngine]
    public let patchSize: [Int]
    public var settings: InferenceSettings
    /// How logits become what is averaged.
    public var activation: Activation
    public var device: Device
    /// Where the sums over patches are kept; nil: on the device. They hold classes × voxels of a patch's depth of slices.
    public var aggregation: Device?

    /// Whether windows of one value throughout, such as air around a patient, are computed only once. The network is a function of its
    /// window, so the probabilities are the same bits.
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
    /// Memory is that of about two patches' depth of slices, whatever the length of the scan.
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
            if corners.count == 1 {
                let result = try mirroredMean(padded)
                try progress(1, 1)
                return try body(finished(result.selected(0, 0), from: 0, window, size)!)
            }
            let importance = try Tensor(SlidingWindow.importance(patchSize: patchSize), shape: patchSize)
            let sums = try SlabSums(window: window, importance: importance, computing: device, keeping: aggregation ?? device)
            var done = 0
            var ofConstants: [[Float]: Tensor] = [:]
            for (index, start) in window.starts[0].enumerated() {
                for corner in corners where corner[0] == start {
                    let patch = try part(padded, corner)
                    let constant = reusesConstantWindows ? try constantValues(of: patch) : nil
                    let mean = try constant.flatMap { ofConstants[$0] } ?? mirroredMean(patch)
                    if let constant { ofConstants[constant] = mean }
                    try sums.add(mean.selected(0, 0), at: corner)
                    done += 1
                    try progress(done, corners.count)
                }
                let next = index + 1 < window.starts[0].count ? window.starts[0][index + 1] : window.paddedSize[0]
                if let slab = try finished(sums.take(next - start), from: start, window, size) { try body(slab) }
            }
        }
    }

    /// The value of each channel of a patch [1, C, …] in which each has only one.
    private func constantValues(of patch: Tensor) throws -> [Float]? {
        let values = try patch.min([0, 2, 3, 4]).array(of: Float.self)
        return try patch.max([0, 2, 3, 4]).array(of: Float.self) == values ? values : nil
    }

    /// Mean probabilities [1, classes, …] of a patch [1, C, …] over the models and mirrorings.
    private func mirroredMean(_ patch: Tensor) throws -> Tensor {
        let combinations = settings.mirrorAxes.reduce(into: [[Int]]([[]])) { found, axis in found += found.map { $0 + [axis + 2] } }
        var sum: Tensor?
        for engine in engines {
            for axes in combinations {
                let input = axes.isEmpty ? patch : try patch.flipped(axes)
                let logits = try engine.logits(of: input)
                var prediction = switch activation {
                case .softmax: try logits.softmax(1)
                case .sigmoid: try logits.sigmoid()
                case .none: logits
                }
                if !axes.isEmpty { prediction = try prediction.flipped(axes) }
                if let sum { try sum.addInPlace(prediction) } else { sum = try prediction.clone() }
            }
        }
        return try sum! / Double(engines.count * combinations.count)
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

/// Weighted sums of the patches over the slices that are at work: those of one patch's depth.
private final class SlabSums {
    private let window: SlidingWindow
    private let importance: Tensor
    private let device: Device
    private let weights: Tensor

    /// [classes, patch depth, H, W] of the padded scan; its first slice is slice `first` there.
    private var sum: Tensor?
    private var first = 0

    /// - Parameters:
    ///   - importance: how much each voxel of a patch counts.
    ///   - computing: where the patches are predicted.
    ///   - keeping: where the sums are kept.
    init(window: SlidingWindow, importance: Tensor, computing: Device, keeping: Device) throws {
        self.window = window
        self.importance = try importance.to(computing)
        device = keeping
        weights = try Tensor.zeros([window.patchSize[0]] + window.paddedSize.dropFirst(), on: keeping)
    }

    /// Adds the prediction [classes, d, h, w] of the patch at a corner of the padded scan.
    func add(_ prediction: Tensor, at corner: [Int]) throws {
        if sum == nil { sum = try Tensor.zeros([prediction.shape[0]] + weights.shape, on: device) }
        try part(sum!, corner, leadingAxes: 1).addInPlace((prediction * importance).to(device))
        try part(weights, corner, leadingAxes: 0).addInPlace(importance.to(device))
    }

    /// The mean of the first `count` slices, which no further patch touches; the others move to the front.
    func take(_ count: Int) throws -> Tensor {
        let depth = window.patchSize[0]
        defer { first += count }
        let mean = try sum!.narrowed(1, 0..<count) / weights.narrowed(0, 0..<count)
        for (tensor, axis) in [(sum!, 1), (weights, 0)] where count < depth {
            let rest = try tensor.narrowed(axis, count..<depth)
            // Source and target overlap if more than half stays.
            try tensor.narrowed(axis, 0..<(depth - count)).copyInPlace(2 * count < depth ? rest.clone() : rest)
            try tensor.narrowed(axis, (depth - count)..<depth).fillInPlace(0)
        }
        return mean
    }

    private func part(_ tensor: Tensor, _ corner: [Int], leadingAxes: Int) throws -> Tensor {
        let start = [corner[0] - first, corner[1], corner[2]]
        return try (0..<3).reduce(tensor) { try $0.narrowed($1 + leadingAxes, start[$1]..<(start[$1] + window.patchSize[$1])) }
    }
}
