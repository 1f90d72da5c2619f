import UNETRSupport

extension TransBTSConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { activationBytes(fullResolutionChannels: featureSize) }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        countTransformer(&counter)
        counter.block = "conv_x"
        counter.convolution("", from: channels(3), to: hiddenSize, kernel: [3, 3, 3], grid: grid, bias: true)
        countEncoder(&counter)
        counter.block = "bn"
        counter.norm("", .batch, channels: channels(3), grid: grid)
        countPair(&counter, "Enblock8_1", from: hiddenSize, to: channels(3), grid: grid)
        countPair(&counter, "Enblock8_2", from: channels(3), to: channels(3), grid: grid)
        for level in (0..<3).reversed() {
            let outputs = channels(level)
            counter.block = "DeUp\(level + 2)"
            counter.convolution("conv1", from: 2 * outputs, to: outputs, kernel: [1, 1, 1], grid: size(level + 1), bias: true)
            counter.transposedConvolution("conv2", from: outputs, to: outputs, stride: [2, 2, 2], grid: size(level + 1), bias: true)
            counter.convolution("conv3", from: 2 * outputs, to: outputs, kernel: [1, 1, 1], grid: size(level), bias: true)
            countPair(&counter, "DeBlock\(level + 2)", from: outputs, to: outputs, grid: size(level))
        }
        counter.block = "endconv"
        counter.convolution("", from: featureSize, to: classes, kernel: [1, 1, 1], grid: patchSize, bias: true)
        return NetworkComplexity(layers: counter.layers)
    }

    private func countTransformer(_ counter: inout ComplexityCounter) {
        let tokens = grid.voxels
        counter.block = "linear_encoding"  // In every checkpoint, in no computation.
        let unused = channels(3) * inputChannels
        counter.add("", .values, output: [hiddenSize], parameters: (unused + 1) * hiddenSize)
        counter.block = "position_encoding"
        counter.add("position_embeddings", .values, output: [tokens, hiddenSize], parameters: tokens * hiddenSize)
        for layer in 0..<layers {
            counter.block = "transformer.net.\(2 * layer).fn"
            counter.layerNorm("norm", channels: hiddenSize, rows: tokens)
            counter.linear("fn.qkv", from: hiddenSize, to: 3 * hiddenSize, rows: tokens, bias: false)
            counter.attention("fn.products", rows: tokens, keys: tokens, channels: hiddenSize)
            counter.linear("fn.proj", from: hiddenSize, to: hiddenSize, rows: tokens)
            counter.block = "transformer.net.\(2 * layer + 1).fn"
            counter.layerNorm("norm", channels: hiddenSize, rows: tokens)
            counter.linear("fn.net.0", from: hiddenSize, to: feedForwardSize, rows: tokens)
            counter.linear("fn.net.3", from: feedForwardSize, to: hiddenSize, rows: tokens)
        }
        counter.block = "pre_head_ln"  // Nothing reads its result.
        counter.add("", .norm, output: [tokens, hiddenSize], parameters: 2 * hiddenSize)
    }

    private func countEncoder(_ counter: inout ComplexityCounter) {
        counter.block = "Unet.InitConv"
        counter.convolution("conv", from: inputChannels, to: featureSize, kernel: [3, 3, 3], grid: patchSize, bias: true)
        for (level, names) in Self.blocks.enumerated() {
            let channels = channels(level), grid = size(level)
            if level > 0 {
                counter.block = "Unet.EnDown\(level)"
                counter.convolution("conv", from: channels / 2, to: channels, kernel: [3, 3, 3], grid: grid, bias: true)
            }
            for name in names {
                counter.block = "Unet.\(name)"
                for index in 1...2 {
                    counter.norm("bn\(index)", .group(Self.groups), channels: channels, grid: grid)
                    counter.convolution("conv\(index)", from: channels, to: channels, kernel: [3, 3, 3], grid: grid, bias: true)
                }
            }
        }
    }

    private func countPair(_ counter: inout ComplexityCounter, _ place: String, from inputs: Int, to outputs: Int, grid: Size3) {
        counter.block = place
        for (index, channels) in [(1, inputs), (2, outputs)] {
            counter.convolution("conv\(index)", from: channels, to: outputs, kernel: [3, 3, 3], grid: grid, bias: true)
            counter.norm("bn\(index)", .batch, channels: outputs, grid: grid)
        }
    }
}
