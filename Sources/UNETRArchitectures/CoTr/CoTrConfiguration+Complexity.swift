import UNETRSupport

extension CoTrConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int {
        // The first convolution's channels, brought to full resolution, and the logits.
        ([4, features[0] + 2 * classes] + patchSize).saturatingProduct()
    }

    private static var root: String { "U_ResTran3D" }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        countDecoder(&counter)
        if form == .patches { countPatches(&counter) } else { countEncoder(&counter) }
        if form == .pyramid { countPyramid(&counter) } else { countTransformer(&counter) }
        return NetworkComplexity(layers: counter.layers)
    }

    private func countDecoder(_ counter: inout ComplexityCounter) {
        let levels = (0..<3).reversed()
        counter.block = Self.root
        for level in levels {
            counter.transposedConvolution(
                "transposeconv_stage\(level)", from: channels(level + 1), to: channels(level), stride: [2, 2, 2], grid: size(level + 1))
        }
        for level in levels {
            counter.block = "\(Self.root).stage\(level)_de"
            for index in 1...2 {
                counter.unit(
                    "resconv\(index)", from: channels(level), to: channels(level), kernel: [3, 3, 3], grid: size(level), bias: false)
            }
        }
        counter.block = Self.root
        counter.onlyInTraining = true
        for level in levels {
            counter.convolution("ds\(level)_cls_conv", from: channels(level), to: classes, kernel: [1, 1, 1], grid: size(level), bias: true)
        }
        counter.onlyInTraining = false
        counter.convolution("cls_conv", from: channels(0), to: classes, kernel: [1, 1, 1], grid: patchSize, bias: true)
    }

    private func countEncoder(_ counter: inout ComplexityCounter) {
        func unit(_ names: (String, String), from inputs: Int, to level: Int, kernel: Size3) {
            counter.convolution(names.0, from: inputs, to: channels(level), kernel: kernel, grid: size(level))
            counter.norm(names.1, .affineInstance(scale: 1), channels: channels(level), grid: size(level))
        }
        counter.block = "\(Self.root).backbone"
        unit(("conv1", "norm1"), from: inputChannels, to: 0, kernel: [7, 7, 7])
        for (index, depth) in Self.depths.enumerated() {
            let level = index + 1
            for block in 0..<depth {
                let inputs = channels(block == 0 ? level - 1 : level)
                counter.block = "\(Self.root).backbone.layer\(level).\(block)"
                unit(("conv1", "norm1"), from: inputs, to: level, kernel: [3, 3, 3])
                if block == 0 { unit(("downsample.0", "downsample.1"), from: inputs, to: level, kernel: [1, 1, 1]) }
            }
        }
    }

    private func countPatches(_ counter: inout ComplexityCounter) {
        counter.block = "\(Self.root).patches"
        for level in Self.tokenLevels {
            counter.convolution("\(level)", from: inputChannels, to: channels(level), kernel: block(level), grid: size(level), bias: true)
        }
    }

    private func countPyramid(_ counter: inout ComplexityCounter) {
        let grid = size(3), kernels: [Size3] = [[1, 1, 1]] + Self.rates.map { _ in [3, 3, 3] }
        counter.block = "\(Self.root).aspp"
        for (index, kernel) in kernels.enumerated() {
            counter.unit("branches.\(index)", from: hiddenSize, to: hiddenSize, kernel: kernel, grid: grid, bias: false)
        }
        counter.convolution("pooled", from: hiddenSize, to: hiddenSize, kernel: [1, 1, 1], grid: [1, 1, 1], bias: true)
        counter.unit("projection", from: (kernels.count + 1) * hiddenSize, to: hiddenSize, kernel: [1, 1, 1], grid: grid, bias: false)
    }

    private func countTransformer(_ counter: inout ComplexityCounter) {
        let tokens = grids.reduce(0) { $0 + $1.voxels }
        let samples = grids.count * Self.points
        counter.block = "\(Self.root).encoder_Detrans"
        counter.add("level_embed", .values, output: [grids.count, hiddenSize], parameters: grids.count * hiddenSize)
        for layer in 0..<layers {
            counter.block = "\(Self.root).encoder_Detrans.encoder.layers.\(layer)"
            counter.linear("self_attn.sampling_offsets", from: hiddenSize, to: 3 * heads * samples, rows: tokens)
            counter.linear("self_attn.attention_weights", from: hiddenSize, to: heads * samples, rows: tokens)
            counter.linear("self_attn.value_proj", from: hiddenSize, to: hiddenSize, rows: tokens)
            counter.add(
                "self_attn.samples", .product, output: [samples, tokens, hiddenSize], parameters: 0,
                multiplyAdds: CountingRule.interpolation(elements: samples * tokens * hiddenSize))
            counter.linear("self_attn.output_proj", from: hiddenSize, to: hiddenSize, rows: tokens)
            counter.layerNorm("norm1", channels: hiddenSize, rows: tokens)
            counter.linear("linear1", from: hiddenSize, to: feedForwardSize, rows: tokens)
            counter.linear("linear2", from: feedForwardSize, to: hiddenSize, rows: tokens)
            counter.layerNorm("norm2", channels: hiddenSize, rows: tokens)
        }
    }
}
