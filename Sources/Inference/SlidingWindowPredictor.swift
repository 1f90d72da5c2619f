import Layers
public import Networks
public import Preparation
public import Torch

/// Class probabilities of a whole prepared scan, from patches that overlap.
///
/// Each patch is predicted as it is and mirrored in every combination of the axes, the probabilities are averaged, weighted by a Gaussian
/// where patches overlap, and divided by the sum of the weights (nnU-Net's procedure).
public struct SlidingWindowPredictor {
    /// Models whose probabilities are averaged: one, or the folds of a cross-validation.
    public let networks: [any SegmentationNetwork]
    public let patchSize: [Int]
    public var settings: InferenceSettings
    /// How logits become probabilities: soft-max over classes, or a sigmoid for each region.
    public var regions: Bool
    public var device: Device
    public var mixedPrecision: DType?

    public init(
        networks: [any SegmentationNetwork], plan: Plan, device: Device = .cpu, mixedPrecision: DType? = nil
    ) {
        self.networks = networks
        patchSize = plan.patchSize
        settings = plan.inference
        regions = plan.labels.hasRegions
        self.device = device
        self.mixedPrecision = mixedPrecision
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
                var prediction = try regions ? logits.sigmoid() : logits.softmax(1)
                if !axes.isEmpty { prediction = try prediction.flipped(axes) }
                if let sum { try sum.addInPlace(prediction) } else { sum = prediction }
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
