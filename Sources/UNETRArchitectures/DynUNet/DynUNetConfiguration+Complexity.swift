import UNETRSupport

extension DynUNetConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { activationBytes(fullResolutionChannels: features[0]) }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        for stage in features.indices {
            counter.block = path(stage)
            counter.residual(
                nil, from: stage == 0 ? inputChannels : features[stage - 1], to: features[stage], kernel: kernels[stage],
                isStrided: stage > 0 && strides[stage - 1] != [1, 1, 1], grid: size(stage: stage), norm: norm.kind, isResidual: residual)
        }
        for (index, stage) in decoderStages.enumerated() {
            counter.upsampling(
                "upsamples.\(index)", from: features[stage + 1], to: features[stage], kernel: kernels[stage + 1], stride: strides[stage],
                grid: size(stage: stage + 1), bias: upsamplingBias, norm: norm.kind, isResidual: false)
        }
        for stage in 0...coarseOutputs {
            counter.block = stage == 0 ? "output_block" : "deep_supervision_heads.\(stage - 1)"
            counter.onlyInTraining = stage > 0
            counter.convolution("conv.conv", from: features[stage], to: classes, kernel: [1, 1, 1], grid: size(stage: stage), bias: true)
        }
        return NetworkComplexity(layers: counter.layers)
    }
}
