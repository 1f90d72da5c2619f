public import UNETRSupport

/// Everything that defines a DynUNet of MONAI: nnU-Net's U-Net under other keys, without biases before its normalizations.
///
/// As JSON it names what differs from the defaults: `{"classes": 3, "features": [32, 64, 128], "kernels": […], "strides": […]}`.
public struct DynUNetConfiguration: FieldCoded {
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 14
    /// The patch [D, H, W]; each size is divisible by the product of the strides along it.
    public var patchSize: Size3 = [128, 128, 128]
    /// Channels of each stage, finest first.
    public var features = [32, 64, 128, 256, 320, 320]
    /// Kernel [d, h, w] of each stage, odd sizes.
    public var kernels = [Size3](repeating: [3, 3, 3], count: 6)
    /// Stride [d, h, w] into each stage but the finest.
    public var strides = [Size3](repeating: [2, 2, 2], count: 5)
    /// True for shortcuts around the encoder's pairs of convolutions.
    public var residual = false
    /// The normalization after each convolution.
    public var norm = NormChoice.affineInstance
    /// True if transposed convolutions have a bias.
    public var upsamplingBias = false
    /// Outputs besides the finest, each half as fine as the one before, for deep supervision.
    public var coarseOutputs = 0

    /// The usual settings: nnU-Net's for six stages.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("features", \.features), .init("kernels", \.kernels, rule: \.kernelRule), .init("strides", \.strides, rule: \.strideRule),
            .init("residual", \.residual), .init("norm", \.norm), .init("upsamplingBias", \.upsamplingBias),
            .init("coarseOutputs", \.coarseOutputs),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    // What these fields hold, in words.
    private var kernelRule: String { "three sizes for each of the \(features.count) stages, odd, from 1 to 15" }
    private var strideRule: String {
        "three sizes from 1 to 8 for each of the \(features.count) stages but the finest, at most 1 larger than the stage's kernel"
    }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try demand((3...12).contains(features.count), "features", features, "from 3 to 12 stages")
        try demand(features.allSatisfy { (1...4096).contains($0) }, "features", features, "each from 1 to 4096")
        let stages = features.count
        try demand(
            kernels.count == stages && kernels.allSatisfy { $0.allSatisfy { (1...15).contains($0) && $0 % 2 == 1 } }, "kernels", kernels, kernelRule)
        try demand(
            strides.count == stages - 1 && strides.allSatisfy { $0.allSatisfy { (1...8).contains($0) } }
                && zip(strides, kernels.dropFirst()).allSatisfy { stride, kernel in zip(stride, kernel).allSatisfy { $0 <= $1 + 1 } },
            "strides", strides, strideRule)
        try demand(
            (0..<(stages - 1)).contains(coarseOutputs), "coarseOutputs", coarseOutputs,
            "from 0 to the number of decoder stages less 1, \(stages - 2)")
        // The products stay within 2³³.
        try validateSizes(unit: strides.product)
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// The size [D, H, W] of the tensors of stage 0….
    public func size(stage: Int) -> Size3 { patchSize.divided(by: strides[..<stage].product) }

    /// Sizes [D, H, W] of the outputs, finest first.
    public var outputSizes: [Size3] { (0...coarseOutputs).map { size(stage: $0) } }

    /// The prefix of a stage's keys in the encoder.
    package func path(_ stage: Int) -> String {
        stage == 0 ? "input_block" : stage == features.count - 1 ? "bottleneck" : "downsamples.\(stage - 1)"
    }

    /// The decoder's stages, coarsest first.
    package var decoderStages: [Int] { strides.indices.reversed() }
}

extension DynUNetConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        features.indices.map { [path($0)] }
    }
}
