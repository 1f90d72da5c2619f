import UNETRGraphs
import UNETRSupport

extension TransUNetConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder, (skips, last) = try backbone(input, writer)
        func unit(_ x: Graph.Value, _ key: String, from inputs: Int, to outputs: Int) throws -> Graph.Value {
            builder.relu(
                try writer.normalizedConvolution(x, "\(key).0", from: inputs, to: outputs, kernel: [1, 3, 3], norm: .batch, "\(key).1"))
        }
        var x = try unit(writer.mapTransformer(last, "transformer", transformer), "decoder.conv_more", from: hiddenSize, to: headChannels)
        let inputs = [headChannels] + decoderChannels
        for (index, outputs) in decoderChannels.enumerated() {
            let place = "decoder.blocks.\(index)"
            x = try builder.in(place) {
                let raised = builder.interpolated(x, [1, 2, 2], aligningCorners: true)
                let joined = index < skips.count ? builder.concatenated([raised, skips[skips.count - 1 - index]], axis: 1) : raised
                let inner = try unit(joined, "\(place).conv1", from: inputs[index] + skipChannels[index], to: outputs)
                return try unit(inner, "\(place).conv2", from: outputs, to: outputs)
            }
        }
        return try writer.convolution(x, "segmentation_head.0", from: decoderChannels[3], to: classes, kernel: [1, 3, 3], bias: true)
    }

    /// `TransUNetBackbone`: the maps at a half, a quarter and an eighth of the size, and the last one.
    private func backbone(_ input: Graph.Value, _ writer: NetworkGraphWriter) throws -> (skips: [Graph.Value], last: Graph.Value) {
        let builder = writer.builder, scope = "transformer.embeddings.hybrid_model"
        let first = try writer.imageConvolution(
            input, "\(scope).root.conv", from: inputChannels, images: imageChannels, to: featureSize, kernel: [1, 7, 7], stride: [1, 2, 2],
            padding: [0, 3, 3], standardized: true, bias: false)
        let half = builder.relu(
            try writer.normalized(first, .group(Self.groups), "\(scope).root.gn", featureSize, epsilon: 1e-6, grid: size(level: 1)))
        var skips = [half], map = builder.maximumPool(half, [1, 3, 3], stride: [1, 2, 2])
        for (stage, depth) in depths.enumerated() {
            let inner = channels(stage: stage), grid = size(stage: stage)
            for unit in 0..<depth {
                let place = "\(scope).body.block\(stage + 1).unit\(unit + 1)"
                map = try builder.in(place) {
                    try bottleneck(
                        map, place, from: unit > 0 ? 4 * inner : stage == 0 ? featureSize : 2 * inner, inner: inner,
                        stride: unit == 0 && stage > 0 ? 2 : 1, from: unit > 0 || stage == 0 ? grid : size(stage: stage - 1), to: grid, writer)
                }
            }
            guard stage < depths.count - 1 else { break }
            // The pooling loses the last row and column, which the decoder expects.
            let wanted = size(level: stage + 2), missing = (0..<3).map { wanted[$0] - grid[$0] }
            skips.append(missing == [0, 0, 0] ? map : builder.padded(map, before: [0, 0, 0, 0, 0], behind: [0, 0] + missing))
        }
        return (skips, map)
    }

    /// `TransUNetBottleneck`: three convolutions with group normalization, and the input added.
    private func bottleneck(
        _ x: Graph.Value, _ scope: String, from inputs: Int, inner: Int, stride: Int, from coarser: Size3, to grid: Size3, _ writer: NetworkGraphWriter
    ) throws -> Graph.Value {
        let builder = writer.builder, outputs = 4 * inner
        func unit(_ x: Graph.Value, _ number: Int, from inputs: Int, to outputs: Int, side: Int, stride: Int = 1, grid: Size3) throws -> Graph.Value {
            let convolved = try writer.standardizedConvolution(
                x, "\(scope).conv\(number)", from: inputs, to: outputs, kernel: [1, side, side], stride: [1, stride, stride])
            return try writer.normalized(convolved, .group(Self.groups), "\(scope).gn\(number)", outputs, epsilon: 1e-6, grid: grid)
        }
        let one = builder.relu(try unit(x, 1, from: inputs, to: inner, side: 1, grid: coarser))
        let two = builder.relu(try unit(one, 2, from: inner, to: inner, side: 3, stride: stride, grid: grid))
        let three = try unit(two, 3, from: inner, to: outputs, side: 1, grid: grid)
        guard stride > 1 || inputs != outputs else { return builder.relu(builder.add(three, x)) }
        let projected = try writer.standardizedConvolution(
            x, "\(scope).downsample", from: inputs, to: outputs, kernel: [1, 1, 1], stride: [1, stride, stride])
        let shortcut = try writer.normalized(projected, .group(outputs), "\(scope).gn_proj", outputs, grid: grid)
        return builder.relu(builder.add(three, shortcut))
    }
}
