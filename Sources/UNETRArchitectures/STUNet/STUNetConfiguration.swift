public import UNETRSupport

/// Everything that defines an STU-Net: a U-Net of residual blocks in four published sizes, made for pre-training on many structures.
///
/// As JSON it names what differs from the size's settings: `{"size": "large", "classes": 105}`.
public struct STUNetConfiguration: FieldCoded {
    /// A published size.
    public enum Variant: String, Codable, Sendable, CaseIterable {
        /// 14.6 million parameters with 105 classes.
        case small
        /// 58.3 million.
        case base
        /// 440.3 million.
        case large
        /// 1,457.3 million.
        case huge

        fileprivate var width: Int {
            switch self {
            case .small: 16
            case .base: 32
            case .large: 64
            case .huge: 96
            }
        }

        fileprivate var depth: Int {
            switch self {
            case .small, .base: 1
            case .large: 2
            case .huge: 3
            }
        }
    }

    /// The published size that the other settings start from.
    public var size: Variant
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 105
    /// The patch [D, H, W]; each size is divisible by the product of the strides along it.
    public var patchSize: Size3 = [128, 128, 128]
    /// Channels of each stage, finest first.
    public var features: [Int]
    /// Kernel [d, h, w] of each stage, odd sizes.
    public var kernels = [Size3](repeating: [3, 3, 3], count: 6)
    /// Stride [d, h, w] into each stage but the finest.
    public var strides = [Size3](repeating: [2, 2, 2], count: 5)
    /// Residual blocks of each stage, in the encoder as in the decoder.
    public var depths: [Int]

    /// The published settings of that size.
    public init(_ size: Variant = .base) {
        self.size = size
        features = [1, 2, 4, 8, 16, 16].map { $0 * size.width }
        depths = Array(repeating: size.depth, count: 6)
    }

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("size", \.size), .init("inputChannels", \.inputChannels), .init("classes", \.classes),
            .init("patchSize", \.patchSize, rule: patchRule), .init("features", \.features), .init("kernels", \.kernels, rule: \.kernelRule),
            .init("strides", \.strides, rule: \.strideRule), .init("depths", \.depths),
        ]
    }

    /// The published settings of the size that is named, or of the base.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) throws -> Self {
        Self(try values.decodeIfPresent(Variant.self, forKey: ConfigurationKey("size")) ?? .base)
    }

    // What these fields hold, in words.
    private var kernelRule: String { "three sizes for each of the \(features.count) stages, odd, from 1 to 15" }
    private var strideRule: String { "three sizes from 1 to 8 for each of the \(features.count) stages but the finest" }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try demand((2...12).contains(features.count), "features", features, "from 2 to 12 stages")
        try demand(features.allSatisfy { (1...4096).contains($0) }, "features", features, "each from 1 to 4096")
        let stages = features.count
        try demand(
            kernels.count == stages && kernels.allSatisfy { $0.allSatisfy { (1...15).contains($0) && $0 % 2 == 1 } }, "kernels", kernels, kernelRule)
        try demand(strides.count == stages - 1 && strides.allSatisfy { $0.allSatisfy { (1...8).contains($0) } }, "strides", strides, strideRule)
        try demand(
            depths.count == stages && depths.allSatisfy { (1...64).contains($0) }, "depths", depths,
            "a number from 1 to 64 for each of the \(stages) stages")
        // The products stay within 2³³.
        try validateSizes(unit: strides.product)
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// The size [D, H, W] of the tensors of stage 0….
    public func size(stage: Int) -> Size3 { patchSize.divided(by: strides[..<stage].product) }

    /// The decoder's stages, coarsest first.
    package var decoderStages: [Int] { strides.indices.reversed() }

    /// Sizes [D, H, W] of the outputs, finest first: one for each stage but the coarsest.
    public var outputSizes: [Size3] { strides.indices.map { size(stage: $0) } }
}

extension STUNetConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        features.indices.map { ["conv_blocks_context.\($0)"] }
    }
}
