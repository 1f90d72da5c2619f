import UNETRGraphs
import UNETRSupport

extension AttentionUNetConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder
        func pair(_ x: Graph.Value, _ place: String, from inputs: Int, to outputs: Int, stride: Size3) throws -> Graph.Value {
            try builder.in(place) {
                let inner = try writer.convolution(x, "\(place).0", from: inputs, to: outputs, unit(stride: stride))
                return try writer.convolution(inner, "\(place).1", from: outputs, to: outputs, unit())
            }
        }
        var x = try pair(input, "model.0.conv", from: inputChannels, to: channels[0], stride: [1, 1, 1])
        var maps: [Graph.Value] = []
        for level in strides.indices {
            maps.append(x)
            x = try pair(x, "\(lowerPath(level)).conv", from: channels[level], to: channels[level + 1], stride: strides[level])
        }
        for level in strides.indices.reversed() {
            let here = channels[level]
            x = try builder.in(path(level)) {
                let raised = try writer.convolution(x, "\(path(level)).upconv.up", from: channels[level + 1], to: here, upsampling(level))
                let kept = try attended(maps[level], gate: raised, "\(path(level)).attention", here, writer)
                return try writer.convolution(builder.concatenated([kept, raised], axis: 1), "\(path(level)).merge", from: 2 * here, to: here, merge)
            }
        }
        return try writer.convolution(x, "model.2.conv", from: channels[0], to: classes, kernel: [1, 1, 1], bias: true)
    }

    /// See `AttentionGate`.
    private func attended(
        _ skip: Graph.Value, gate: Graph.Value, _ place: String, _ channels: Int, _ writer: NetworkGraphWriter
    ) throws -> Graph.Value {
        func map(_ x: Graph.Value, _ name: String, from inputs: Int, to outputs: Int) throws -> Graph.Value {
            try writer.normalizedConvolution(
                x, "\(place).\(name).0.conv", from: inputs, to: outputs, kernel: [1, 1, 1], bias: true, norm: .batch, "\(place).\(name).1")
        }
        let builder = writer.builder
        let both = builder.add(
            try map(gate, "W_g", from: channels, to: channels / 2), try map(skip, "W_x", from: channels, to: channels / 2))
        return builder.multiply(skip, builder.sigmoid(try map(builder.relu(both), "psi", from: channels / 2, to: 1)))
    }
}
