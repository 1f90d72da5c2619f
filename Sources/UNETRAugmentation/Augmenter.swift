public import UNETRSupport

/// Turns a crop of a case into a training sample: the plan's augmentations in the published order.
///
/// What happens is drawn from the generator handed in and from nothing else, so a sample can be made again.
public struct Augmenter: Sendable {
    /// What is drawn, how often, and in which ranges.
    public let plan: AugmentationPlan
    /// The size of the samples.
    public let patch: Size3
    /// The size of the crops to hand in.
    public let enlarged: Size3

    /// - Throws: `AugmentationError` for a plan that does not make sense or a patch without voxels.
    public init(plan: AugmentationPlan, patch: Size3) throws {
        try plan.validate()
        guard (0..<3).allSatisfy({ patch[$0] >= 1 }) else {
            throw AugmentationError.size(of: "Patch", expected: "at least one voxel along each axis", found: patch.text())
        }
        self.plan = plan
        self.patch = patch
        enlarged = plan.enlargedExtent(of: patch)
    }

    /// Makes the sample of the crop of `enlarged` voxels that begins at `origin` (which may lie outside of the case).
    public func augment(
        _ source: any SampleSource, at origin: SIMD3<Int>, using generator: inout CounterGenerator
    ) throws -> Sample {
        var labels: [Int16] = []
        let image = try [Float](unsafeUninitializedCapacity: source.channels * patch.voxels) { image, imageCount in
            image.initialize(repeating: 0)
            labels = try [Int16](unsafeUninitializedCapacity: patch.voxels) { labels, count in
                labels.initialize(repeating: 0)
                try augment(source, at: origin, using: &generator, into: image, labels, Scratch())
                count = patch.voxels
            }
            imageCount = source.channels * patch.voxels
        }
        return Sample(image: image, labels: labels, channels: source.channels, size: patch)
    }

    /// The same, into memory of `[C, D, H, W]` and `[D, H, W]`.
    func augment(
        _ source: any SampleSource, at origin: SIMD3<Int>, using generator: inout CounterGenerator,
        into image: UnsafeMutableBufferPointer<Float>, _ labels: UnsafeMutableBufferPointer<Int16>, _ scratch: Scratch
    ) throws {
        guard let imageBase = image.baseAddress, let labelBase = labels.baseAddress else { return }
        let crop = CropView(origin: origin, extent: enlarged, size: source.size)
        let transform = SpatialTransform.draw(plan, using: &generator)
        try read(source, crop, transform, imageBase, labelBase, scratch)
        let channels = (0..<source.channels).map { imageBase + $0 * patch.voxels }
        changeIntensities(channels, using: &generator, scratch)
        mirror(channels, labelBase, using: &generator)
        for (channel, isMasked) in zip(channels, plan.zeroOutsideMask) where isMasked {
            for index in 0..<patch.voxels where labelBase[index] < 0 { channel[index] = 0 }
        }
        for index in 0..<patch.voxels where labelBase[index] == -1 { labelBase[index] = 0 }
    }

    /// Reads the patch out of the case: through the transform, or the crop's center as it is where none was drawn.
    private func read(
        _ source: any SampleSource, _ crop: CropView, _ transform: SpatialTransform?, _ image: UnsafeMutablePointer<Float>,
        _ labels: UnsafeMutablePointer<Int16>, _ scratch: Scratch
    ) throws {
        let grid = transform.map { SamplingGrid($0, patch: patch, input: enlarged, rule: plan.rule) }
        try source.withImage { values in
            guard values.count == source.channels * source.size.voxels, let base = values.baseAddress else {
                throw AugmentationError.source(
                    case: 0, array: "image", expected: source.channels * source.size.voxels, found: values.count)
            }
            let resampling = grid.map { SplineResampling($0, crop: crop, inPlane: plan.inPlane) }
            for channel in 0..<source.channels {
                let input = base + channel * source.size.voxels
                let output = image + channel * patch.voxels
                if let resampling {
                    resampling.apply(input, to: output, scratch)
                } else {
                    crop.center(patch).copy(input, to: output, padding: 0)
                }
            }
        }
        try source.withLabels { values in
            guard values.count == source.size.voxels, let base = values.baseAddress else {
                throw AugmentationError.source(case: 0, array: "labels", expected: source.size.voxels, found: values.count)
            }
            if let grid {
                LabelResampling(grid, crop: crop, rule: plan.rule).apply(base, to: labels, scratch)
            } else {
                crop.center(patch).copy(base, to: labels, padding: -1)
            }
        }
    }

    private func changeIntensities(
        _ channels: [UnsafeMutablePointer<Float>], using generator: inout CounterGenerator, _ scratch: Scratch
    ) {
        let count = patch.voxels
        if generator.happens(plan.noiseProbability) {
            let deviation = Float(generator.uniform(plan.noiseDeviation))
            for channel in channels { Intensity.addNoise(channel, count, deviation: deviation, using: &generator) }
        }
        if generator.happens(plan.blurProbability) {
            for channel in channels where generator.happens(plan.blurChannelProbability) {
                Intensity.blur(channel, patch, deviation: generator.uniform(plan.blurDeviation), scratch)
            }
        }
        if generator.happens(plan.brightnessProbability) {
            for channel in channels { Intensity.scale(channel, count, by: Float(generator.uniform(plan.brightness))) }
        }
        if generator.happens(plan.contrastProbability) {
            for channel in channels {
                Intensity.contrast(channel, count, factor: Float(generator.factor(in: plan.contrast)))
            }
        }
        if generator.happens(plan.lowResolutionProbability) {
            for channel in channels where generator.happens(plan.lowResolutionChannelProbability) {
                Intensity.lowResolution(
                    channel, patch, zoom: generator.uniform(plan.lowResolutionZoom), keepsDepth: plan.inPlane, scratch)
            }
        }
        for (probability, inverted) in [(plan.invertedGammaProbability, true), (plan.gammaProbability, false)]
        where generator.happens(probability) {
            for channel in channels {
                let exponent = Float(generator.factor(in: plan.gamma))
                Intensity.gamma(channel, count, exponent: exponent, inverted: inverted, rule: plan.rule)
            }
        }
    }

    private func mirror(
        _ channels: [UnsafeMutablePointer<Float>], _ labels: UnsafeMutablePointer<Int16>, using generator: inout CounterGenerator
    ) {
        for axis in plan.mirrorAxes where generator.happens(plan.mirrorProbability) {
            for channel in channels { Mirroring.flip(channel, patch, axis: axis) }
            Mirroring.flip(labels, patch, axis: axis)
        }
    }
}

/// One training sample.
public struct Sample: Equatable, Sendable {
    /// `[C, D, H, W]`.
    public var image: [Float]
    /// `[D, H, W]`.
    public var labels: [Int16]
    /// Number of image channels.
    public var channels: Int
    /// Voxels along each axis.
    public var size: Size3
}
