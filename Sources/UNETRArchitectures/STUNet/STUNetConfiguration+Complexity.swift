import UNETRSupport

extension STUNetConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { activationBytes(fullResolutionChannels: features[0]) }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        for stage in features.indices {
            count(&counter, "conv_blocks_context.\(stage)", stage, from: stage == 0 ? inputChannels : features[stage - 1])
        }
        for (index, stage) in decoderStages.enumerated() {
            counter.block = "upsample_layers.\(index)"
            counter.convolution(
                "conv", from: features[stage + 1], to: features[stage], kernel: [1, 1, 1], grid: size(stage: stage), bias: true)
        }
        for (index, stage) in decoderStages.enumerated() {
            count(&counter, "conv_blocks_localization.\(index)", stage, from: 2 * features[stage])
        }
        for (index, stage) in decoderStages.enumerated() {
            counter.block = "seg_outputs"
            counter.onlyInTraining = stage > 0
            counter.convolution("\(index)", from: features[stage], to: classes, kernel: [1, 1, 1], grid: size(stage: stage), bias: true)
        }
        return NetworkComplexity(layers: counter.layers)
    }

    /// The blocks of a stage, of which the first has a convolution around it.
    private func count(_ counter: inout ComplexityCounter, _ place: String, _ stage: Int, from inputs: Int) {
        let outputs = features[stage], grid = size(stage: stage)
        for block in 0..<depths[stage] {
            counter.block = "\(place).\(block)"
            for (index, channels) in [(1, block == 0 ? inputs : outputs), (2, outputs)] {
                counter.convolution("conv\(index)", from: channels, to: outputs, kernel: kernels[stage], grid: grid, bias: true)
                counter.norm("norm\(index)", .affineInstance(scale: 1), channels: outputs, grid: grid)
            }
            if block == 0 { counter.convolution("conv3", from: inputs, to: outputs, kernel: [1, 1, 1], grid: grid, bias: true) }
        }
    }
}
