import UNETRGraphs
import UNETRSupport

extension SwinUNetConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder
        let embedded = try writer.imageConvolution(
            input, "patch_embed.proj", from: inputChannels, images: imageChannels, to: featureSize, kernel: Self.token, stride: Self.token,
            padding: [0, 0, 0], bias: true)
        var x = try writer.layerNorm(writer.tokens(embedded, featureSize), "patch_embed.norm", featureSize), skips: [Graph.Value] = []
        for stage in 0..<4 {
            let scope = "layers.\(stage)", channels = channels(stage: stage)
            skips.append(x)
            x = try windows(x, scope, stage: stage, writer)
            if stage < 3 {
                x = try writer.patchMerging(
                    x, "\(scope).downsample", channels: channels, grid: grid(stage: stage), unit: Self.merged, offsets: Self.neighbors)
            }
        }
        x = try writer.layerNorm(x, "norm", channels(stage: 3))
        for index in 0..<4 {
            let stage = 3 - index, scope = "layers_up.\(index)", channels = channels(stage: stage)
            if index > 0 {
                let joined = builder.concatenated([x, skips[stage]], axis: -1)
                x = try windows(
                    writer.linear(joined, "concat_back_dim.\(index)", from: 2 * channels, to: channels), scope, stage: stage, writer)
            }
            if stage > 0 {
                x = try writer.patchExpansion(
                    x, index == 0 ? scope : "\(scope).upsample", channels: channels, grid: grid(stage: stage), factor: 2)
            }
        }
        let fine = try writer.patchExpansion(
            writer.layerNorm(x, "norm_up", featureSize), "up", channels: featureSize, grid: grid(stage: 0), factor: 4)
        return try writer.convolution(
            writer.volume(fine, featureSize, grid: patchSize), "output", from: featureSize, to: classes, kernel: [1, 1, 1])
    }

    /// The blocks of a stage. Their masks, which checkpoints hold too, are those of the grid.
    private func windows(_ x: Graph.Value, _ scope: String, stage: Int, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        try blocks(stage: stage).enumerated().reduce(x) { x, block in
            try writer.windowTransformerBlock(
                x, "\(scope).blocks.\(block.offset)", channels: channels(stage: stage), block.element,
                in: windows(stage: stage, shifted: block.offset % 2 == 1))
        }
    }
}
