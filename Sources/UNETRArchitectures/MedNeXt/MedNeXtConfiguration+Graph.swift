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
        if block.change == .doubled, self.kernel > 1, writer.form == .fast { return try raised(x, block, writer) }
        let kernel = Size3 { _ in self.kernel }, half = Size3 { _ in self.kernel / 2 }, stride: Size3 = block.change == .none ? [1, 1, 1] : [2, 2, 2]
        let hasBias = writer.form == .readable  // The normalization takes it away.
        let filtered =
            try block.change == .doubled
            ? writer.transposedConvolution(
                x, "\(path).conv1", from: inputs, to: inputs, kernel: kernel, stride: stride, padding: half, groups: inputs, bias: hasBias)
            : writer.convolution(x, "\(path).conv1", from: inputs, to: inputs, kernel: kernel, stride: stride, groups: inputs, bias: hasBias)
        let inner = try widened(filtered, block, writer)
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

    /// What the depthwise convolution gave, normalized, with more channels and behind the GELU.
    private func widened(_ filtered: Graph.Value, _ block: Block, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let path = block.path, inputs = channels(block.level), wide = inputs * block.expansion
        let normalized = try writer.normalized(filtered, .affineInstance(scale: 1), "\(path).norm", inputs)
        let inner = writer.builder.gelu(try writer.convolution(normalized, "\(path).conv2", from: inputs, to: wide, kernel: [1, 1, 1], bias: true))
        return block.globalResponse ? try strengthened(inner, path, wide, writer) : inner
    }

    /// The block to twice the size without strided depthwise kernels, which OpenVINO has no quick code for: zeros are put between the voxels,
    /// and a plain depthwise convolution with the kernel turned around follows. The shortcut's transposed convolution puts its plane of
    /// zeros by itself, with kernels of two voxels of which only the second has a weight; its bias goes where there is no plane.
    private func raised(_ x: Graph.Value, _ block: Block, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder, path = block.path, inputs = channels(block.level), wide = inputs * block.expansion, outputs = inputs / 2
        let weight = try writer.floats("\(path).conv1.weight", [inputs, 1, kernel, kernel, kernel]), voxels = kernel * kernel * kernel
        let turned = (0..<inputs).flatMap { weight[$0 * voxels..<($0 + 1) * voxels].reversed() }
        let filtered = builder.convolution(
            spread(x, from: block.level, builder), builder.constant(turned, [inputs, 1, kernel, kernel, kernel], key: "\(path).conv1.weight, turned"),
            kernel: Array(repeating: kernel, count: 3), padding: Array(repeating: kernel / 2, count: 3),
            behind: Array(repeating: kernel / 2 - 1, count: 3), groups: inputs)
        let biases = zip(try writer.floats("\(path).conv3.bias", [outputs]), try writer.floats("\(path).res_conv.bias", [outputs])).map { $0 + $1 }
        let compressed = builder.convolution(
            try widened(filtered, block, writer), try writer.constant("\(path).conv3.weight", [outputs, wide, 1, 1, 1]),
            bias: builder.constant(biases, [outputs], key: "\(path).conv3.bias, both"), kernel: [1, 1, 1])
        let shortcut = try writer.floats("\(path).res_conv.weight", [inputs, outputs, 1, 1, 1]).flatMap { Array(repeating: Float(0), count: 7) + [$0] }
        return builder.add(
            builder.padded(compressed, before: [0, 0, 1, 1, 1], behind: [0, 0, 0, 0, 0]),
            builder.transposedConvolution(
                x, builder.constant(shortcut, [inputs, outputs, 2, 2, 2], key: "\(path).res_conv.weight, spread"), stride: [2, 2, 2]))
    }

    /// [N, C, D, H, W] → twice the size, with zeros at odd places.
    private func spread(_ x: Graph.Value, from level: Int, _ builder: GraphBuilder) -> Graph.Value {
        let size = size(level: level - 1)
        return (0..<3).reduce(builder.repeated(x, [2, 2, 2])) { x, axis in
            var shape = [1, 1, 1, 1, 1]
            shape[axis + 2] = size[axis]
            return builder.multiply(x, builder.constant((0..<size[axis]).map { $0.isMultiple(of: 2) ? 1 : 0 }, shape))
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
