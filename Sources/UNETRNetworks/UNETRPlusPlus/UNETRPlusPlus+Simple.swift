import UNETRArchitectures
public import UNETRSupport
public import UNETRTorch

extension UNETRPlusPlus {
    /// A new UNETR++ for images of one size, with the published settings for whatever is not said.
    ///
    /// ```swift
    /// let network = try UNETRPlusPlus(inputChannels: 1, outputChannels: 3, imageSize: [64, 128, 128])
    /// ```
    /// - Parameters:
    ///   - inputChannels: channels of the image, such as MRI sequences.
    ///   - outputChannels: classes, background included.
    ///   - imageSize: [D, H, W], each divisible by 8; the stem is 4, 2 or 1 voxels along each axis, as the size allows.
    ///   - featureSize: channels at full resolution, f; the stages have 2f, 4f, 8f and 16f.
    ///   - depths: transformer blocks of the four encoder stages.
    ///   - dropout: of the attention.
    ///   - deepSupervision: whether the two coarser outputs exist.
    ///   - seed: of the first weights; nil: libtorch's own generator.
    ///   - device: where it computes.
    ///   - heads: number of attention heads.
    /// - Throws: `ConfigurationError` for impossible settings.
    public convenience init(
        inputChannels: Int, outputChannels: Int, imageSize: Size3 = [64, 128, 128], featureSize: Int = 16, heads: Int = 4,
        depths: [Int] = [3, 3, 3, 3], dropout: Double = 0.15, deepSupervision: Bool = true, device: Device = .cpu, seed: UInt64? = nil
    ) throws {
        var configuration = UNETRPlusPlusConfiguration(.synapse)
        configuration.inputChannels = inputChannels
        configuration.classes = outputChannels
        configuration.patchSize = imageSize
        let stem = Stem.usual(spacing: Stem.cubicSpacing(of: imageSize), scan: imageSize)
        configuration.stem = Size3 { axis in
            [4, 2, 1].first { $0 <= stem[axis] && imageSize[axis].isMultiple(of: 8 * $0) } ?? 1
        }
        configuration.featureSize = featureSize
        configuration.heads = heads
        configuration.depths = depths
        configuration.attentionDropout = dropout
        configuration.deepSupervision = deepSupervision
        try self.init(configuration, device: device, generator: seed.map { try Generator(seed: $0, device: device) })
    }
}
