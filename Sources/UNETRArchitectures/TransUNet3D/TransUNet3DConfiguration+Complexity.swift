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
        countTransformer(&counter, channels: features[features.count - 1])
        return NetworkComplexity(layers: counter.layers)
    }

    private func countTransformer(_ counter: inout ComplexityCounter, channels: Int) {
        let tokens = grid.voxels
        counter.block = "conv_more"
        counter.convolution("", from: hiddenSize, to: channels, kernel: [1, 1, 1], grid: grid, bias: true)
        counter.block = "transformer.embeddings"
        counter.add("position_embeddings", .values, output: [tokens, hiddenSize], parameters: tokens * hiddenSize)
        counter.convolution("patch_embeddings", from: channels, to: hiddenSize, kernel: [1, 1, 1], grid: grid, bias: true)
        for layer in 0..<layers {
            counter.block = "transformer.encoder.layer.\(layer)"
            counter.layerNorm("attention_norm", channels: hiddenSize, rows: tokens)
            counter.layerNorm("ffn_norm", channels: hiddenSize, rows: tokens)
            counter.linear("ffn.fc1", from: hiddenSize, to: feedForwardSize, rows: tokens)
            counter.linear("ffn.fc2", from: feedForwardSize, to: hiddenSize, rows: tokens)
            for name in ["query", "key", "value"] { counter.linear("attn.\(name)", from: hiddenSize, to: hiddenSize, rows: tokens) }
            counter.attention("attn.products", rows: tokens, keys: tokens, channels: hiddenSize)
            counter.linear("attn.out", from: hiddenSize, to: hiddenSize, rows: tokens)
            if scalesShortcuts {
                for name in ["ls1", "ls2"] { counter.add("\(name).gamma", .values, output: [tokens, hiddenSize], parameters: hiddenSize) }
            }
        }
        counter.block = "transformer.encoder"
        counter.layerNorm("encoder_norm", channels: hiddenSize, rows: tokens)
    }
}
