public import UNETRSupport

/// Everything that defines a Basic U-Net of MONAI: pairs of convolutions, maximum pooling, transposed convolutions.
///
/// As JSON it names what differs from the defaults: `{"classes": 4, "patchSize": [64, 128, 128]}`.
public struct BasicUNetConfiguration: FieldCoded {
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 14
    /// The patch [D, H, W]; each size is at least 16. What pooling leaves over is filled up on the way back.
    public var patchSize: Size3 = [96, 96, 96]
    /// Channels of the five levels, finest first, and of the last pair of convolutions.
    public var features = [32, 32, 64, 128, 256, 32]
    /// What follows a convolution, before dropout and a leaky ReLU.
    public var norm = NormChoice.affineInstance
    /// Dropout after each normalization.
    public var dropout = 0.0

    /// MONAI's settings.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("features", \.features), .init("norm", \.norm), .init("dropout", \.dropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try demand(features.count == 6 && features.allSatisfy { (2...4096).contains($0) }, "features", features, "six numbers from 2 to 4096")
        try demandProbability(dropout, "dropout")
        try validateSizes(unit: [1, 1, 1])
        try demand(patchSize.allSatisfy { $0 >= 16 }, "patchSize", patchSize, "each size at least 16, which four halvings leave a voxel of")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }

    /// The size [D, H, W] of a level's tensors, 0 the finest.
    package func size(_ level: Int) -> Size3 { Size3 { patchSize[$0] >> level } }

    /// One step of the decoder: channels from below, of what comes up, and of the result, at a level's size.
    package struct Step: Sendable {
        package var level, inputs, upsampled, outputs: Int
    }

    /// From the coarsest to the finest; only the finest keeps the channels from below as they are.
    package var steps: [Step] {
        (0..<4).reversed().map { level in
            Step(
                level: level, inputs: features[level + 1], upsampled: level > 0 ? features[level + 1] / 2 : features[1],
                outputs: level > 0 ? features[level] : features[5])
        }
    }

    /// A convolution with what follows it.
    package var unit: UnitSettings { .init(norm: norm.kind, activation: .leakyReLU(slope: 0.1), dropout: dropout) }
}

extension BasicUNetConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        [["conv_0"]] + (1...4).map { ["down_\($0)"] }
    }
}
