import UNETRGraphs
import UNETRSupport

extension NNFormerConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let skips = try encoder(input, writer)
        var x = skips[3]
        for stage in (0..<3).reversed() { x = try decoded(x, skip: skips[stage], stage: stage, writer) }
        return try writer.transposedConvolution(
            writer.volume(x, channels(0), grid: grid(0)), "final.0.up", from: channels(0), to: classes, stride: stem, bias: true)
    }

    /// `NNFormerEncoder`: the normalized tokens of each stage, finest first.
    private func encoder(_ input: Graph.Value, _ writer: NetworkGraphWriter) throws -> [Graph.Value] {
        var x = try embedded(input, writer)
        return try (0..<4).map { stage in
            let scope = "model_down.layers.\(stage)", channels = channels(stage)
            for index in 0..<depths[stage] {
                x = try writer.windowTransformerBlock(
                    x, "\(scope).blocks.\(index)", channels: channels, blocks(stage: stage, heads: heads[stage]),
                    in: windows(stage: stage, shifted: index % 2 == 1))
            }
            let output = try writer.layerNorm(x, "model_down.norm\(stage)", channels)
            if stage < 3 { x = try reduced(x, "\(scope).downsample", stage: stage, writer) }
            return output
        }
    }

    /// `NNFormerEmbedding`: four convolutions, each followed by a GELU, except for the last, and a normalization.
    private func embedded(_ input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let scope = "model_down.patch_embed", half = embeddingSize / 2, builder = writer.builder
        // A stem of 4 is two strides of 2, one of 2 the first of them.
        let first = Size3 { min(stem[$0], 2) }, second = stem.divided(by: first), one: Size3 = [1, 1, 1]
        let inner = Size3 { patchSize[$0] / first[$0] }
        let steps: [(name: String, norm: String, inputs: Int, outputs: Int, stride: Size3)] = [
            ("proj1.conv1", "proj1.norm1", inputChannels, half, first), ("proj1.conv2", "proj1.norm2", half, half, one),
            ("proj2.conv1", "proj2.norm1", half, embeddingSize, second), ("proj2.conv2", "norm", embeddingSize, embeddingSize, one),
        ]
        var volume = input
        for (index, step) in steps.enumerated() {
            let convolved = try writer.convolution(
                volume, "\(scope).\(step.name)", from: step.inputs, to: step.outputs, stride: step.stride, padding: [1, 1, 1], bias: true)
            var x = writer.tokens(convolved, step.outputs)
            if index < 3 { x = builder.gelu(x) }
            x = try writer.layerNorm(x, "\(scope).\(step.norm)", step.outputs)
            if index == 3 { return x }
            volume = writer.volume(x, step.outputs, grid: index < 2 ? inner : grid(0))
        }
        preconditionFailure("the last step returns")
    }

    /// `NNFormerDownsampling`: GELU, normalization and a strided convolution to the next stage.
    private func reduced(_ x: Graph.Value, _ scope: String, stage: Int, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let channels = channels(stage), stride = strides[stage], grid = grid(stage)
        let normalized = try writer.layerNorm(writer.builder.gelu(x), "\(scope).norm", channels)
        let convolved = try writer.convolution(
            writer.volume(normalized, channels, grid: grid), "\(scope).reduction", from: channels, to: 2 * channels,
            kernel: Size3 { stride[$0] == 2 ? 3 : 1 }, stride: stride, padding: reductionPadding(stage), bias: true)
        return writer.tokens(convolved, 2 * channels)
    }

    /// `NNFormerDecoderStage`: tokens brought to the finer grid, skip attention, then blocks as in the encoder.
    private func decoded(_ x: Graph.Value, skip: Graph.Value, stage: Int, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let scope = "decoder.layers.\(stage)", channels = channels(stage), stride = strides[stage], builder = writer.builder
        let normalized = try writer.layerNorm(x, "\(scope).Upsample.norm", 2 * channels)
        let raised = try writer.transposedConvolution(
            writer.volume(normalized, 2 * channels, grid: grid(stage + 1)), "\(scope).Upsample.up", from: 2 * channels, to: channels, stride: stride,
            // Slices that the up-sampling does not reach, because the encoder left them out.
            outputPadding: Size3 { grid(stage)[$0] % stride[$0] }, bias: true)
        let finer = writer.tokens(raised, channels), settings = blocks(stage: stage, heads: decoderHeads[stage])
        var y = try writer.windowTransformerBlock(
            builder.add(finer, skip), "\(scope).blocks.0", channels: channels, settings, in: windows(stage: stage, shifted: false),
            given: (queries: finer, keys: skip))
        // Unlike in the encoder all of these are shifted.
        for index in 1..<depths[stage] {
            y = try writer.windowTransformerBlock(
                y, "\(scope).blocks.\(index)", channels: channels, settings, in: windows(stage: stage, shifted: true))
        }
        return y
    }
}
