import UNETRSupport

extension MONAIUNetConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int {
        // The last unit is the only one at full resolution; the finest level is smaller by its stride.
        max(activationBytes(fullResolutionChannels: classes) / 2, activationBytes(fullResolutionChannels: channels[0]) / max(strides[0].voxels, 1))
    }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        let levels = levels
        for level in levels {
            count(&counter, "\(level.path).0", from: level.inputs, to: level.channels, stride: level.stride, grid: level.strided)
        }
        let last = levels[levels.count - 1]
        count(&counter, bottom, from: last.channels, to: channels[channels.count - 1], stride: [1, 1, 1], grid: last.strided)
        for level in levels.reversed() {
            let place = "\(level.path).2"
            guard residualUnits > 0 else {
                counter.block = place
                counter.unit(nil, from: level.joined, to: level.outputs, upsampling(level), grid: level.size)
                continue
            }
            counter.block = "\(place).0"
            counter.unit(nil, from: level.joined, to: level.outputs, upsampling(level), grid: level.size)
            counter.block = "\(place).1"
            let settings = unit(stride: [1, 1, 1])
            counter.unit("conv.unit0", from: level.outputs, to: level.outputs, level.isTop ? settings.bare : settings, grid: level.size)
        }
        return NetworkComplexity(layers: counter.layers)
    }

    /// A residual unit, or a single convolution; `grid` is the output's.
    private func count(_ counter: inout ComplexityCounter, _ place: String, from inputs: Int, to outputs: Int, stride: Size3, grid: Size3) {
        counter.block = place
        guard residualUnits > 0 else {
            counter.unit(nil, from: inputs, to: outputs, unit(stride: stride), grid: grid)
            return
        }
        for index in 0..<residualUnits {
            let settings = unit(stride: index == 0 ? stride : [1, 1, 1])
            counter.unit("conv.unit\(index)", from: index == 0 ? inputs : outputs, to: outputs, settings, grid: grid)
        }
        let isStrided = stride != [1, 1, 1]
        if isStrided || inputs != outputs {
            counter.convolution("residual", from: inputs, to: outputs, kernel: isStrided ? kernel : [1, 1, 1], grid: grid, bias: true)
        }
    }
}
