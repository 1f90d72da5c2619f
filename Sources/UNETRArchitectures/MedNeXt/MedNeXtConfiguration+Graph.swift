import UNETRGraphs
import UNETRSupport

extension MedNeXtConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder
        var x = try writer.convolution(input, "stem", from: inputChannels, to: featureSize, kernel: [1, 1, 1], bias: true)
        var skips: [Graph.Value] = []
        for stage in stages {
            x = try stage.blocks.reduce(x) { x, block in try builder.in(block.path) { try self.block(x, block, writer) } }
            if stage.path.hasPrefix("enc_block") { skips.append(x) }
            if stage.path.hasPrefix("up_") { x = builder.add(x, skips.removeLast()) }
        }
        return try writer.transposedConvolution(x, "out_0.conv_out", from: featureSize, to: classes, stride: [1, 1, 1], bias: true)
    }

    /// See `MedNeXtBlock`.
    private func block(_ x: Graph.Value, _ block: Block, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder, path = block.path, inputs = channels(block.level), wide = inputs * block.expansion
        let kernel = Size3 { _ in self.kernel }, half = Size3 { _ in self.kernel / 2 }, stride: Size3 = block.change == .none ? [1, 1, 1] : [2, 2, 2]
        let hasBias = writer.form == .readable  // The normalization takes it away.
        let filtered =
            try block.change == .doubled
            ? writer.transposedConvolution(
                x, "\(path).conv1", from: inputs, to: inputs, kernel: kernel, stride: stride, padding: half, groups: inputs, bias: hasBias)
            : writer.convolution(x, "\(path).conv1", from: inputs, to: inputs, kernel: kernel, stride: stride, groups: inputs, bias: hasBias)
        let normalized = try writer.normalized(filtered, .affineInstance(scale: 1), "\(path).norm", inputs)
        var inner = builder.gelu(try writer.convolution(normalized, "\(path).conv2", from: inputs, to: wide, kernel: [1, 1, 1], bias: true))
        if block.globalResponse { inner = try strengthened(inner, path, wide, writer) }
        func compressed(to outputs: Int) throws -> Graph.Value {
            try writer.convolution(inner, "\(path).conv3", from: wide, to: outputs, kernel: [1, 1, 1], bias: true)
        }
        switch block.change {
        case .none: return builder.add(try compressed(to: inputs), x)
        case .halved:
            let shortcut = try writer.convolution(x, "\(path).res_conv", from: inputs, to: 2 * inputs, kernel: [1, 1, 1], stride: stride, bias: true)
            return builder.add(try compressed(to: 2 * inputs), shortcut)
        case .doubled:
            let shortcut = try writer.transposedConvolution(
                x, "\(path).res_conv", from: inputs, to: inputs / 2, kernel: [1, 1, 1], stride: stride, bias: true)
            // Both have 2n − 1 voxels along a side of n; the published code puts a plane of zeros before them.
            return builder.padded(builder.add(try compressed(to: inputs / 2), shortcut), before: [0, 0, 1, 1, 1], behind: [0, 0, 0, 0, 0])
        }
    }

    /// Global response normalization: channels that respond strongly over the whole volume strengthened against the others.
    private func strengthened(_ x: Graph.Value, _ path: String, _ channels: Int, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder, shape = [1, channels, 1, 1, 1]
        let length = builder.length(x, [2, 3, 4])
        let share = builder.divide(length, builder.add(builder.mean(length, [1]), builder.constant(1e-6)))
        let gamma = try writer.constant("\(path).grn_gamma", shape), beta = try writer.constant("\(path).grn_beta", shape)
        // γ(xs) + β + x, with what is known of a channel taken together first.
        return builder.add(builder.multiply(x, builder.add(builder.multiply(gamma, share), builder.constant(1))), beta)
    }
}
