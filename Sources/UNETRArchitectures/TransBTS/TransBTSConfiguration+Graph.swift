import UNETRGraphs
import UNETRSupport

extension TransBTSConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder, lowest = channels(3)
        var maps = try encoder(input, writer)
        let bottom = builder.relu(try writer.normalized(maps.removeLast(), .batch, "bn", lowest))
        let embedded = writer.tokens(try writer.convolution(bottom, "conv_x", from: lowest, to: hiddenSize, bias: true), hiddenSize)
        var tokens = builder.add(embedded, try writer.constant("position_encoding.position_embeddings", [1, grid.voxels, hiddenSize]))
        for layer in 0..<layers {
            // The published list holds attentions at even places and linear layers at odd ones.
            let one = "transformer.net.\(2 * layer).fn", two = "transformer.net.\(2 * layer + 1).fn"
            tokens = try builder.in("transformer.\(layer)") {
                try writer.transformerBlock(
                    tokens, norms: ("\(one).norm", "\(two).norm"), attention: .joined("\(one).fn", bias: false), feedForward: "\(two).fn",
                    names: ("net.0", "net.3"), channels: hiddenSize, hidden: feedForwardSize, heads: heads, tokens: grid.voxels)
            }
        }
        let volume = writer.volume(tokens, hiddenSize, grid: grid)
        var x = try pair(pair(volume, "Enblock8_1", from: hiddenSize, to: lowest, isResidual: false, writer), "Enblock8_2", from: lowest, to: lowest, writer)
        for level in (0..<3).reversed() {
            let place = "DeUp\(level + 2)", channels = channels(level)
            x = try builder.in(place) {
                let reduced = try writer.convolution(x, "\(place).conv1", from: 2 * channels, to: channels, kernel: [1, 1, 1], bias: true)
                let merged = try merged(reduced, with: maps.removeLast(), place, channels, writer)
                return try pair(merged, "DeBlock\(level + 2)", from: channels, to: channels, writer)
            }
        }
        return try writer.convolution(x, "endconv", from: featureSize, to: classes, kernel: [1, 1, 1], bias: true)
    }

    /// A map made larger and brought together with the encoder's.
    private func merged(
        _ x: Graph.Value, with skip: Graph.Value, _ place: String, _ channels: Int, _ writer: NetworkGraphWriter
    ) throws -> Graph.Value {
        if writer.form == .fast {
            return try JoinedConvolution(
                writer, "\(place).conv2", "\(place).conv3", from: channels, middle: channels, skips: channels, to: channels, kernel: [1, 1, 1],
                stride: [2, 2, 2], skipsFirst: true, bias: true)(x, skip: skip)
        }
        let raised = try writer.transposedConvolution(x, "\(place).conv2", from: channels, to: channels, stride: [2, 2, 2], bias: true)
        let joined = writer.builder.concatenated([skip, raised], axis: 1)
        return try writer.convolution(joined, "\(place).conv3", from: 2 * channels, to: channels, kernel: [1, 1, 1], bias: true)
    }

    /// `TransBTSEncoder`: the maps of all levels, finest first.
    private func encoder(_ input: Graph.Value, _ writer: NetworkGraphWriter) throws -> [Graph.Value] {
        var x = try writer.convolution(input, "Unet.InitConv.conv", from: inputChannels, to: featureSize, bias: true)
        return try Self.blocks.enumerated().map { level, names in
            let channels = channels(level)
            if level > 0 {
                x = try writer.convolution(x, "Unet.EnDown\(level).conv", from: channels / 2, to: channels, stride: [2, 2, 2], bias: true)
            }
            for name in names {
                let scope = "Unet.\(name)"
                x = try writer.builder.in(scope) {
                    try writer.preactivationBlock(
                        x, norms: ("\(scope).bn1", "\(scope).bn2"), convolutions: ("\(scope).conv1", "\(scope).conv2"), channels: channels,
                        groups: Self.groups, grid: size(level), bias: true)
                }
            }
            return x
        }
    }

    /// `TransBTSPair`: two convolutions, each with batch normalization and ReLU, and where it is residual the input added.
    private func pair(
        _ x: Graph.Value, _ scope: String, from inputs: Int, to outputs: Int, isResidual: Bool = true, _ writer: NetworkGraphWriter
    ) throws -> Graph.Value {
        try writer.builder.in(scope) {
            let y = try (1...2).reduce(x) { y, index in
                writer.builder.relu(
                    try writer.normalizedConvolution(
                        y, "\(scope).conv\(index)", from: index == 1 ? inputs : outputs, to: outputs, bias: true, norm: .batch, "\(scope).bn\(index)"))
            }
            return isResidual ? writer.builder.add(y, x) : y
        }
    }
}
