public import UNETRSupport

/// Everything that defines an Attention U-Net of MONAI: a U-Net whose skips are weighted, voxel by voxel, by what comes from below.
///
/// As JSON it names what differs from the defaults: `{"classes": 4, "channels": [32, 64, 128, 256], "strides": [[2, 2, 2], …]}`.
public struct AttentionUNetConfiguration: FieldCoded {
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 14
    /// The patch [D, H, W]; each size is divisible by the product of the strides along it.
    public var patchSize: Size3 = [96, 96, 96]
    /// Channels of each level, finest first.
    public var channels = [16, 32, 64, 128, 256]
    /// Stride [d, h, w] into each level but the finest.
    public var strides = [Size3](repeating: [2, 2, 2], count: 4)
    /// Kernel [d, h, w] of convolutions, odd sizes.
    public var kernel: Size3 = [3, 3, 3]
    /// Kernel [d, h, w] of transposed convolutions, odd sizes.
    public var upKernel: Size3 = [3, 3, 3]
    /// Dropout after each normalization but those of the attention.
    public var dropout = 0.0

    /// The usual settings: MONAI's, with the sizes of its tutorials.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("channels", \.channels), .init("strides", \.strides, rule: \.strideRule), .init("kernel", \.kernel, rule: kernelRule),
            .init("upKernel", \.upKernel, rule: kernelRule), .init("dropout", \.dropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    private static let kernelRule = "three sizes, odd, from 1 to 15"
    private var strideRule: String { "three sizes from 1 to 8 for each of the \(channels.count) levels but the finest" }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try demand((2...12).contains(channels.count), "channels", channels, "from 2 to 12 levels")
        try demand(channels.allSatisfy { (2...4096).contains($0) }, "channels", channels, "each from 2 to 4096")
        try demand(
            strides.count == channels.count - 1 && strides.allSatisfy { $0.allSatisfy { (1...8).contains($0) } }, "strides", strides, strideRule)
        for (size, field) in [(kernel, "kernel"), (upKernel, "upKernel")] {
            try demand(size.allSatisfy { (1...15).contains($0) && $0 % 2 == 1 }, field, size, Self.kernelRule)
        }
        try demandProbability(dropout, "dropout")
        // The products stay within 2³³.
        try validateSizes(unit: strides.product)
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }

    /// The size [D, H, W] of a level's tensors, 0 the finest.
    package func size(_ level: Int) -> Size3 { patchSize.divided(by: strides[..<level].product) }

    /// The prefix of the keys of the step from a level down and back: "model.1", "model.1.submodule.1" ….
    package func path(_ level: Int) -> String { "model.1" + String(repeating: ".submodule.1", count: level) }

    /// The prefix of the two convolutions below a level.
    package func lowerPath(_ level: Int) -> String { path(level) + (level == strides.count - 1 ? ".submodule" : ".submodule.0") }

    /// A convolution of a level with that stride.
    package func unit(stride: Size3 = [1, 1, 1]) -> UnitSettings {
        .init(kernel: kernel, stride: stride, norm: .batch, activation: .relu, dropout: dropout)
    }

    /// The transposed convolution up to a level.
    package func upsampling(_ level: Int) -> UnitSettings {
        .init(kernel: upKernel, stride: strides[level], isTransposed: true, norm: .batch, activation: .relu, dropout: dropout)
    }

    /// The convolution over what a level keeps and what comes up, whose normalization and activation are MONAI's defaults.
    package var merge: UnitSettings { .init(kernel: kernel, norm: .instance, activation: .parametricReLU, dropout: dropout) }
}

extension AttentionUNetConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        [["model.0"]] + strides.indices.map { ["\(lowerPath($0)).conv"] }
    }
}
