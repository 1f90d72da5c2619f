import UNETRGraphs
import UNETRSupport

extension DynUNetConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        var x = input
        let maps = try features.indices.map { stage in
            x = try writer.builder.in(path(stage)) {
                try writer.residualBlock(
                    x, path(stage), from: stage == 0 ? inputChannels : features[stage - 1], to: features[stage], kernel: kernels[stage],
                    stride: stage == 0 ? [1, 1, 1] : strides[stage - 1], norm: norm.kind, isResidual: residual)
            }
            return x
        }
        for (index, stage) in decoderStages.enumerated() {
            x = try writer.upsamplingBlock(
                x, skip: maps[stage], "upsamples.\(index)", from: features[stage + 1], to: features[stage], kernel: kernels[stage + 1],
                stride: strides[stage], bias: upsamplingBias, norm: norm.kind, isResidual: false)
        }
        return try writer.convolution(x, "output_block.conv.conv", from: features[0], to: classes, kernel: [1, 1, 1], bias: true)
    }
}
