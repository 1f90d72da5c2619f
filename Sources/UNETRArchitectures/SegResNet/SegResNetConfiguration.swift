public import UNETRSupport

/// Everything that defines a SegResNet of MONAI. The defaults are those of the network that won BraTS 2018, without its auto-encoder.
///
/// As JSON it names what differs from the defaults: `{"inputChannels": 4, "classes": 3, "featureSize": 16}` is the network of MONAI's
/// BraTS bundle.
public struct SegResNetConfiguration: FieldCoded {
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 14
    /// The patch [D, H, W]; each size is divisible by 2 for each level below the finest.
    public var patchSize: Size3 = [128, 128, 128]
    /// Channels at full resolution, doubled at each level (MONAI's `init_filters`).
    public var featureSize = 32
    /// Residual blocks of each encoder level, finest first.
    public var depths = [1, 2, 2, 4]
    /// Residual blocks of each decoder level, coarsest first.
    public var decoderDepths = [1, 1, 1]
    /// Groups of channels of a normalization.
    public var groups = 8
    /// Dropout after the first convolution.
    public var dropout = 0.0

    /// The published settings.
    public init() {}

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("inputChannels", \.inputChannels), .init("classes", \.classes), .init("patchSize", \.patchSize, rule: patchRule),
            .init("featureSize", \.featureSize), .init("depths", \.depths), .init("decoderDepths", \.decoderDepths), .init("groups", \.groups),
            .init("dropout", \.dropout),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) -> Self { Self() }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try demand(
            (1...8).contains(depths.count) && depths.allSatisfy { (1...64).contains($0) }, "depths", depths,
            "from 1 to 8 levels, each with 1 to 64 blocks")
        try demand(
            decoderDepths.count == depths.count - 1 && decoderDepths.allSatisfy { (1...64).contains($0) }, "decoderDepths", decoderDepths,
            "a number from 1 to 64 for each of the \(depths.count - 1) levels above the coarsest")
        try demand((1...512).contains(featureSize), "featureSize", featureSize, "from 1 to 512")
        try demand(groups > 0 && featureSize.isMultiple(of: groups), "groups", groups, "a divisor of featureSize, \(featureSize)")
        try demandProbability(dropout, "dropout")
        let unit = 1 << (depths.count - 1)
        try validateSizes(unit: [unit, unit, unit])
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// Sizes [D, H, W] of the outputs: the network has no coarser ones.
    public var outputSizes: [Size3] { [patchSize] }

    /// Channels of a level, 0 the finest.
    package func channels(_ level: Int) -> Int { featureSize << level }

    /// The size [D, H, W] of a level's tensors.
    package func size(_ level: Int) -> Size3 { Size3 { patchSize[$0] >> level } }

    /// The decoder's levels, coarsest first.
    package var decoderLevels: [Int] { decoderDepths.indices.reversed() }
}

extension SegResNetConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        depths.indices.map { ["down_layers.\($0)"] + ($0 == 0 ? ["convInit"] : []) }
    }
}
