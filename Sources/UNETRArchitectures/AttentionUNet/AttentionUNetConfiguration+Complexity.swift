import UNETRSupport

extension AttentionUNetConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { activationBytes(fullResolutionChannels: channels[0]) }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        countPair(&counter, "model.0.conv", from: inputChannels, to: channels[0], stride: [1, 1, 1], grid: patchSize)
        for level in strides.indices {
            let here = channels[level], below = channels[level + 1], grid = size(level)
            countAttention(&counter, "\(path(level)).attention", channels: here, grid: grid)
            counter.block = "\(path(level)).upconv"
            counter.unit("up", from: below, to: here, upsampling(level), grid: grid)
            counter.block = "\(path(level)).merge"
            counter.unit(nil, from: 2 * here, to: here, merge, grid: grid)
            countPair(&counter, "\(lowerPath(level)).conv", from: here, to: below, stride: strides[level], grid: size(level + 1))
        }
        counter.block = "model.2"
        counter.convolution("conv", from: channels[0], to: classes, kernel: [1, 1, 1], grid: patchSize, bias: true)
        return NetworkComplexity(layers: counter.layers)
    }

    /// `grid` is the output's.
    private func countPair(
        _ counter: inout ComplexityCounter, _ place: String, from inputs: Int, to outputs: Int, stride: Size3, grid: Size3
    ) {
        counter.block = place
        counter.unit("0", from: inputs, to: outputs, unit(stride: stride), grid: grid)
        counter.unit("1", from: outputs, to: outputs, unit(), grid: grid)
    }

    private func countAttention(_ counter: inout ComplexityCounter, _ place: String, channels: Int, grid: Size3) {
        counter.block = place
        for (name, inputs, outputs) in [("W_g", channels, channels / 2), ("W_x", channels, channels / 2), ("psi", channels / 2, 1)] {
            counter.convolution("\(name).0.conv", from: inputs, to: outputs, kernel: [1, 1, 1], grid: grid, bias: true)
            counter.norm("\(name).1", .batch, channels: outputs, grid: grid)
        }
    }
}
