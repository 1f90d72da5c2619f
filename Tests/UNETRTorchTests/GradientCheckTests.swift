import TestSupport
import Testing
import UNETRTorch

/// Gradients against central differences, in float64.
struct GradientCheckTests {
    struct Operation: Sendable, CustomTestStringConvertible {
        var name: String
        /// Shapes of the inputs, values in [−1, 1).
        var shapes: [[Int]]
        var apply: @Sendable ([Tensor]) throws -> Tensor

        init(_ name: String, _ shapes: [[Int]], _ apply: @escaping @Sendable ([Tensor]) throws -> Tensor) {
            (self.name, self.shapes, self.apply) = (name, shapes, apply)
        }

        var testDescription: String { name }
    }

    private static let volume = [2, 4, 2, 3, 2]

    static let operations: [Operation] = [
        Operation("exp", [[5]]) { try $0[0].exp() },
        Operation("log of x + 2", [[5]]) { try ($0[0] + 2).log() },
        Operation("square root of x + 2", [[5]]) { try ($0[0] + 2).sqrt() },
        Operation("inverse square root of x + 2", [[5]]) { try ($0[0] + 2).rsqrt() },
        Operation("reciprocal of x + 2", [[5]]) { try ($0[0] + 2).reciprocal() },
        Operation("power of x + 2", [[5]]) { try ($0[0] + 2).power(2.5) },
        Operation("sigmoid", [[5]]) { try $0[0].sigmoid() },
        Operation("tanh", [[5]]) { try $0[0].tanh() },
        Operation("GELU", [[5]]) { try $0[0].gelu() },
        Operation("leaky ReLU", [[7]]) { try $0[0].leakyReLU(0.2) },
        Operation("quotient", [[3, 4], [4]]) { try $0[0] / ($0[1] + 3) },
        Operation("difference, negated", [[3, 1], [4]]) { try -($0[0] - $0[1]) },
        Operation("batched matrix product", [[2, 3, 4], [2, 4, 5]]) { try $0[0].matmul($0[1]) },
        Operation("sum over an axis", [[3, 4]]) { try $0[0].square().sum([1]) },
        Operation("mean over axes", [[3, 4, 2]]) { try $0[0].square().mean([0, 2], keep: true) },
        Operation("variance", [[3, 4]]) { try $0[0].variance([1]) },
        Operation("norm", [[3, 4]]) { try $0[0].norm([0]) },
        Operation("soft-max", [[3, 4]]) { try $0[0].softmax(1) },
        Operation("log soft-max", [[3, 4]]) { try $0[0].logSoftmax(0) },
        Operation("views", [[2, 3, 4]]) { inputs in
            let one = try inputs[0].permuted([2, 0, 1]).narrowed(0, 1..<3).flipped([1])  // [2, 2, 3]
            let other = try inputs[0].transposed(0, 2).selected(0, 3).transposed(0, 1).unsqueezed(0)  // [1, 2, 3]
            return try Tensor.concatenated([one, other], axis: 0).reshaped([3, 6]).rolled(by: [1], axes: [1]).padded([1, 0])
        },
        Operation("linear", [[2, 3, 4], [5, 4], [5]]) { try $0[0].linear($0[1], bias: $0[2]) },
        Operation("convolution", [volume, [6, 2, 3, 3, 1], [6]]) {
            try $0[0].convolution3d($0[1], bias: $0[2], stride: [1, 2, 1], padding: [1, 1, 0], groups: 2)
        },
        Operation("convolution of distant voxels", [[1, 2, 3, 5, 4], [2, 2, 2, 3, 1]]) {
            try $0[0].convolution3d($0[1], padding: [1, 2, 0], dilation: [2, 2, 1])
        },
        Operation("transposed convolution", [volume, [4, 2, 2, 1, 2], [2]]) {
            try $0[0].transposedConvolution3d($0[1], bias: $0[2], stride: [2, 1, 2])
        },
        Operation("depthwise transposed convolution", [volume, [4, 1, 3, 1, 3], [4]]) {
            try $0[0].transposedConvolution3d(
                $0[1], bias: $0[2], stride: [2, 1, 2], padding: [1, 0, 1], outputPadding: [1, 0, 0], groups: 4)
        },
        Operation("parametric ReLU", [volume, [4]]) { try $0[0].parametricReLU($0[1]) },
        Operation("maximum pool", [[1, 2, 4, 5, 2]]) { try $0[0].maximumPooled([2, 2, 1]) },
        Operation("maximum pool of blocks that overlap", [[1, 2, 1, 6, 5]]) { try $0[0].maximumPooled([1, 3, 3], stride: [1, 2, 2]) },
        Operation("layer norm", [[4, 6], [6], [6]]) { try $0[0].layerNorm([6], weight: $0[1], bias: $0[2]) },
        Operation("group norm", [volume, [4], [4]]) { try $0[0].groupNorm(2, weight: $0[1], bias: $0[2]) },
        Operation("batch norm", [volume, [4], [4]]) {
            try $0[0].batchNorm(weight: $0[1], bias: $0[2], runningMean: nil, runningVariance: nil, training: true)
        },
        Operation("instance norm", [volume, [4], [4]]) { try $0[0].instanceNorm(weight: $0[1], bias: $0[2]) },
        Operation("attention", [[1, 2, 3, 4], [1, 2, 5, 4], [1, 2, 5, 4]]) { try $0[0].attention(key: $0[1], value: $0[2], scale: 0.7) },
        Operation("cross-entropy", [[2, 3, 4]]) {
            try $0[0].crossEntropy(Tensor([0, 1, 2, -1, 2, 0, 0, 1] as [Int64], shape: [2, 4]), ignoring: -1)
        },
        Operation("values between voxels", [[2, 3, 2, 3, 4], [2, 3, 2, 1, 3]]) { try $0[0].sampled(at: $0[1] * 1.3) },
        Operation("linear interpolation", [[1, 2, 2, 3, 2]]) { try $0[0].upsampledLinear(to: [3, 4, 5]) },
        Operation("linear interpolation between corners", [[1, 2, 2, 3, 2]]) {
            try $0[0].upsampledLinear(to: [3, 4, 5], aligningCorners: true)
        },
    ]

    @Test("Gradients equal central differences", arguments: operations)
    func centralDifferences(operation: Operation) throws {
        let values = operation.shapes.enumerated().map { index, shape in
            ParityRule("gradient check \(index)").values(shape.reduce(1, *), scale: 1).map(Double.init)
        }
        func inputs(_ values: [[Double]]) throws -> [Tensor] { try zip(values, operation.shapes).map { try Tensor($0, shape: $1) } }
        /// The result weighted by fixed numbers, so that no derivative cancels.
        func value(_ inputs: [Tensor]) throws -> Tensor {
            let result = try operation.apply(inputs)
            let weights = ParityRule("gradient check weights").values(result.count, scale: 1).map(Double.init)
            return try (result * Tensor(weights, shape: result.shape)).sum()
        }

        let parameters = try inputs(values)
        for parameter in parameters { try parameter.requiringGradient() }
        try value(parameters).backward()
        // Central differences at h = 1e-5 are wrong by h²/6 times the third derivative, 1e-10 or so, and by rounding: 1e-16 · |f| / h = 1e-11.
        let step = 1e-5
        for (index, parameter) in parameters.enumerated() {
            let gradient = try #require(parameter.gradient).array(of: Double.self)
            let differences = try values[index].indices.map { element in
                let ends = try [step, -step].map { shift in
                    var moved = values
                    moved[index][element] += shift
                    return try value(inputs(moved)).item()
                }
                return (ends[0] - ends[1]) / (2 * step)
            }
            expectClose(gradient, differences, within: 1e-7, "\(operation.name), input \(index)")
        }
    }
}
