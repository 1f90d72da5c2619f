import UNETRGraphs
import UNETRSupport

extension STUNetConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder
        var x = input
        let maps = try features.indices.map { stage in
            x = try blocks(
                x, "conv_blocks_context.\(stage)", stage, from: stage == 0 ? inputChannels : features[stage - 1],
                stride: stage == 0 ? [1, 1, 1] : strides[stage - 1], writer)
            return x
        }
        for (index, stage) in decoderStages.enumerated() {
            // Voxel by voxel, so it may as well come before the voxels are repeated.
            let map = try writer.convolution(
                x, "upsample_layers.\(index).conv", from: features[stage + 1], to: features[stage], kernel: [1, 1, 1], bias: true)
            let joined = builder.concatenated([builder.repeated(map, Array(strides[stage])), maps[stage]], axis: 1)
            x = try blocks(joined, "conv_blocks_localization.\(index)", stage, from: 2 * features[stage], stride: [1, 1, 1], writer)
        }
        return try writer.convolution(x, "seg_outputs.\(decoderStages.count - 1)", from: features[0], to: classes, kernel: [1, 1, 1], bias: true)
    }

    /// The residual blocks of a stage, of which the first has a convolution around it.
    private func blocks(
        _ x: Graph.Value, _ scope: String, _ stage: Int, from inputs: Int, stride: Size3, _ writer: NetworkGraphWriter
    ) throws -> Graph.Value {
        let builder = writer.builder, outputs = features[stage], norm = NormKind.affineInstance(scale: 1)
        return try (0..<depths[stage]).reduce(x) { x, index in
            let place = "\(scope).\(index)", inputs = index == 0 ? inputs : outputs, stride = index == 0 ? stride : [1, 1, 1]
            return try builder.in(place) {
                let inner = try writer.normalizedConvolution(
                    x, "\(place).conv1", from: inputs, to: outputs, kernel: kernels[stage], stride: stride, bias: true, norm: norm, "\(place).norm1")
                let outer = try writer.normalizedConvolution(
                    builder.leakyReLU(inner), "\(place).conv2", from: outputs, to: outputs, kernel: kernels[stage], bias: true, norm: norm,
                    "\(place).norm2")
                let shortcut =
                    try index == 0
                    ? writer.convolution(x, "\(place).conv3", from: inputs, to: outputs, kernel: [1, 1, 1], stride: stride, bias: true) : x
                return builder.leakyReLU(builder.add(outer, shortcut))
            }
        }
    }
}
