import UNETRSupport

extension UNETRConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { activationBytes(fullResolutionChannels: featureSize) }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        let f = featureSize
        countTransformer(&counter)
        counter.block = "encoder1.layer"
        counter.residual(nil, from: inputChannels, to: f, grid: patchSize, norm: .instance)
        for (name, outputs, doublings) in [("encoder2", 2 * f, 3), ("encoder3", 4 * f, 2), ("encoder4", 8 * f, 1)] {
            countTokenUpsampling(&counter, name, to: outputs, doublings: doublings)
        }
        counter.upsampling("decoder5", from: hiddenSize, to: 8 * f, grid: grid)
        counter.upsampling("decoder4", from: 8 * f, to: 4 * f, grid: grid.multiplied(by: [2, 2, 2]))
        counter.upsampling("decoder3", from: 4 * f, to: 2 * f, grid: grid.multiplied(by: [4, 4, 4]))
        counter.upsampling("decoder2", from: 2 * f, to: f, grid: grid.multiplied(by: [8, 8, 8]))
        counter.block = "out"
        counter.convolution("conv.conv", from: f, to: classes, kernel: [1, 1, 1], grid: patchSize, bias: true)
        return NetworkComplexity(layers: counter.layers)
    }

    /// - Parameter isNormUsed: false where nothing reads the normalized tokens.
    func countTransformer(_ counter: inout ComplexityCounter, isNormUsed: Bool = true) {
        let tokens = grid.voxels, block = Size3(16, 16, 16)
        counter.block = "vit.patch_embedding"
        counter.add("position_embeddings", .values, output: [tokens, hiddenSize], parameters: tokens * hiddenSize)
        switch embedding {
        case .convolution:
            counter.convolution("patch_embeddings", from: inputChannels, to: hiddenSize, kernel: block, grid: grid, bias: true)
        case .perceptron:
            counter.linear("patch_embeddings.1", from: inputChannels * block.voxels, to: hiddenSize, rows: tokens)
        }
        for layer in 0..<layers {
            counter.block = "vit.blocks.\(layer)"
            counter.linear("mlp.linear1", from: hiddenSize, to: feedForwardSize, rows: tokens)
            counter.linear("mlp.linear2", from: feedForwardSize, to: hiddenSize, rows: tokens)
            counter.layerNorm("norm1", channels: hiddenSize, rows: tokens)
            counter.linear("attn.out_proj", from: hiddenSize, to: hiddenSize, rows: tokens)
            counter.linear("attn.qkv", from: hiddenSize, to: 3 * hiddenSize, rows: tokens, bias: attentionBias)
            counter.attention("attn.products", rows: tokens, keys: tokens, channels: hiddenSize)
            counter.layerNorm("norm2", channels: hiddenSize, rows: tokens)
            // In every checkpoint, in no computation.
            counter.add("norm_cross_attn", .norm, output: [tokens, hiddenSize], parameters: 2 * hiddenSize)
        }
        counter.block = "vit"
        if isNormUsed {
            counter.layerNorm("norm", channels: hiddenSize, rows: tokens)
        } else {
            counter.add("norm", .norm, output: [tokens, hiddenSize], parameters: 2 * hiddenSize)
        }
    }

    private func countTokenUpsampling(_ counter: inout ComplexityCounter, _ name: String, to outputs: Int, doublings: Int) {
        var grid = grid
        counter.block = "\(name).transp_conv_init"
        counter.transposedConvolution("conv", from: hiddenSize, to: outputs, stride: [2, 2, 2], grid: grid)
        for step in 1..<max(doublings, 1) {
            grid = grid.multiplied(by: [2, 2, 2])
            counter.block = "\(name).blocks.\(step - 1)"
            counter.transposedConvolution("0.conv", from: outputs, to: outputs, stride: [2, 2, 2], grid: grid)
            counter.residual("1", from: outputs, to: outputs, grid: grid.multiplied(by: [2, 2, 2]), norm: .instance)
        }
    }
}
