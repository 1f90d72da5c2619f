import UNETRSupport

extension MISSFormerConfiguration {
    /// Bytes of float32 that live together at the fullest moment of a forward pass, batch 1; an estimate.
    public var activationBytes: Int {
        // The tokens brought to full resolution, before and after their normalization, and the logits.
        ([4, 2 * featureSize + classes] + patchSize).saturatingProduct()
    }

    /// Layer by layer.
    public var counted: NetworkComplexity {
        var counter = ComplexityCounter()
        countEncoder(&counter)
        for layer in 1...max(layers, 1) { countBridge(&counter, "bridge.bridge_layer\(layer)") }
        for stage in (0..<4).reversed() { countDecoder(&counter, stage) }
        return NetworkComplexity(layers: counter.layers)
    }

    private func countEncoder(_ counter: inout ComplexityCounter) {
        for stage in 0..<4 {
            counter.block = "backbone.patch_embed\(stage + 1)"
            counter.convolution(
                "proj", from: stage == 0 ? imageChannels : channels(stage: stage - 1), to: channels(stage: stage),
                kernel: Self.embedding(stage: stage).kernel, grid: grid(stage: stage), bias: true)
            counter.layerNorm("norm", channels: channels(stage: stage), rows: grid(stage: stage).voxels)
        }
        for stage in 0..<4 {
            for index in 0..<depths[stage] { countBlock(&counter, "backbone.block\(stage + 1).\(index)", stage) }
            counter.block = "backbone"
            counter.layerNorm("norm\(stage + 1)", channels: channels(stage: stage), rows: grid(stage: stage).voxels)
        }
    }

    /// A `MISSFormerBlock`.
    private func countBlock(_ counter: inout ComplexityCounter, _ place: String, _ stage: Int) {
        let channels = channels(stage: stage), rows = grid(stage: stage).voxels, reduction = Self.reductions[stage]
        counter.block = place
        counter.layerNorm("norm1", channels: channels, rows: rows)
        countAttention(&counter, channels, rows: rows, keys: keyGrid.voxels)
        if reduction > 1 {
            counter.convolution("attn.sr", from: channels, to: channels, kernel: [1, reduction, reduction], grid: keyGrid, bias: true)
            counter.layerNorm("attn.norm", channels: channels, rows: keyGrid.voxels)
        }
        counter.layerNorm("norm2", channels: channels, rows: rows)
        countFeedForward(&counter, "mlp", stage)
    }

    private func countAttention(_ counter: inout ComplexityCounter, _ channels: Int, rows: Int, keys: Int) {
        counter.linear("attn.q", from: channels, to: channels, rows: rows)
        counter.linear("attn.kv", from: channels, to: 2 * channels, rows: keys)
        counter.attention("attn.products", rows: rows, keys: keys, channels: channels)
        counter.linear("attn.proj", from: channels, to: channels, rows: rows)
    }

    /// A `MixedFeedForward`, whose published code computes the first layer twice.
    private func countFeedForward(_ counter: inout ComplexityCounter, _ name: String, _ stage: Int) {
        let channels = channels(stage: stage), hidden = Self.expansion * channels, grid = grid(stage: stage), rows = grid.voxels
        counter.linear("\(name).fc1", from: channels, to: hidden, rows: rows)
        counter.add(
            "\(name).fc1 again", .values, output: [rows, hidden], parameters: 0,
            multiplyAdds: CountingRule.product(rows: rows, inputs: channels, outputs: hidden))
        counter.convolution("\(name).dwconv.dwconv", from: hidden, to: hidden, kernel: [1, 3, 3], grid: grid, groups: hidden, bias: true)
        counter.linear("\(name).fc2", from: hidden, to: channels, rows: rows)
        counter.layerNorm("\(name).norm1", channels: hidden, rows: rows)
        for index in 2...3 { counter.add("\(name).norm\(index)", .values, output: [0], parameters: 2 * hidden) }  // not used
    }

    private func countBridge(_ counter: inout ComplexityCounter, _ place: String) {
        let rows = (0..<4).map(bridgeTokens).reduce(0, +), keys = (0..<4).map(bridgeKeys).reduce(0, +)
        counter.block = place
        counter.layerNorm("norm1", channels: featureSize, rows: rows)
        countAttention(&counter, featureSize, rows: rows, keys: keys)
        for stage in 0..<3 {
            let channels = channels(stage: stage), side = Self.reductions[stage]
            counter.convolution("attn.scale_reduce.sr\(stage)", from: channels, to: channels, kernel: [1, side, side], grid: keyGrid, bias: true)
        }
        counter.layerNorm("attn.scale_reduce.norm", channels: featureSize, rows: keys)
        counter.layerNorm("norm2", channels: featureSize, rows: rows)
        for stage in 0..<4 { countFeedForward(&counter, "mixffn\(stage + 1)", stage) }
    }

    private func countDecoder(_ counter: inout ComplexityCounter, _ stage: Int) {
        let place = "decoder_\(stage)", channels = channels(stage: stage), grid = grid(stage: stage)
        func mix(_ counter: inout ComplexityCounter) {
            counter.block = place
            counter.linear("concat_linear", from: decoderInputs(stage: stage), to: channels, rows: grid.voxels)
        }
        func blocks(_ counter: inout ComplexityCounter) {
            for index in 1...2 { countBlock(&counter, "\(place).layer_former_\(index)", stage) }
        }
        if stage < 3 { mix(&counter) } else { counter.addUnused(mix) }
        counter.block = "\(place).layer_up"
        counter.patchExpansion(channels: channels, factor: stage == 0 ? 4 : 2, grid: grid)
        if stage == 0 {
            counter.block = "\(place).last_layer"
            counter.convolution("", from: channels, to: classes, kernel: [1, 1, 1], grid: patchSize, bias: true)
        }
        if stage < 3 { blocks(&counter) } else { counter.addUnused(blocks) }
    }
}
