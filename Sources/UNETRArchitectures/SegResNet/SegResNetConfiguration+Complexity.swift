import UNETRSupport

extension SegResNetConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { activationBytes(fullResolutionChannels: featureSize) }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        counter.block = "convInit"
        counter.convolution("conv", from: inputChannels, to: featureSize, kernel: [3, 3, 3], grid: patchSize)
        for level in depths.indices {
            let channels = channels(level), grid = size(level)
            counter.block = "down_layers.\(level)"
            if level > 0 { counter.convolution("0.conv", from: channels / 2, to: channels, kernel: [3, 3, 3], grid: grid) }
            for block in 1...depths[level] {
                counter.block = "down_layers.\(level).\(block)"
                counter.preactivation(nil, channels: channels, groups: groups, grid: grid)
            }
        }
        for (index, level) in decoderLevels.enumerated() {
            for block in 0..<decoderDepths[index] {
                counter.block = "up_layers.\(index).\(block)"
                counter.preactivation(nil, channels: channels(level), groups: groups, grid: size(level))
            }
        }
        for (index, level) in decoderLevels.enumerated() {
            counter.block = "up_samples.\(index).0"
            counter.convolution("conv", from: channels(level + 1), to: channels(level), kernel: [1, 1, 1], grid: size(level + 1))
        }
        counter.block = "conv_final"
        counter.norm("0", .group(groups), channels: featureSize, grid: patchSize)
        counter.convolution("2.conv", from: featureSize, to: classes, kernel: [1, 1, 1], grid: patchSize, bias: true)
        return NetworkComplexity(layers: counter.layers)
    }
}
