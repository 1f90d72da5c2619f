import UNETRSupport

extension UNETRPlusPlusConfiguration {
    /// Layer by layer.
    ///
    /// The multiply-adds are those of the reference's formulation, which the published figures count; this project's order of the
    /// products in `PairedAttention` needs fewer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        countEncoder(&counter)
        counter.block = "encoder1"
        counter.residual(nil, from: inputChannels, to: featureSize, grid: patchSize, norm: .instance)
        countDecoder(&counter)
        countHeads(&counter)
        return NetworkComplexity(layers: counter.layers, activationBytes: 4 * mostLiveValues)
    }

    private func countEncoder(_ counter: inout ComplexityCounter) {
        for stage in 0..<4 {
            let inputs = stage == 0 ? inputChannels : stageChannels[stage - 1]
            let (channels, grid) = (stageChannels[stage], grid(stage: stage))
            counter.block = "unetr_pp_encoder.downsample_layers.\(stage)"
            counter.convolution("0.conv", from: inputs, to: channels, kernel: stage == 0 ? stem : [2, 2, 2], grid: grid)
            counter.add(
                "1", .norm, output: [channels] + grid, parameters: 2 * channels,
                multiplyAdds: CountingRule.normalization(elements: channels * grid.voxels, affine: true))
        }
        for stage in 0..<4 {
            for block in 0..<depths[stage] {
                counter.block = "unetr_pp_encoder.stages.\(stage).\(block)"
                countTransformerBlock(&counter, stage: stage, projected: projectedTokens[stage])
            }
        }
    }

    private func countDecoder(_ counter: inout ComplexityCounter) {
        for (name, stage) in [("decoder5", 2), ("decoder4", 1), ("decoder3", 0)] {
            counter.block = "\(name).transp_conv"
            counter.transposedConvolution(
                "conv", from: stageChannels[stage + 1], to: stageChannels[stage], stride: [2, 2, 2], grid: grid(stage: stage + 1))
            for block in 0..<decoderDepth {
                counter.block = "\(name).decoder_block.0.\(block)"
                countTransformerBlock(&counter, stage: stage, projected: decoderProjectedTokens)
            }
        }
        counter.block = "decoder2.transp_conv"
        counter.transposedConvolution("conv", from: stageChannels[0], to: featureSize, stride: stem, grid: grid(stage: 0))
        counter.block = "decoder2.decoder_block.0"
        counter.residual(nil, from: featureSize, to: featureSize, grid: patchSize, norm: .instance)
    }

    private func countHeads(_ counter: inout ComplexityCounter) {
        for (level, grid) in outputSizes.enumerated() {
            counter.block = "out\(level + 1)"
            counter.onlyInTraining = level > 0
            counter.convolution("conv.conv", from: featureSize << level, to: classes, kernel: [1, 1, 1], grid: grid, bias: true)
        }
    }

    private func countTransformerBlock(_ counter: inout ComplexityCounter, stage: Int, projected: Int) {
        let (tokens, channels, grid) = (tokens(stage: stage), stageChannels[stage], grid(stage: stage))
        counter.add("gamma", .values, output: [tokens, channels], parameters: channels)
        counter.add("pos_embed", .values, output: [tokens, channels], parameters: tokens * channels)
        counter.add(
            "norm", .norm, output: [tokens, channels], parameters: 2 * channels,
            multiplyAdds: CountingRule.normalization(elements: tokens * channels, affine: true))
        countAttention(&counter, tokens: tokens, channels: channels, projected: projected)
        for residual in 0..<residualBlocks {
            counter.residual("conv5\(residual + 1)", from: channels, to: channels, grid: grid, norm: .batch)
        }
        counter.convolution("conv8.1", from: channels, to: channels, kernel: [1, 1, 1], grid: grid, bias: true)
    }

    private func countAttention(_ counter: inout ComplexityCounter, tokens: Int, channels: Int, projected: Int) {
        counter.add("epa_block.temperature", .values, output: [heads, 1, 1], parameters: heads)
        counter.add("epa_block.temperature2", .values, output: [heads, 1, 1], parameters: heads)
        counter.linear("epa_block.qkvv", from: channels, to: 4 * channels, rows: tokens, bias: false)
        // Keys and spatial values are projected along the tokens.
        let projection = CountingRule.product(rows: channels, inputs: tokens, outputs: projected)
        let linear = tokens * projected + projected
        switch self.projection {
        case .matrix:
            counter.add(
                "epa_block.EF", .linear, output: [channels, projected], parameters: tokens * projected, multiplyAdds: [2, projection].saturatingProduct())
        case .shared, .separate:
            let own = self.projection == .separate ? linear : 0
            counter.add("epa_block.E", .linear, output: [channels, projected], parameters: linear, multiplyAdds: projection)
            counter.add("epa_block.F", .linear, output: [channels, projected], parameters: own, multiplyAdds: projection)
        }
        // Each branch is two products: the attention from queries and keys, and the values averaged by it.
        counter.add(
            "epa_block.channel_attention", .product, output: [tokens, channels], parameters: 0,
            multiplyAdds: CountingRule.product(rows: 2 * channels, inputs: tokens, outputs: channels / heads))
        counter.add(
            "epa_block.spatial_attention", .product, output: [tokens, channels], parameters: 0,
            multiplyAdds: CountingRule.product(rows: 2 * tokens, inputs: channels, outputs: projected))
        if fusion == .concatenate {
            counter.linear("epa_block.out_proj", from: channels, to: channels / 2, rows: tokens)
            counter.linear("epa_block.out_proj2", from: channels, to: channels / 2, rows: tokens)
        }
    }
}
