import UNETRSupport

extension SETRConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int {
        // The progressive decoder has its full width at half the size; the others have nothing but the logits at full size.
        let halved = patchSize.map { $0 / 2 }
        return decoder == .progressive
            ? ([4, 3, decoderChannels] + halved).saturatingProduct() : ([4, 2, classes] + patchSize).saturatingProduct()
    }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        encoder.countTransformer(&counter, isNormUsed: false)
        let width = decoderChannels, tokens = grid.voxels
        counter.block = "decode_head"
        if decoder == .multiLevel {
            countMultiLevel(&counter)
            return NetworkComplexity(layers: counter.layers)
        }
        counter.layerNorm("norm", channels: hiddenSize, rows: tokens)
        let steps = decoder == .naive ? 1 : 4, kernel: Size3 = decoder == .naive ? [1, 1, 1] : [3, 3, 3]
        for step in 0..<steps {
            let grid = Size3 { self.grid[$0] << step }
            counter.convolution("conv_\(step)", from: step == 0 ? hiddenSize : width, to: width, kernel: kernel, grid: grid, bias: true)
            counter.norm("syncbn_fc_\(step)", .batch, channels: width, grid: grid)
        }
        counter.convolution(
            "conv_\(steps)", from: width, to: classes, kernel: [1, 1, 1], grid: Size3 { grid[$0] << (steps - 1) }, bias: true)
        return NetworkComplexity(layers: counter.layers)
    }

    private func countMultiLevel(_ counter: inout ComplexityCounter) {
        func unit(_ name: String, _ index: Int = 0, from inputs: Int, to outputs: Int, kernel: Size3) {
            counter.convolution("\(name).\(index)", from: inputs, to: outputs, kernel: kernel, grid: grid)
            counter.norm("\(name).\(index + 1)", .batch, channels: outputs, grid: grid)
        }
        for index in 0..<4 { counter.layerNorm("norm_\(index)", channels: hiddenSize, rows: grid.voxels) }
        for level in 2...5 { unit("mla.mla_p\(level)_1x1", from: hiddenSize, to: decoderChannels, kernel: [1, 1, 1]) }
        for level in 2...5 { unit("mla.mla_p\(level)", from: decoderChannels, to: decoderChannels, kernel: [3, 3, 3]) }
        for level in 2...5 {
            unit("mlahead.head\(level)", from: decoderChannels, to: headChannels, kernel: [3, 3, 3])
            unit("mlahead.head\(level)", 3, from: headChannels, to: headChannels, kernel: [3, 3, 3])
        }
        counter.convolution(
            "cls", from: 4 * headChannels, to: classes, kernel: [3, 3, 3], grid: grid.multiplied(by: [4, 4, 4]), bias: true)
    }
}
