import UNETRGraphs
import UNETRSupport

extension SETRConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let blocks = try VisionTransformerGraph(encoder, writer, "vit")(input).blocks
        let tokens = featureLayers.map { blocks[$0] }
        return try writer.builder.in("decode_head") {
            switch decoder {
            case .naive, .progressive: try plain(tokens[0], writer)
            case .multiLevel: try multiLevel(tokens, writer)
            }
        }
    }

    /// The naive and the progressive decoder.
    private func plain(_ tokens: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let steps = decoder == .naive ? 1 : 4, kernel: Size3 = decoder == .naive ? [1, 1, 1] : [3, 3, 3], width = decoderChannels
        var x = try volume(tokens, "norm", writer)
        for index in 0..<steps {
            x = try unit(
                x, "decode_head.conv_\(index)", "decode_head.syncbn_fc_\(index)", from: index == 0 ? hiddenSize : width, to: width, kernel: kernel,
                bias: true, writer)
            if index < steps - 1 { x = writer.builder.interpolated(x, [2, 2, 2]) }
        }
        let logits = try writer.convolution(x, "decode_head.conv_\(steps)", from: width, to: classes, kernel: [1, 1, 1], bias: true)
        let factor = 16 >> (steps - 1)
        return writer.builder.interpolated(logits, [factor, factor, factor])
    }

    /// The multi-level decoder: maps of four depths, each with those of later ones added, and a head for each.
    private func multiLevel(_ tokens: [Graph.Value], _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder, width = decoderChannels, narrow = headChannels, scope = "decode_head"
        func unit(_ x: Graph.Value, _ key: String, place: Int = 0, from inputs: Int, to outputs: Int, kernel: Size3 = [3, 3, 3]) throws -> Graph.Value {
            try self.unit(x, "\(key).\(place)", "\(key).\(place + 1)", from: inputs, to: outputs, kernel: kernel, bias: false, writer)
        }
        var sums = try (0..<4).map { index in
            try unit(
                volume(tokens[index], "norm_\(index)", writer), "\(scope).mla.mla_p\(index + 2)_1x1", from: hiddenSize, to: width, kernel: [1, 1, 1])
        }
        for index in (0..<3).reversed() { sums[index] = builder.add(sums[index], sums[index + 1]) }
        let raised = try (0..<4).map { index in
            let map = try unit(sums[index], "\(scope).mla.mla_p\(index + 2)", from: width, to: width), head = "\(scope).mlahead.head\(index + 2)"
            let fine = try unit(unit(map, head, from: width, to: narrow), head, place: 3, from: narrow, to: narrow)
            return builder.interpolated(fine, [4, 4, 4], aligningCorners: true)
        }
        let logits = try writer.convolution(builder.concatenated(raised, axis: 1), "\(scope).cls", from: 4 * narrow, to: classes, bias: true)
        return builder.interpolated(logits, [4, 4, 4])
    }

    /// `BatchUnit`: a convolution, batch normalization and ReLU.
    private func unit(
        _ x: Graph.Value, _ key: String, _ norm: String, from inputs: Int, to outputs: Int, kernel: Size3, bias: Bool, _ writer: NetworkGraphWriter
    ) throws -> Graph.Value {
        writer.builder.relu(
            try writer.normalizedConvolution(x, key, from: inputs, to: outputs, kernel: kernel, bias: bias, norm: .batch, norm))
    }

    /// Normalized tokens as [N, C, d, h, w].
    private func volume(_ tokens: Graph.Value, _ norm: String, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        writer.volume(try writer.layerNorm(tokens, "decode_head.\(norm)", hiddenSize, epsilon: 1e-6), hiddenSize, grid: grid)
    }
}
