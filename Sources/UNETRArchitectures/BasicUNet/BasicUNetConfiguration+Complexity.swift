import UNETRSupport

extension BasicUNetConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { activationBytes(fullResolutionChannels: max(features[0], features[5])) }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        countPair(&counter, "conv_0", from: inputChannels, to: features[0], grid: patchSize)
        for level in 1...4 {
            countPair(&counter, "down_\(level).convs", from: features[level - 1], to: features[level], grid: size(level))
        }
        for step in steps {
            let place = "upcat_\(step.level + 1)"
            counter.block = "\(place).upsample"
            counter.transposedConvolution(
                "deconv", from: step.inputs, to: step.upsampled, stride: [2, 2, 2], grid: size(step.level + 1), bias: true)
            countPair(&counter, "\(place).convs", from: features[step.level] + step.upsampled, to: step.outputs, grid: size(step.level))
        }
        counter.block = "final_conv"
        counter.convolution("", from: features[5], to: classes, kernel: [1, 1, 1], grid: patchSize, bias: true)
        return NetworkComplexity(layers: counter.layers)
    }

    private func countPair(_ counter: inout ComplexityCounter, _ place: String, from inputs: Int, to outputs: Int, grid: Size3) {
        counter.block = place
        counter.unit("conv_0", from: inputs, to: outputs, unit, grid: grid)
        counter.unit("conv_1", from: outputs, to: outputs, unit, grid: grid)
    }
}
