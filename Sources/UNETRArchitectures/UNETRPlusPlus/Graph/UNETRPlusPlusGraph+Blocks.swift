import UNETRArchives
import UNETRGraphs
import UNETRSupport

extension UNETRPlusPlusGraph {
    /// [N, C, D, H, W] → the same, on the token grid of a stage.
    func transformerBlock(_ x: Graph.Value, _ scope: String, stage: Int, projected: Int) throws -> Graph.Value {
        let (channels, tokens) = (configuration.stageChannels[stage], configuration.tokens(stage: stage))
        let positions = try constant("\(scope).pos_embed", [1, tokens, channels])
        let t = builder.add(asTokens(x, channels), positions)
        let normalized = builder.layerNorm(
            t, scale: try constant("\(scope).norm.weight", [channels]), bias: try constant("\(scope).norm.bias", [channels]),
            epsilon: Self.epsilon)
        let attended = try builder.in("attention") {
            let attention = PairedAttentionGraph(self, scope, channels: channels, tokens: tokens, projected: projected)
            return form == .fast ? try attention.fromGramMatrix(normalized) : try attention.asPublished(normalized)
        }
        let volume = asVolume(builder.add(t, attended), channels, stage: stage)
        var residual = try batchResidual(volume, "\(scope).conv51", channels)
        if configuration.residualBlocks == 2 { residual = try batchResidual(residual, "\(scope).conv52", channels) }
        let outer = builder.convolution(
            residual, try constant("\(scope).conv8.1.weight", [channels, channels, 1, 1, 1]),
            bias: try constant("\(scope).conv8.1.bias", [channels]), kernel: [1, 1, 1])
        return builder.add(volume, outer)
    }

    /// [N, C, D, H, W] → [N, T, C].
    private func asTokens(_ x: Graph.Value, _ channels: Int) -> Graph.Value {
        guard form == .fast else { return builder.transpose(builder.reshape(x, [0, channels, -1]), [0, 2, 1]) }
        // The channels split in two, because OpenVINO moves blocks of four axes several times faster than it transposes three.
        let split = builder.reshape(x, [0, channels % 4 == 0 ? 4 : 2, channels / (channels % 4 == 0 ? 4 : 2), -1])
        return builder.reshape(builder.transpose(split, [0, 3, 1, 2]), [0, -1, channels])
    }

    /// [N, T, C] → [N, C, D, H, W]. In this order of the two steps a runtime with channels-last volumes has nothing to move.
    private func asVolume(_ tokens: Graph.Value, _ channels: Int, stage: Int) -> Graph.Value {
        builder.transpose(builder.reshape(tokens, [0] + configuration.grid(stage: stage) + [channels]), [0, 4, 1, 2, 3])
    }

    // MARK: Residual blocks

    /// A residual block with batch normalization, C → C.
    private func batchResidual(_ x: Graph.Value, _ scope: String, _ channels: Int) throws -> Graph.Value {
        let inner = builder.leakyReLU(try normalizedConvolution(x, "\(scope).conv1.conv", "\(scope).norm1", channels))
        let outer = try normalizedConvolution(inner, "\(scope).conv2.conv", "\(scope).norm2", channels)
        return builder.leakyReLU(builder.add(outer, x))
    }

    private func normalizedConvolution(_ x: Graph.Value, _ convolution: String, _ norm: String, _ channels: Int) throws -> Graph.Value {
        let shape = [channels, channels, 3, 3, 3]
        if form == .readable {
            let y = builder.convolution(x, try constant("\(convolution).weight", shape), kernel: [3, 3, 3], padding: [1, 1, 1])
            return builder.batchNorm(
                y, scale: try constant("\(norm).weight", [channels]), bias: try constant("\(norm).bias", [channels]),
                mean: try constant("\(norm).running_mean", [channels]), variance: try constant("\(norm).running_var", [channels]),
                epsilon: Self.epsilon)
        }
        let scale = try weights.floats("\(norm).weight", [channels]), bias = try weights.floats("\(norm).bias", [channels])
        let mean = try weights.floats("\(norm).running_mean", [channels]), variance = try weights.floats("\(norm).running_var", [channels])
        let factors = zip(scale, variance).map { $0 / ($1 + Self.epsilon).squareRoot() }
        let folded = GraphMatrix(try weights.floats("\(convolution).weight", shape), rows: channels, columns: channels * 27).rowsScaled(factors)
        let shift = (0..<channels).map { bias[$0] - mean[$0] * factors[$0] }
        return builder.convolution(
            x, builder.constant(folded.values, shape, key: "\(convolution).weight, normalised"),
            bias: builder.constant(shift, [channels], key: "\(convolution).bias, normalised"), kernel: [3, 3, 3], padding: [1, 1, 1])
    }

    /// A residual block with instance normalization, which has no parameters.
    func instanceResidual(_ x: Graph.Value, _ scope: String, from inputs: Int, to outputs: Int) throws -> Graph.Value {
        let inner = builder.leakyReLU(try instanceNormalized(x, "\(scope).conv1.conv.weight", [outputs, inputs, 3, 3, 3]))
        let outer = try instanceNormalized(inner, "\(scope).conv2.conv.weight", [outputs, outputs, 3, 3, 3])
        let direct =
            if inputs == outputs {
                x
            } else if inputs == 1, form == .fast {
                try shortcut(ofOneChannel: x, "\(scope).conv3.conv.weight", outputs)
            } else {
                try instanceNormalized(x, "\(scope).conv3.conv.weight", [outputs, inputs, 1, 1, 1])
            }
        return builder.leakyReLU(builder.add(outer, direct))
    }

    private func instanceNormalized(_ x: Graph.Value, _ key: String, _ shape: [Int]) throws -> Graph.Value {
        let kernel = Array(shape[2...])
        let y = builder.convolution(x, try constant(key, shape), kernel: kernel, padding: kernel.map { $0 / 2 })
        return builder.instanceNorm(
            y, scale: builder.constant(Array(repeating: 1, count: shape[0]), [shape[0]]),
            bias: builder.constant(Array(repeating: 0, count: shape[0]), [shape[0]]), epsilon: Self.epsilon)
    }

    /// The instance-normalized 1×1×1 convolution of one channel with mean μ and variance v: (x − μ) · w / √(w²v + ε).
    ///
    /// So the channels need not be made to know their statistics, and the product goes into the sum it is made for.
    private func shortcut(ofOneChannel x: Graph.Value, _ key: String, _ outputs: Int) throws -> Graph.Value {
        let weight = try weights.floats(key, [outputs, 1, 1, 1, 1]), shape = [1, outputs, 1, 1, 1]
        let centered = builder.subtract(x, builder.mean(x, [2, 3, 4]))
        let variance = builder.mean(builder.multiply(centered, centered), [2, 3, 4])
        let variances = builder.multiply(variance, builder.constant(weight.map { $0 * $0 }, shape))
        let deviations = builder.squareRoot(builder.add(variances, builder.constant(Self.epsilon)))
        return builder.multiply(centered, builder.divide(builder.constant(weight, shape, key: key), deviations))
    }

    /// Group normalization as instance normalization of the groups, then a scale and a shift for each channel.
    func groupNorm(_ x: Graph.Value, _ scope: String, _ channels: Int, groups: Int, grid: Size3) throws -> Graph.Value {
        let normalized = builder.instanceNorm(
            builder.reshape(x, [0, groups, -1]), scale: builder.constant(Array(repeating: 1, count: groups), [groups]),
            bias: builder.constant(Array(repeating: 0, count: groups), [groups]), epsilon: Self.epsilon)
        let shape = [1, channels, 1, 1, 1]
        let scale = builder.constant(try weights.floats("\(scope).weight", [channels]), shape, key: "\(scope).weight")
        let shift = builder.constant(try weights.floats("\(scope).bias", [channels]), shape, key: "\(scope).bias")
        return builder.add(builder.multiply(builder.reshape(normalized, [0, channels] + grid), scale), shift)
    }
}
