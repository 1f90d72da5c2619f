public import UNETRSupport

/// Everything that defines a MedNeXt: a U-shaped network of depthwise convolutions with large kernels, in four published sizes.
///
/// As JSON it names what differs from the size's settings: `{"size": "L", "kernel": 5, "classes": 4}`.
public struct MedNeXtConfiguration: FieldCoded {
    /// A published size.
    public enum Variant: String, Codable, Sendable, CaseIterable {
        /// 5.6 million parameters with kernels of 3.
        case small = "S"
        /// 10.5 million.
        case base = "B"
        /// 17.6 million.
        case medium = "M"
        /// 61.8 million.
        case large = "L"

        /// How many times wider each level is inside its blocks, from the first level down and back up.
        fileprivate var expansions: [Int] {
            switch self {
            case .small: [2, 2, 2, 2, 2, 2, 2, 2, 2]
            case .base, .medium: [2, 3, 4, 4, 4, 4, 4, 3, 2]
            case .large: [3, 4, 8, 8, 8, 8, 8, 4, 3]
            }
        }

        fileprivate var depths: [Int] {
            switch self {
            case .small, .base: [2, 2, 2, 2, 2, 2, 2, 2, 2]
            case .medium: [3, 4, 4, 4, 4, 4, 4, 4, 3]
            case .large: [3, 4, 8, 8, 8, 8, 8, 4, 3]
            }
        }
    }

    /// The published size that the other settings start from.
    public var size: Variant
    /// Channels of a scan.
    public var inputChannels = 1
    /// Outputs, background included.
    public var classes = 14
    /// The patch [D, H, W]; each size is divisible by 16.
    public var patchSize: Size3 = [128, 128, 128]
    /// Channels at full resolution, doubled at each of the four coarser levels.
    public var featureSize = 32
    /// Side of the depthwise kernels: 3 or 5 as published, odd.
    public var kernel = 3
    /// How many times wider each level is inside its blocks: four levels down, the bottleneck, four up.
    public var expansions: [Int]
    /// Blocks of each level, in the same order.
    public var depths: [Int]
    /// True for global response normalization inside the blocks.
    public var globalResponse = false
    /// True for outputs at all five resolutions, false for the finest alone.
    public var deepSupervision = true

    /// The published settings of that size.
    public init(_ size: Variant = .small) {
        self.size = size
        (expansions, depths) = (size.expansions, size.depths)
    }

    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("size", \.size), .init("inputChannels", \.inputChannels), .init("classes", \.classes),
            .init("patchSize", \.patchSize, rule: patchRule), .init("featureSize", \.featureSize), .init("kernel", \.kernel),
            .init("expansions", \.expansions), .init("depths", \.depths), .init("globalResponse", \.globalResponse),
            .init("deepSupervision", \.deepSupervision),
        ]
    }

    /// The published settings of the size that is named, or of S.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) throws -> Self {
        Self(try values.decodeIfPresent(Variant.self, forKey: ConfigurationKey("size")) ?? .small)
    }

    /// Checks every field against its rule.
    ///
    /// - Throws: `ConfigurationError` with field, value and rule.
    public func validate() throws {
        try validateSizes(unit: [16, 16, 16])
        try demand((1...512).contains(featureSize), "featureSize", featureSize, "from 1 to 512")
        try demand((1...15).contains(kernel) && kernel % 2 == 1, "kernel", kernel, "odd, from 1 to 15")
        try demand(
            expansions.count == 9 && expansions.allSatisfy { (1...64).contains($0) }, "expansions", expansions, "nine numbers from 1 to 64")
        try demand(depths.count == 9 && depths.allSatisfy { (1...64).contains($0) }, "depths", depths, "nine numbers from 1 to 64")
        try demandPossibleSize(counted.parameters)
    }

    // MARK: Derived sizes

    /// Sizes [D, H, W] of the outputs, finest first.
    public var outputSizes: [Size3] { (0..<(deepSupervision ? 5 : 1)).map { size(level: $0) } }

    /// Channels of a level, 0 the finest.
    package func channels(_ level: Int) -> Int { featureSize << level }

    /// The size [D, H, W] of a level's tensors.
    package func size(level: Int) -> Size3 { Size3 { patchSize[$0] >> level } }

    /// How a block changes the size.
    package enum Change: Sendable {
        case none, halved, doubled
    }

    /// One block: where its keys are, what it reads, and what it makes of it.
    package struct Block: Sendable {
        package var path: String
        /// The level whose size and channels it reads.
        package var level: Int
        package var expansion: Int
        package var change: Change
        package var globalResponse: Bool
    }

    /// Blocks that follow each other at one level, with the key that all have in common.
    package struct Stage: Sendable {
        package var path: String
        package var blocks: [Block]
    }

    /// Everything between the first convolution and the outputs, in order: level, step, level, …, bottleneck, step, …, level.
    package var stages: [Stage] {
        let down = (0..<4).flatMap { level in
            [
                stage("enc_block_\(level)", level: level, index: level),
                // As published the first step never has the response normalization.
                step("down_\(level)", level: level, expansion: expansions[level + 1], .halved, globalResponse: globalResponse && level > 0),
            ]
        }
        let up = (0..<4).reversed().flatMap { level in
            [
                step("up_\(level)", level: level + 1, expansion: expansions[8 - level], .doubled, globalResponse: globalResponse),
                stage("dec_block_\(level)", level: level, index: 8 - level),
            ]
        }
        return down + [stage("bottleneck", level: 4, index: 4)] + up
    }

    private func stage(_ path: String, level: Int, index: Int) -> Stage {
        Stage(
            path: path,
            blocks: (0..<depths[index]).map {
                Block(path: "\(path).\($0)", level: level, expansion: expansions[index], change: .none, globalResponse: globalResponse)
            })
    }

    private func step(_ path: String, level: Int, expansion: Int, _ change: Change, globalResponse: Bool) -> Stage {
        Stage(path: path, blocks: [Block(path: path, level: level, expansion: expansion, change: change, globalResponse: globalResponse)])
    }
}

extension MedNeXtConfiguration {
    /// The keys of the encoder's stages.
    public var encoderStages: [[String]] {
        [["stem"]] + (0..<4).map { ["enc_block_\($0)", "down_\($0)"] } + [["bottleneck"]]
    }
}
