import UNETRSupport

extension NNUNetConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { activationBytes(fullResolutionChannels: features[0]) }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        if encoder == .residual {
            counter.block = "encoder.stem"
            counter.unit("convs.0", from: inputChannels, to: features[0], kernel: kernels[0], grid: patchSize)
        }
        for stage in features.indices { countStage(&counter, stage) }
        // All convolutions, then all up-samplings, then all heads, as the keys are.
        countDecoderUnits(&counter, .v2)
        countUpsamplings(&counter, .v2)
        countHeads(&counter, .v2)
        return NetworkComplexity(layers: counter.layers)
    }

    private func countStage(_ counter: inout ComplexityCounter, _ stage: Int) {
        guard encoder == .residual else { return countPlainStage(&counter, stage, .v2) }
        let outputs = features[stage], kernel = kernels[stage], grid = size(stage: stage)
        var inputs = stage > 0 ? features[stage - 1] : features[0]
        for index in 0..<depths[stage] {
            counter.block = "encoder.stages.\(stage).blocks.\(index)"
            counter.unit("conv1", from: inputs, to: outputs, kernel: kernel, grid: grid)
            counter.unit("conv2", from: outputs, to: outputs, kernel: kernel, grid: grid)
            let pools = index == 0 && strides[stage] != [1, 1, 1]
            if inputs != outputs { counter.unit("skip.\(pools ? 1 : 0)", from: inputs, to: outputs, kernel: [1, 1, 1], grid: grid, bias: false) }
            inputs = outputs
        }
    }

    /// A stage of the encoder that is convolutions one after the other.
    func countPlainStage(_ counter: inout ComplexityCounter, _ stage: Int, _ version: NNUNetVersion) {
        let grid = size(stage: stage)
        var inputs = stage > 0 ? features[stage - 1] : inputChannels
        for unit in 0..<depths[stage] {
            counter.block = version.encoderUnit(unit, stage: stage, of: self)
            counter.convolution("conv", from: inputs, to: features[stage], kernel: kernels[stage], grid: grid, bias: true)
            counter.norm(version.norm, .affineInstance(scale: 1), channels: features[stage], grid: grid)
            inputs = features[stage]
        }
    }

    func countDecoderUnits(_ counter: inout ComplexityCounter, _ version: NNUNetVersion) {
        for (stage, level) in decoderLevels {
            for unit in 0..<decoderDepths[stage] {
                counter.unit(
                    counter.enterBlock(of: version.decoderUnit(unit, stage: stage, of: self)), from: (unit == 0 ? 2 : 1) * features[level],
                    to: features[level], kernel: version.decoderKernel(level, of: self), grid: size(stage: level), norm: version.norm)
            }
        }
    }

    func countUpsamplings(_ counter: inout ComplexityCounter, _ version: NNUNetVersion) {
        for (stage, level) in decoderLevels {
            counter.transposedConvolution(
                counter.enterBlock(of: version.upsampling(stage: stage)), from: features[level + 1], to: features[level], stride: strides[level + 1],
                grid: size(stage: level + 1), bias: version.hasBiases)
        }
    }

    func countHeads(_ counter: inout ComplexityCounter, _ version: NNUNetVersion) {
        for (stage, level) in decoderLevels {
            counter.onlyInTraining = level > 0
            counter.convolution(
                counter.enterBlock(of: version.head(stage: stage)), from: features[level], to: classes, kernel: [1, 1, 1], grid: size(stage: level),
                bias: version.hasBiases)
        }
        counter.onlyInTraining = false
    }
}
