import UNETRGraphs
import UNETRSupport

extension TransUNet3DConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let graph = NNUNetGraph(unet, .v1, writer), lowest = features[features.count - 1]
        var x = input
        var maps = try features.indices.map { stage in
            x = try writer.builder.in("encoder/stage\(stage)") { try graph.plainStage(x, stage) }
            return x
        }
        let mixed = try writer.mapTransformer(x, "transformer", transformer)
        maps[maps.count - 1] = try writer.convolution(mixed, "conv_more", from: hiddenSize, to: lowest, kernel: [1, 1, 1], bias: true)
        return try graph.head(graph.decoded(maps))
    }
}
