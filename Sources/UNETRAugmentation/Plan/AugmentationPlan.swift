/// What is done to training samples: every probability and range, in the order of application.
///
/// Defaults are the published protocol (nnU-Net's "moreDA", which UNETR++ uses). Probabilities are per sample unless said.
public struct AugmentationPlan: Codable, Equatable, Sendable {
    /// Whose arithmetic is followed where releases differ.
    public var rule = AugmentationRule.unetrPlusPlus
    /// Rotate and scale within the D-planes only ("dummy 2-D"), for data whose D-axis is much coarser.
    public var inPlane = false

    /// How often a sample is rotated.
    public var rotationProbability = 0.2
    /// Angles in degrees about axes D, H, W; in-plane mode uses the first alone.
    public var rotationDegrees: [ClosedRange<Double>] = Array(repeating: -30...30, count: 3)
    /// How often a sample is scaled.
    public var scalingProbability = 0.2
    /// Factors of the sampling grid: above 1 the content shrinks. Below and above 1 are drawn equally often.
    public var scaling: ClosedRange<Double> = 0.7...1.4
    /// The factor for which the sampled crop leaves room. The published protocol computes the crop before it widens `scaling`
    /// from 0.85–1.25, so strong shrinking shows padding at the border.
    public var enlargementScale = 0.85

    /// How often Gaussian noise is added.
    public var noiseProbability = 0.1
    /// Standard deviation of the noise (the reference calls it a variance but uses it as the deviation).
    public var noiseDeviation: ClosedRange<Double> = 0...0.1

    /// How often a sample is blurred.
    public var blurProbability = 0.2
    /// Given that a sample is blurred: per channel.
    public var blurChannelProbability = 0.5
    /// Standard deviation of the blur in voxels.
    public var blurDeviation: ClosedRange<Double> = 0.5...1

    /// How often the brightness changes.
    public var brightnessProbability = 0.15
    /// The factor of the brightness.
    public var brightness: ClosedRange<Double> = 0.75...1.25

    /// How often the contrast changes.
    public var contrastProbability = 0.15
    /// The factor of the contrast around the mean.
    public var contrast: ClosedRange<Double> = 0.75...1.25

    /// How often a low resolution is simulated.
    public var lowResolutionProbability = 0.25
    /// Given that a sample's resolution is lowered: per channel.
    public var lowResolutionChannelProbability = 0.5
    /// The factor of the reduced size.
    public var lowResolutionZoom: ClosedRange<Double> = 0.5...1

    /// Gamma on the negated image.
    public var invertedGammaProbability = 0.1
    /// How often a gamma curve is applied.
    public var gammaProbability = 0.3
    /// The exponent of the curve.
    public var gamma: ClosedRange<Double> = 0.7...1.5

    /// Per axis of `mirrorAxes`.
    public var mirrorProbability = 0.5
    /// Axes that are mirrored with a probability of ½ each.
    public var mirrorAxes = [0, 1, 2]

    /// One flag a channel: set voxels outside the mask (label −1) to 0 at the end. Channels beyond the list are left alone.
    public var zeroOutsideMask: [Bool] = []

    /// The published augmentation.
    public init() {}

    /// The published protocol.
    ///
    /// - Parameters:
    ///   - inPlane: for strongly anisotropic data: rotation by up to ±180° within D-planes.
    ///   - zeroOutsideMask: for each channel whether it was normalized inside a non-zero mask.
    public static func published(inPlane: Bool = false, zeroOutsideMask: [Bool] = []) -> AugmentationPlan {
        var plan = AugmentationPlan()
        plan.inPlane = inPlane
        if inPlane { plan.rotationDegrees[0] = -180...180 }
        plan.zeroOutsideMask = zeroOutsideMask
        return plan
    }

    /// Nothing is changed: plain crops, as validation during training uses them.
    public static let none: AugmentationPlan = {
        var plan = AugmentationPlan()
        plan.rotationProbability = 0
        plan.scalingProbability = 0
        plan.noiseProbability = 0
        plan.blurProbability = 0
        plan.brightnessProbability = 0
        plan.contrastProbability = 0
        plan.lowResolutionProbability = 0
        plan.invertedGammaProbability = 0
        plan.gammaProbability = 0
        plan.mirrorProbability = 0
        plan.mirrorAxes = []
        return plan
    }()

    /// Whether rotation or scaling can happen at all.
    public var changesGeometry: Bool { rotationProbability > 0 || scalingProbability > 0 }
}
