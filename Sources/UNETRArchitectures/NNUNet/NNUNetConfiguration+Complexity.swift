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
        countDecoder(&counter)
        return NetworkComplexity(layers: counter.layers)
    }

    private func countStage(_ counter: inout ComplexityCounter, _ stage: Int) {
        let outputs = features[stage], kernel = kernels[stage], grid = size(stage: stage)
        var inputs = stage > 0 ? features[stage - 1] : encoder == .plain ? inputChannels : features[0]
        for index in 0..<depths[stage] {
            counter.block = "encoder.stages.\(stage).\(encoder == .plain ? "0.convs" : "blocks").\(index)"
            switch encoder {
            case .plain:
                counter.convolution("conv", from: inputs, to: outputs, kernel: kernel, grid: grid, bias: true)
                counter.norm("norm", .affineInstance(scale: 1), channels: outputs, grid: grid)
            case .residual:
                counter.unit("conv1", from: inputs, to: outputs, kernel: kernel, grid: grid)
                counter.unit("conv2", from: outputs, to: outputs, kernel: kernel, grid: grid)
                let pools = index == 0 && strides[stage] != [1, 1, 1]
                if inputs != outputs {
                    counter.unit("skip.\(pools ? 1 : 0)", from: inputs, to: outputs, kernel: [1, 1, 1], grid: grid, bias: false)
                }
            }
            inputs = outputs
        }
    }

    /// All convolutions, then all up-samplings, then all heads, as the keys are.
    private func countDecoder(_ counter: inout ComplexityCounter) {
        let levels = features.indices.dropLast().reversed().enumerated()
        for (index, level) in levels {
            for unit in 0..<decoderDepths[index] {
                counter.block = "decoder.stages.\(index).convs"
                counter.unit(
                    "\(unit)", from: (unit == 0 ? 2 : 1) * features[level], to: features[level], kernel: kernels[level],
                    grid: size(stage: level))
            }
        }
        for (index, level) in levels {
            counter.block = "decoder.transpconvs"
            counter.transposedConvolution(
                "\(index)", from: features[level + 1], to: features[level], stride: strides[level + 1], grid: size(stage: level + 1),
                bias: true)
        }
        for (index, level) in levels {
            counter.block = "decoder.seg_layers"
            counter.onlyInTraining = level > 0
            counter.convolution(
                "\(index)", from: features[level], to: classes, kernel: [1, 1, 1], grid: size(stage: level), bias: true)
        }
    }
}
