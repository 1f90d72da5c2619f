import UNETRArchives
import UNETRGraphs
import UNETRSupport

/// What every network is written as a graph with: the builder, the weights by their keys, and the form.
///
/// Layers that several networks have stand here once, under the keys that they have in checkpoints. In the fast form a layer does what
/// costs a compiled network least: batch normalizations are folded into convolutions, biases that a normalization takes away are left out.
struct NetworkGraphWriter {
    let builder: GraphBuilder
    let form: GraphForm
    private let weights: StateDictionary
    private let rules: any PublishedKeys

    /// That of every instance, batch and group normalization in the networks.
    static let epsilon: Float = 1e-5

    /// - Parameters:
    ///   - weights: under the network's keys, or those of an older release.
    ///   - rules: what older releases called them.
    init(_ builder: GraphBuilder, _ weights: StateDictionary, rules: any PublishedKeys, form: GraphForm) throws {
        (self.builder, self.rules, self.form) = (builder, rules, form)
        self.weights = try rules.translated(weights)
    }

    // MARK: Weights

    /// The numbers of a weight, for folding.
    /// - Throws: `StateError` where it is missing or has another shape.
    func floats(_ key: String, _ shape: [Int]) throws -> [Float] {
        if weights[key] == nil, let value = rules.value(ofMissing: key) { return Array(repeating: Float(value), count: shape.reduce(1, *)) }
        // The weights of two-dimensional layers are [O, I, h, w] in checkpoints.
        if shape.count == 5, shape[2] == 1, weights[key]?.shape.count == 4 { return try weights.floats(key, Array(shape[..<2] + shape[3...])) }
        return try weights.floats(key, shape)
    }

    /// A weight as it is in the checkpoint, under its own key.
    /// - Throws: `StateError` where it is missing or has another shape.
    func constant(_ key: String, _ shape: [Int]) throws -> Graph.Value { builder.constant(try floats(key, shape), shape, key: key) }

    /// A value for each channel, to be added to or multiplied with [N, C, D, H, W].
    func byChannel(_ key: String, _ channels: Int) throws -> Graph.Value {
        builder.constant(try floats(key, [channels]), [1, channels, 1, 1, 1], key: key)
    }

    // MARK: Convolutions

    /// A convolution whose weights stand at `key`.weight, and its bias, if it has one, at `key`.bias.
    ///
    /// - Parameters:
    ///   - padding: at both ends; what keeps the size at stride 1 when nil.
    ///   - x: [N, inputs, D, H, W].
    func convolution(
        _ x: Graph.Value, _ key: String, from inputs: Int, to outputs: Int, kernel: Size3 = [3, 3, 3], stride: Size3 = [1, 1, 1],
        padding: Size3? = nil, groups: Int = 1, bias: Bool = false
    ) throws -> Graph.Value {
        let weight = try constant("\(key).weight", [outputs, inputs / groups] + kernel)
        return builder.convolution(
            x, weight, bias: bias ? try constant("\(key).bias", [outputs]) : nil, kernel: Array(kernel), stride: Array(stride),
            padding: Array(padding ?? kernel.halved), groups: groups)
    }

    /// A transposed convolution with the same keys; its kernel is as large as the stride when nil.
    /// - Parameter padding: how much is cut off at both ends.
    /// - Parameter outputPadding: how much is added at the far end.
    func transposedConvolution(
        _ x: Graph.Value, _ key: String, from inputs: Int, to outputs: Int, kernel: Size3? = nil, stride: Size3, padding: Size3 = [0, 0, 0],
        outputPadding: Size3 = [0, 0, 0], groups: Int = 1, bias: Bool = false
    ) throws -> Graph.Value {
        let kernel = kernel ?? stride, weight = try constant("\(key).weight", [inputs, outputs / groups] + kernel)
        return builder.transposedConvolution(
            x, weight, bias: bias ? try constant("\(key).bias", [outputs]) : nil, kernel: Array(kernel), stride: Array(stride),
            padding: Array(padding), outputPadding: Array(outputPadding), groups: groups)
    }

    /// A convolution with a normalization behind it.
    ///
    /// - Parameters:
    ///   - key: of the convolution.
    ///   - normKey: of the normalization.
    ///   - grid: the size [D, H, W] of the output, which only group normalization needs.
    func normalizedConvolution(
        _ x: Graph.Value, _ key: String, from inputs: Int, to outputs: Int, kernel: Size3 = [3, 3, 3], stride: Size3 = [1, 1, 1],
        padding: Size3? = nil, bias: Bool = false, norm: NormKind, _ normKey: String, grid: Size3? = nil
    ) throws -> Graph.Value {
        func convolved(bias: Bool) throws -> Graph.Value {
            try convolution(x, key, from: inputs, to: outputs, kernel: kernel, stride: stride, padding: padding, bias: bias)
        }
        guard form == .fast else { return try normalized(convolved(bias: bias), norm, normKey, outputs, grid: grid) }
        switch norm {
        case .instance where inputs == 1 && kernel == [1, 1, 1] && stride == [1, 1, 1]:
            return try normalizedProduct(ofOneChannel: x, "\(key).weight", outputs)
        case .instance, .affineInstance:  // A bias would be taken away again with the mean.
            return try normalized(convolved(bias: false), norm, normKey, outputs)
        case .group(let groups):  // Behind such convolutions, which thin out, there is little to move.
            guard let grid else { preconditionFailure("group normalization needs the size of its volume") }
            return try groupNormalizedAsInstances(convolved(bias: bias), normKey, outputs, groups: groups, Self.epsilon, grid: grid)
        case .batch:
            let (factors, shifts) = try batchNorm(normKey, outputs)
            let shape = [outputs, inputs] + kernel, columns = inputs * kernel.voxels
            let folded = GraphMatrix(try floats("\(key).weight", shape), rows: outputs, columns: columns).rowsScaled(factors)
            let added = try bias ? zip(floats("\(key).bias", [outputs]), factors).map { $0 * $1 } : Array(repeating: 0, count: outputs)
            // These names stand in the quantization.json of earlier bundles.
            return builder.convolution(
                x, builder.constant(folded.values, shape, key: "\(key).weight, normalised"),
                bias: builder.constant(zip(shifts, added).map { $0 + $1 }, [outputs], key: "\(key).bias, normalised"), kernel: Array(kernel),
                stride: Array(stride), padding: Array(padding ?? kernel.halved))
        }
    }

    /// The instance-normalized 1×1×1 convolution of one channel with mean μ and variance v: (x − μ) · w / √(w²v + ε).
    ///
    /// So the channels need not be made to know their statistics, and the product goes into the sum it is made for.
    private func normalizedProduct(ofOneChannel x: Graph.Value, _ key: String, _ outputs: Int) throws -> Graph.Value {
        let weight = try floats(key, [outputs, 1, 1, 1, 1]), shape = [1, outputs, 1, 1, 1]
        let centered = builder.subtract(x, builder.mean(x, [2, 3, 4]))
        let variance = builder.mean(builder.multiply(centered, centered), [2, 3, 4])
        let variances = builder.multiply(variance, builder.constant(weight.map { $0 * $0 }, shape))
        let deviations = builder.squareRoot(builder.add(variances, builder.constant(Self.epsilon)))
        return builder.multiply(centered, builder.divide(builder.constant(weight, shape, key: key), deviations))
    }

    // MARK: Normalizations

    /// A normalization of [N, channels, D, H, W].
    /// - Parameter grid: [D, H, W], which only group normalization needs.
    func normalized(
        _ x: Graph.Value, _ norm: NormKind, _ key: String, _ channels: Int, epsilon: Float = NetworkGraphWriter.epsilon, grid: Size3? = nil
    ) throws -> Graph.Value {
        switch norm {
        case .batch:
            return builder.batchNorm(
                x, scale: try constant("\(key).weight", [channels]), bias: try constant("\(key).bias", [channels]),
                mean: try constant("\(key).running_mean", [channels]), variance: try constant("\(key).running_var", [channels]),
                epsilon: epsilon)
        case .instance: return instanceNormalized(x, channels, epsilon)
        case .affineInstance:
            return builder.instanceNorm(
                x, scale: try constant("\(key).weight", [channels]), bias: try constant("\(key).bias", [channels]), epsilon: epsilon)
        case .group(let groups):
            guard let grid else { preconditionFailure("group normalization needs the size of its volume") }
            return form == .fast
                ? try groupNormalizedBySums(x, key, channels, groups: groups, epsilon, grid: grid)
                : try groupNormalizedAsInstances(x, key, channels, groups: groups, epsilon, grid: grid)
        }
    }

    /// Group normalization as instance normalization of the groups, then a scale and a shift for each channel.
    private func groupNormalizedAsInstances(
        _ x: Graph.Value, _ key: String, _ channels: Int, groups: Int, _ epsilon: Float, grid: Size3
    ) throws -> Graph.Value {
        let normalized = instanceNormalized(builder.reshape(x, [0, groups, -1]), groups, epsilon)
        let scale = try byChannel("\(key).weight", channels), shift = try byChannel("\(key).bias", channels)
        return builder.add(builder.multiply(builder.reshape(normalized, [0, channels] + grid), scale), shift)
    }

    /// Group normalization from each channel's sums: OpenVINO keeps the channels of a voxel together, so it would move all values to make
    /// rows of the groups, and back.
    ///
    /// Summed slice by slice first, because a sum over a whole volume loses digits.
    private func groupNormalizedBySums(
        _ x: Graph.Value, _ key: String, _ channels: Int, groups: Int, _ epsilon: Float, grid: Size3
    ) throws -> Graph.Value {
        let (width, area) = (channels / groups, Float(grid.height * grid.width))
        func meanOfGroups(_ slices: Graph.Value) -> Graph.Value {  // [N, C, D, 1, 1] → [N, G, 1]
            builder.mean(builder.reshape(builder.mean(slices, [2]), [0, groups, width]), [2])
        }
        let mean = meanOfGroups(builder.multiply(builder.sum(x, [3, 4]), builder.constant(1 / area)))
        let length = builder.multiply(builder.length(x, [3, 4]), builder.constant(1 / area.squareRoot()))
        let square = meanOfGroups(builder.multiply(length, length))
        // Rounding can take a vanishing variance below 0.
        let variance = builder.maximum(builder.subtract(square, builder.multiply(mean, mean)), builder.constant(0))
        let deviation = builder.squareRoot(builder.add(variance, builder.constant(epsilon)))
        func parameter(_ name: String) throws -> Graph.Value {
            builder.constant(try floats("\(key).\(name)", [channels]), [1, groups, width], key: "\(key).\(name)")
        }
        let factors = builder.divide(try parameter("weight"), deviation)  // [N, G, C/G]
        let shifts = builder.subtract(try parameter("bias"), builder.multiply(mean, factors))
        let shape = [0, channels, 1, 1, 1]
        return builder.add(builder.multiply(x, builder.reshape(factors, shape)), builder.reshape(shifts, shape))
    }

    private func instanceNormalized(_ x: Graph.Value, _ channels: Int, _ epsilon: Float) -> Graph.Value {
        builder.instanceNorm(
            x, scale: builder.constant(Array(repeating: 1, count: channels), [channels]),
            bias: builder.constant(Array(repeating: 0, count: channels), [channels]), epsilon: epsilon)
    }

    /// What a batch normalization with running statistics multiplies each channel with, and what it adds.
    func batchNorm(_ key: String, _ channels: Int) throws -> (factors: [Float], shifts: [Float]) {
        let scale = try floats("\(key).weight", [channels]), bias = try floats("\(key).bias", [channels])
        let mean = try floats("\(key).running_mean", [channels]), variance = try floats("\(key).running_var", [channels])
        let factors = zip(scale, variance).map { $0 / ($1 + Self.epsilon).squareRoot() }
        return (factors, (0..<channels).map { bias[$0] - mean[$0] * factors[$0] })
    }

    /// Over the channels of tokens [N, …, C].
    func layerNorm(_ x: Graph.Value, _ key: String, _ channels: Int, epsilon: Float = NetworkGraphWriter.epsilon) throws -> Graph.Value {
        builder.layerNorm(
            x, scale: try constant("\(key).weight", [channels]), bias: try constant("\(key).bias", [channels]), epsilon: epsilon)
    }

    // MARK: Linear layers

    /// A linear layer over the last axis, [N, …, inputs] → [N, …, outputs].
    func linear(_ x: Graph.Value, _ key: String, from inputs: Int, to outputs: Int, bias: Bool = true) throws -> Graph.Value {
        let weight = try floats("\(key).weight", [outputs, inputs])
        let matrix =
            form == .fast
            ? builder.constant(GraphMatrix(weight, rows: outputs, columns: inputs).transposed.values, [inputs, outputs], key: "\(key).weight, transposed")
            : builder.transpose(builder.constant(weight, [outputs, inputs], key: "\(key).weight"), [1, 0])
        let product = builder.product(x, matrix)
        return bias ? builder.add(product, try constant("\(key).bias", [outputs])) : product
    }
}

extension Size3 {
    /// The padding that keeps the size under a kernel of this odd size.
    fileprivate var halved: Size3 { Size3 { self[$0] / 2 } }
}
