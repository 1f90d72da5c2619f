public import UNETRSupport

/// Everything that defines a U-Net of MONAI (`monai.networks.nets.UNet`): strided convolutions down, transposed ones up, residual units or
/// single convolutions at each level.
///
/// As JSON it names what differs from the defaults: `{"classes": 2, "norm": "batch"}` is the network of MONAI's spleen bundle.
public struct MONAIUNetConfiguration: FieldCoded {
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 14
    /// The patch [D, H, W]; each size is divisible by the product of the strides along it.
    public var patchSize: Size3 = [96, 96, 96]
    /// Channels of each level, finest first.
    public var channels = [16, 32, 64, 128, 256]
    /// Stride [d, h, w] of the first convolution of each level but the last, which keeps the size.
    public var strides = [Size3](repeating: [2, 2, 2], count: 4)
    /// Kernel [d, h, w] of convolutions, odd sizes.
    public var kernel: Size3 = [3, 3, 3]
    /// Kernel [d, h, w] of transposed convolutions, odd sizes.
    public var upKernel: Size3 = [3, 3, 3]
    /// Convolutions of a residual unit; 0: one convolution without a shortcut at each level.
    public var residualUnits = 2
    /// What follows a convolution, before dropout and a parametric ReLU.
    public var norm = NormChoice.instance
    /// Dropout after each normalization.
    public var dropout = 0.0

    /// The usual settings: MONAI's, with the sizes of its bundles.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("channels", \.channels), .init("strides", \.strides, rule: \.strideRule), .init("kernel", \.kernel, rule: kernelRule),
            .init("upKernel", \.upKernel, rule: kernelRule), .init("residualUnits", \.residualUnits), .init("norm", \.norm),
            .init("dropout", \.dropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    private static let kernelRule = "three sizes, odd, from 1 to 15"
    private var strideRule: String { "three sizes from 1 to 8 for each of the \(channels.count) levels but the last" }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try demand((2...12).contains(channels.count), "channels", channels, "from 2 to 12 levels")
        try demand(channels.allSatisfy { (1...4096).contains($0) }, "channels", channels, "each from 1 to 4096")
        try demand(
            strides.count == channels.count - 1 && strides.allSatisfy { $0.allSatisfy { (1...8).contains($0) } }, "strides", strides, strideRule)
        for (size, field) in [(kernel, "kernel"), (upKernel, "upKernel")] {
            try demand(size.allSatisfy { (1...15).contains($0) && $0 % 2 == 1 }, field, size, Self.kernelRule)
        }
        try demand((0...16).contains(residualUnits), "residualUnits", residualUnits, "from 0 to 16")
        try demandProbability(dropout, "dropout")
        // The products stay within 2³³.
        try validateSizes(unit: strides.product)
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }

    /// One level above the bottom, and the way into it and out of it.
    package struct Level: Sendable {
        /// The prefix of its keys, such as "model.1.submodule".
        package var path: String
        package var inputs, channels: Int
        /// Channels that the transposed convolution reads, the skip's and those from below, and makes.
        package var joined, outputs: Int
        package var stride: Size3
        /// The size [D, H, W] before the stride and behind it.
        package var size, strided: Size3
        /// True for the level whose output is the network's.
        package var isTop: Bool
    }

    /// All levels above the bottom, finest first.
    package var levels: [Level] {
        strides.indices.map { index in
            let inputs = index == 0 ? inputChannels : channels[index - 1]
            return Level(
                path: path(index), inputs: inputs, channels: channels[index],
                joined: channels[index] + (index == strides.count - 1 ? channels[index + 1] : channels[index]),
                outputs: index == 0 ? classes : inputs, stride: strides[index], size: patchSize.divided(by: strides[..<index].product),
                strided: patchSize.divided(by: strides[...index].product), isTop: index == 0)
        }
    }

    /// The prefix of the bottom's keys.
    package var bottom: String { path(strides.count) }

    private func path(_ level: Int) -> String { "model" + String(repeating: ".1.submodule", count: level) }

    /// A convolution of a level with that stride.
    package func unit(stride: Size3) -> UnitSettings {
        .init(kernel: kernel, stride: stride, norm: norm.kind, activation: .parametricReLU, dropout: dropout)
    }

    /// The transposed convolution out of a level; the last layer of a network without residual units has nothing behind it.
    package func upsampling(_ level: Level) -> UnitSettings {
        let settings = UnitSettings(
            kernel: upKernel, stride: level.stride, isTransposed: true, norm: norm.kind, activation: .parametricReLU, dropout: dropout)
        return level.isTop && residualUnits == 0 ? settings.bare : settings
    }
}

extension MONAIUNetConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        levels.map { ["\($0.path).0"] } + [[bottom]]
    }
}
