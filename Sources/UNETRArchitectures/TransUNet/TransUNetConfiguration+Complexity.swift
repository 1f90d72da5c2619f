import UNETRSupport

extension TransUNetConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int {
        // A map brought to full resolution before and after it, and a unit's two maps there.
        ([4, 2 * decoderChannels[2] + 2 * decoderChannels[3]] + patchSize).saturatingProduct()
    }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        counter.mapPositions(transformer)
        countBackbone(&counter)
        counter.mapTransformer(transformer)
        countDecoder(&counter)
        return NetworkComplexity(layers: counter.layers)
    }

    private func countBackbone(_ counter: inout ComplexityCounter) {
        let place = "transformer.embeddings.hybrid_model"
        counter.block = "\(place).root"
        counter.convolution("conv", from: imageChannels, to: featureSize, kernel: [1, 7, 7], grid: size(level: 1))
        counter.norm("gn", .group(Self.groups), channels: featureSize, grid: size(level: 1))
        for (stage, depth) in depths.enumerated() {
            let inner = channels(stage: stage), outputs = 4 * inner, grid = size(stage: stage)
            for unit in 0..<depth {
                let inputs = unit > 0 ? outputs : stage == 0 ? featureSize : outputs / 2
                // The stride is in the second convolution.
                let before = unit > 0 || stage == 0 ? grid : size(stage: stage - 1)
                counter.block = "\(place).body.block\(stage + 1).unit\(unit + 1)"
                counter.norm("gn1", .group(Self.groups), channels: inner, grid: before)
                counter.convolution("conv1", from: inputs, to: inner, kernel: [1, 1, 1], grid: before)
                counter.norm("gn2", .group(Self.groups), channels: inner, grid: grid)
                counter.convolution("conv2", from: inner, to: inner, kernel: [1, 3, 3], grid: grid)
                counter.norm("gn3", .group(Self.groups), channels: outputs, grid: grid)
                counter.convolution("conv3", from: inner, to: outputs, kernel: [1, 1, 1], grid: grid)
                guard unit == 0 else { continue }
                counter.convolution("downsample", from: inputs, to: outputs, kernel: [1, 1, 1], grid: grid)
                counter.norm("gn_proj", .group(outputs), channels: outputs, grid: grid)
            }
        }
    }

    private func countDecoder(_ counter: inout ComplexityCounter) {
        func unit(_ name: String, from inputs: Int, to outputs: Int, grid: Size3) {
            counter.convolution("\(name).0", from: inputs, to: outputs, kernel: [1, 3, 3], grid: grid)
            counter.norm("\(name).1", .batch, channels: outputs, grid: grid)
        }
        counter.block = "decoder"
        unit("conv_more", from: hiddenSize, to: headChannels, grid: size(level: 4))
        var inputs = headChannels
        for (index, outputs) in decoderChannels.enumerated() {
            let grid = size(level: 3 - index)
            counter.block = "decoder.blocks.\(index)"
            counter.interpolation("up", channels: inputs, grid: grid)
            unit("conv1", from: inputs + skipChannels[index], to: outputs, grid: grid)
            unit("conv2", from: outputs, to: outputs, grid: grid)
            inputs = outputs
        }
        counter.block = "segmentation_head"
        counter.convolution("0", from: inputs, to: classes, kernel: [1, 3, 3], grid: patchSize, bias: true)
    }
}
