import UNETRGraphs
import UNETRSupport

extension SwinUNETRConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        func encoded(_ x: Graph.Value, _ name: String, from inputs: Int, to outputs: Int) throws -> Graph.Value {
            try writer.builder.in(name) { try writer.residualBlock(x, "\(name).layer", from: inputs, to: outputs, norm: .instance) }
        }
        let stages = try encoder(input, writer), f = featureSize
        let lowest = try encoded(stages[4], "encoder10", from: 16 * f, to: 16 * f)
        var x = try writer.upsamplingBlock(lowest, skip: stages[3], "decoder5", from: 16 * f, to: 8 * f)
        x = try writer.upsamplingBlock(x, skip: encoded(stages[2], "encoder4", from: 4 * f, to: 4 * f), "decoder4", from: 8 * f, to: 4 * f)
        x = try writer.upsamplingBlock(x, skip: encoded(stages[1], "encoder3", from: 2 * f, to: 2 * f), "decoder3", from: 4 * f, to: 2 * f)
        x = try writer.upsamplingBlock(x, skip: encoded(stages[0], "encoder2", from: f, to: f), "decoder2", from: 2 * f, to: f)
        x = try writer.upsamplingBlock(x, skip: encoded(input, "encoder1", from: inputChannels, to: f), "decoder1", from: f, to: f)
        return try writer.convolution(x, "out.conv.conv", from: f, to: classes, kernel: [1, 1, 1], bias: true)
    }

    /// Five tensors [N, C, d, h, w], from half to 1/32 of the size, normalized over their channels.
    private func encoder(_ input: Graph.Value, _ writer: NetworkGraphWriter) throws -> [Graph.Value] {
        func normalized(_ x: Graph.Value, _ stage: Int, _ grid: Size3) -> Graph.Value {
            writer.volume(writer.layerNorm(x, stageChannels(stage)), stageChannels(stage), grid: grid)
        }
        var grid = patchSize.divided(by: [2, 2, 2])
        var x = try writer.patchEmbedding(input, "swinViT.patch_embed.proj", from: inputChannels, to: featureSize, block: [2, 2, 2])
        var outputs = [normalized(x, 0, grid)]
        for stage in 0..<4 {
            let channels = stageChannels(stage), scope = "swinViT.layers\(stage + 1)"
            if v2 {
                let residual = try writer.residualBlock(
                    writer.volume(x, channels, grid: grid), "\(scope)c.0.layer", from: channels, to: channels, norm: .instance)
                x = writer.tokens(residual, channels)
            }
            for (index, settings) in blocks(stage: stage).enumerated() {
                x = try writer.windowTransformerBlock(
                    x, "\(scope).0.blocks.\(index)", channels: channels, settings, in: windows(on: grid, shifted: index % 2 == 1))
            }
            x = try writer.patchMerging(x, "\(scope).0.downsample", channels: channels, grid: grid, unit: [2, 2, 2], offsets: merging.offsets)
            grid = grid.divided(by: [2, 2, 2])
            outputs.append(normalized(x, stage + 1, grid))
        }
        return outputs
    }
}
