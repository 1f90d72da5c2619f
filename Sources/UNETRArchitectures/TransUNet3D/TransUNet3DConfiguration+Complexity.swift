import UNETRSupport

extension TransUNet3DConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { unet.activationBytes }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        let unet = unet
        unet.countHeads(&counter, .v1)
        unet.countDecoderUnits(&counter, .v1)
        for stage in features.indices { unet.countPlainStage(&counter, stage, .v1) }
        unet.countUpsamplings(&counter, .v1)
        counter.block = "conv_more"
        counter.convolution("", from: hiddenSize, to: features[features.count - 1], kernel: [1, 1, 1], grid: grid, bias: true)
        counter.mapPositions(transformer)
        counter.mapTransformer(transformer)
        return NetworkComplexity(layers: counter.layers)
    }
}
