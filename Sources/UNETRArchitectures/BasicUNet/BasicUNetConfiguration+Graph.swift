import UNETRGraphs
import UNETRSupport

extension BasicUNetConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder
        func pair(_ x: Graph.Value, _ place: String, from inputs: Int, to outputs: Int) throws -> Graph.Value {
            try builder.in(place) {
                let inner = try writer.convolution(x, "\(place).conv_0", from: inputs, to: outputs, unit)
                return try writer.convolution(inner, "\(place).conv_1", from: outputs, to: outputs, unit)
            }
        }
        var x = try pair(input, "conv_0", from: inputChannels, to: features[0])
        var maps = [x]
        for level in 1...4 {
            x = try pair(builder.maximumPool(x, [2, 2, 2]), "down_\(level).convs", from: features[level - 1], to: features[level])
            maps.append(x)
        }
        for step in steps {
            let place = "upcat_\(step.level + 1)"
            let raised = try writer.transposedConvolution(
                x, "\(place).upsample.deconv", from: step.inputs, to: step.upsampled, stride: [2, 2, 2], bias: true)
            let filled = builder.extended(raised, from: size(step.level + 1).multiplied(by: [2, 2, 2]), to: size(step.level))
            x = try pair(
                builder.concatenated([maps[step.level], filled], axis: 1), "\(place).convs", from: features[step.level] + step.upsampled,
                to: step.outputs)
        }
        return try writer.convolution(x, "final_conv", from: features[5], to: classes, kernel: [1, 1, 1], bias: true)
    }
}

extension GraphBuilder {
    /// [N, C, D, H, W] with the last slice of each axis repeated where a size is too small by one, as pooling leaves it.
    fileprivate func extended(_ x: Graph.Value, from size: Size3, to target: Size3) -> Graph.Value {
        (0..<3).reduce(x) { x, axis in
            size[axis] == target[axis] ? x : concatenated([x, sliced(x, size[axis] - 1..<size[axis], axis: axis + 2)], axis: axis + 2)
        }
    }
}
