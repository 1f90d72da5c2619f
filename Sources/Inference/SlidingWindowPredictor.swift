import Layers
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
    public let networks: [any SegmentationNetwork]
    public let patchSize: [Int]
    public var settings: InferenceSettings
    /// How logits become what is averaged.
    public var activation: Activation
    public var device: Device
    public var mixedPrecision: DType?

    public init(
        networks: [any SegmentationNetwork], patchSize: [Int], settings: InferenceSettings, activation: Activation = .softmax,
        device: Device = .cpu, mixedPrecision: DType? = nil
    ) {
        self.networks = networks
        self.patchSize = patchSize
        self.settings = settings
        self.activation = activation
        self.device = device
        self.mixedPrecision = mixedPrecision
    }

    /// A predictor with a plan's patch, settings and kind of labels.
    public init(networks: [any SegmentationNetwork], plan: Plan, device: Device = .cpu, mixedPrecision: DType? = nil) {
        self.init(
            networks: networks, patchSize: plan.patchSize, settings: plan.inference,
            activation: plan.labels.hasRegions ? .sigmoid : .softmax, device: device, mixedPrecision: mixedPrecision)
    }

    /// - Parameters:
    ///   - image: a prepared scan [C, D, H, W] on the CPU.
    ///   - progress: called after every patch with the number done and to do; throwing from it stops the prediction.
    /// - Returns: probabilities [classes, D, H, W] on the CPU, float32.
    public func probabilities(of image: Tensor, progress: (Int, Int) throws -> Void = { _, _ in }) throws -> Tensor {
        try withoutGradients {
            let size = Array(image.shape.dropFirst())
            let window = SlidingWindow(size: size, patchSize: patchSize, stepFraction: settings.stepFraction)
            let padded = try pad(image, window, size).unsqueezed(0).to(device)
            let corners = window.corners
            if corners.count == 1 {
                let result = try mirroredMean(padded)
                try progress(1, 1)
                return try unpad(result.selected(0, 0), window, size).to(.cpu)
            }
            let importance = try Tensor(SlidingWindow.importance(patchSize: patchSize), shape: patchSize).to(device)
            let weights = try Tensor.zeros(window.paddedSize, on: device)
            var sum: Tensor?
            for (number, corner) in corners.enumerated() {
                let patch = try part(padded, corner, leadingAxes: 2)
                let prediction = try mirroredMean(patch).selected(0, 0) * importance
                if sum == nil { sum = try Tensor.zeros([prediction.shape[0]] + window.paddedSize, on: device) }
                try part(sum!, corner, leadingAxes: 1).addInPlace(prediction)
                try part(weights, corner, leadingAxes: 0).addInPlace(importance)
                try progress(number + 1, corners.count)
            }
            return try unpad(sum! / weights, window, size).to(.cpu)
        }
    }

    /// Mean probabilities [1, classes, …] of a patch [1, C, …] over the networks and mirrorings.
    private func mirroredMean(_ patch: Tensor) throws -> Tensor {
        let combinations = settings.mirrorAxes.reduce(into: [[Int]]([[]])) { found, axis in found += found.map { $0 + [axis + 2] } }
        let pass = ForwardPass(mixedPrecision: mixedPrecision)
        var sum: Tensor?
        for network in networks {
            for axes in combinations {
                let input = axes.isEmpty ? patch : try patch.flipped(axes)
                let logits = try network(input, pass, deepSupervision: false)[0].to(.float32)
                var prediction = switch activation {
                case .softmax: try logits.softmax(1)
                case .sigmoid: try logits.sigmoid()
                case .none: logits
                }
                if !axes.isEmpty { prediction = try prediction.flipped(axes) }
                if let sum { try sum.addInPlace(prediction) } else { sum = try prediction.clone() }
            }
        }
        return try sum! / Double(networks.count * combinations.count)
    }

    private func part(_ tensor: Tensor, _ corner: [Int], leadingAxes: Int) throws -> Tensor {
        try (0..<3).reduce(tensor) { try $0.narrowed($1 + leadingAxes, corner[$1]..<(corner[$1] + patchSize[$1])) }
    }

    private func pad(_ image: Tensor, _ window: SlidingWindow, _ size: [Int]) throws -> Tensor {
        guard window.paddedSize != size else { return image }
        // Pairs for the last axis first.
        let amounts = (0..<3).reversed().flatMap { axis in
            [window.paddingBefore[axis], window.paddedSize[axis] - size[axis] - window.paddingBefore[axis]]
        }
        return try image.padded(amounts)
    }

    private func unpad(_ result: Tensor, _ window: SlidingWindow, _ size: [Int]) throws -> Tensor {
        try (0..<3).reduce(result) { try $0.narrowed($1 + 1, window.paddingBefore[$1]..<(window.paddingBefore[$1] + size[$1])) }
    }
}
