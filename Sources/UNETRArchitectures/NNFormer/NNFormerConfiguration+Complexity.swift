import UNETRSupport

extension NNFormerConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int { activationBytes(fullResolutionChannels: embeddingSize / 2) }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        countEncoder(&counter)
        for stage in 0..<3 { countDecoderStage(&counter, stage) }
        for level in outputSizes.indices {
            counter.block = "final.\(level)"
            counter.onlyInTraining = level > 0
            counter.transposedConvolution("up", from: channels(level), to: classes, stride: stem, grid: grid(level), bias: true)
        }
        return NetworkComplexity(layers: counter.layers)
    }

    private func tokens(_ stage: Int) -> Int { grid(stage).voxels }

    private func countEncoder(_ counter: inout ComplexityCounter) {
        countEmbedding(&counter)
        for stage in 0..<4 {
            let place = "model_down.layers.\(stage)"
            for index in 0..<depths[stage] {
                counter.block = "\(place).blocks.\(index)"
                counter.windowBlock(
                    channels: channels(stage), in: windows(stage: stage, shifted: index % 2 == 1), blocks(stage: stage, heads: heads[stage]))
            }
            guard stage < 3 else { break }
            counter.block = "\(place).downsample"
            counter.convolution(
                "reduction", from: channels(stage), to: channels(stage + 1), kernel: Size3 { strides[stage][$0] == 2 ? 3 : 1 },
                grid: grid(stage + 1), bias: true)
            counter.layerNorm("norm", channels: channels(stage), rows: tokens(stage))
        }
        counter.block = "model_down"
        for stage in 0..<4 { counter.layerNorm("norm\(stage)", channels: channels(stage), rows: tokens(stage)) }
    }

    private func countEmbedding(_ counter: inout ComplexityCounter) {
        let full = embeddingSize, half = full / 2
        let fine = patchSize.divided(by: Size3 { min(stem[$0], 2) }), finer = fine.voxels, kernel = Size3(3, 3, 3)
        counter.block = "model_down.patch_embed"
        counter.convolution("proj1.conv1", from: inputChannels, to: half, kernel: kernel, grid: fine, bias: true)
        counter.convolution("proj1.conv2", from: half, to: half, kernel: kernel, grid: fine, bias: true)
        counter.layerNorm("proj1.norm1", channels: half, rows: finer)
        counter.layerNorm("proj1.norm2", channels: half, rows: finer)
        counter.convolution("proj2.conv1", from: half, to: full, kernel: kernel, grid: grid(0), bias: true)
        counter.convolution("proj2.conv2", from: full, to: full, kernel: kernel, grid: grid(0), bias: true)
        counter.layerNorm("proj2.norm1", channels: full, rows: tokens(0))
        counter.layerNorm("norm", channels: full, rows: tokens(0))
    }

    private func countDecoderStage(_ counter: inout ComplexityCounter, _ stage: Int) {
        let place = "decoder.layers.\(stage)"
        for index in 0..<depths[stage] {
            counter.block = "\(place).blocks.\(index)"
            counter.windowBlock(
                channels: channels(stage), in: windows(stage: stage, shifted: index > 0),
                blocks(stage: stage, heads: decoderHeads[stage]), givenQueries: index == 0)
        }
        counter.block = "\(place).Upsample"
        counter.layerNorm("norm", channels: channels(stage + 1), rows: tokens(stage + 1))
        counter.transposedConvolution(
            "up", from: channels(stage + 1), to: channels(stage), stride: strides[stage], grid: grid(stage + 1), bias: true)
    }
}
