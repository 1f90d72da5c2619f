import UNETRSupport

extension SwinUNetConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int {
        // The tokens brought to full resolution, before and after their normalization, and the logits.
        ([4, 2 * featureSize + classes] + patchSize).saturatingProduct()
    }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        counter.block = "patch_embed"
        counter.convolution("proj", from: imageChannels, to: featureSize, kernel: Self.token, grid: grid(stage: 0), bias: true)
        counter.layerNorm("norm", channels: featureSize, rows: grid(stage: 0).voxels)
        for stage in 0..<4 {
            countBlocks(&counter, "layers.\(stage)", stage: stage)
            guard stage < 3 else { break }
            counter.block = "layers.\(stage).downsample"
            counter.patchMerging(channels: channels(stage: stage), neighbors: Self.neighbors.count, grid: grid(stage: stage + 1))
        }
        for (index, stage) in (0..<4).reversed().enumerated() {
            if index > 0 { countBlocks(&counter, "layers_up.\(index)", stage: stage) }
            guard stage > 0 else { break }
            counter.block = index == 0 ? "layers_up.0" : "layers_up.\(index).upsample"
            counter.patchExpansion(channels: channels(stage: stage), factor: 2, grid: grid(stage: stage))
        }
        counter.block = "concat_back_dim"
        for index in 1...3 {
            let channels = channels(stage: 3 - index)
            counter.linear("\(index)", from: 2 * channels, to: channels, rows: grid(stage: 3 - index).voxels)
        }
        counter.block = "norm"
        counter.layerNorm("", channels: channels(stage: 3), rows: grid(stage: 3).voxels)
        counter.block = "norm_up"
        counter.layerNorm("", channels: featureSize, rows: grid(stage: 0).voxels)
        counter.block = "up"
        counter.patchExpansion(channels: featureSize, factor: 4, grid: grid(stage: 0))
        counter.block = "output"
        counter.convolution("", from: featureSize, to: classes, kernel: [1, 1, 1], grid: patchSize)
        return NetworkComplexity(layers: counter.layers)
    }

    private func countBlocks(_ counter: inout ComplexityCounter, _ place: String, stage: Int) {
        for (index, settings) in blocks(stage: stage).enumerated() {
            counter.block = "\(place).blocks.\(index)"
            counter.windowBlock(channels: channels(stage: stage), in: windows(stage: stage, shifted: index % 2 == 1), settings)
        }
    }
}
