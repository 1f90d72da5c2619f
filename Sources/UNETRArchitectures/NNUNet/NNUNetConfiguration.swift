public import UNETRSupport

/// Everything that defines a U-Net of nnU-Net: any number of stages, each with its kernel, stride and depth.
///
/// As JSON it names what differs from the defaults of its encoder: `{"encoder": "plain", "features": [32, 64, 128], …}`.
public struct NNUNetConfiguration: FieldCoded {
    /// What an encoder stage is made of.
    public enum Encoder: String, Codable, Sendable, CaseIterable {
        /// Convolutions one after the other (`PlainConvUNet`).
        case plain
        /// Residual blocks, after a stem of one convolution (`ResidualEncoderUNet`).
        case residual
    }

    /// Plain or residual.
    public var encoder: Encoder
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
    /// Stride [d, h, w] of each stage's first convolution.
    public var strides: [Size3] = [[1, 1, 1]] + Array(repeating: [2, 2, 2], count: 5)
    /// Convolutions (plain) or residual blocks (residual) of each encoder stage.
    public var depths: [Int]
    /// Convolutions of each decoder stage, coarsest first.
    public var decoderDepths: [Int]
    /// Outputs that are trained, finest first. Published training leaves the coarsest out (its weight is 0); its head exists all the same.
    public var supervisedOutputs: Int

    /// The usual settings with that encoder.
    public init(_ encoder: Encoder = .plain) {
        self.encoder = encoder
        depths = encoder == .plain ? [2, 2, 2, 2, 2, 2] : [1, 3, 4, 6, 6, 6]
        decoderDepths = Array(repeating: encoder == .plain ? 2 : 1, count: 5)
        supervisedOutputs = 4
    }

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("encoder", \.encoder), .init("inputChannels", \.inputChannels), .init("classes", \.classes),
            .init("patchSize", \.patchSize, rule: patchRule), .init("features", \.features),
            .init("kernels", \.kernels, rule: \.kernelRule), .init("strides", \.strides, rule: \.strideRule),
            .init("depths", \.depths), .init("decoderDepths", \.decoderDepths), .init("supervisedOutputs", \.supervisedOutputs),
        ]
    }

    /// What fields take that a file does not set; may depend on those that it does.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) throws -> Self {
        try defaults(for: values, encoder: .plain)
    }

    /// All outputs but the coarsest, and at least one.
    public static func usualSupervisedOutputs(stages: Int) -> Int { max(1, stages - 2) }

    /// - Parameter usual: the encoder where the JSON does not say.
    static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>, encoder usual: Encoder) throws -> Self {
        let encoder = try values.decodeIfPresent(Encoder.self, forKey: ConfigurationKey("encoder")) ?? usual
        var configuration = Self(encoder)
        if let features = try values.decodeIfPresent([Int].self, forKey: ConfigurationKey("features")) {
            configuration.supervisedOutputs = usualSupervisedOutputs(stages: features.count)
        }
        return configuration
    }

    // What these fields hold, in words.
    var kernelRule: String { "three sizes for each of the \(features.count) stages, odd, from 1 to 15" }
    var strideRule: String { "three sizes for each of the \(features.count) stages, from 1 to 8" }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try demand((2...12).contains(features.count), "features", features, "from 2 to 12 stages")
        try demand(features.allSatisfy { (1...4096).contains($0) }, "features", features, "each from 1 to 4096")
        let stages = features.count
        try demand(
            kernels.count == stages && kernels.allSatisfy { $0.allSatisfy { (1...15).contains($0) && $0 % 2 == 1 } }, "kernels", kernels, kernelRule)
        try demand(strides.count == stages && strides.allSatisfy { $0.allSatisfy { (1...8).contains($0) } }, "strides", strides, strideRule)
        try demand(
            depths.count == stages && depths.allSatisfy { (1...64).contains($0) }, "depths", depths,
            "a number from 1 to 64 for each of the \(stages) stages")
        try demand(
            decoderDepths.count == stages - 1 && decoderDepths.allSatisfy { (1...64).contains($0) }, "decoderDepths", decoderDepths,
            "a number from 1 to 64 for each of the \(stages - 1) decoder stages")
        try demand(
            (1..<stages).contains(supervisedOutputs), "supervisedOutputs", supervisedOutputs,
            "from 1 to the number of decoder stages, \(stages - 1)")
        // The products below stay within 2³⁶.
        try validateSizes(unit: Size3 { axis in strides.reduce(1) { $0 * $1[axis] } })
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// The size [D, H, W] of the tensors of stage 0….
    public func size(stage: Int) -> Size3 {
        strides[...stage].reduce(patchSize) { $0.divided(by: $1) }
    }

    /// The decoder's stages from 0, the coarsest, each with the stage of the encoder whose size it has.
    package var decoderLevels: [(stage: Int, level: Int)] {
        features.indices.dropLast().reversed().enumerated().map { (stage: $0.offset, level: $0.element) }
    }

    /// Sizes [D, H, W] of the trained outputs, finest first.
    public var outputSizes: [Size3] { (0..<supervisedOutputs).map { size(stage: $0) } }
}

extension NNUNetConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        features.indices.map { ["encoder.stages.\($0)"] + ($0 == 0 ? ["encoder.stem"] : []) }
    }
}
