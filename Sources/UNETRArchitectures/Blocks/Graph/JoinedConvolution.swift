import UNETRGraphs
import UNETRSupport

/// A transposed convolution, a skip beside its result, and a convolution over both, as the sum of two: the convolution's part for the skip, and
/// a transposed convolution whose kernel is that of both steps. The larger volume and the two side by side are never made, and the part that
/// comes from below reads the voxels of the coarse grid instead of their copies: of 27 products for a stride of 2 eight are left.
///
/// The same function, since nothing is between the two steps. A bias of the first would not be, at the borders, but where the second's kernel
/// is a single voxel.
struct JoinedConvolution {
    private let builder: GraphBuilder
    private let below, beside: Graph.Value
    private let bias: Graph.Value?
    private let shape: (kernel: Size3, stride: Size3)

    /// - Parameters:
    ///   - writer: the network's.
    ///   - first: key of the transposed convolution, whose kernel is its stride.
    ///   - second: key of the convolution.
    ///   - inputs: channels of the coarse volume.
    ///   - middle: channels of the larger one.
    ///   - skips: channels of the skip.
    ///   - outputs: channels of the result.
    ///   - kernel: the convolution's [d, h, w], odd sizes.
    ///   - stride: of the first step, [d, h, w].
    ///   - skipsFirst: whether the skip's channels stand before those from below.
    ///   - hasBias: whether both steps have a bias; for kernels of a single voxel.
    init(
        _ writer: NetworkGraphWriter, _ first: String, _ second: String, from inputs: Int, middle: Int, skips: Int, to outputs: Int, kernel: Size3,
        stride: Size3, skipsFirst: Bool = false, bias hasBias: Bool = false
    ) throws {
        precondition(!hasBias || kernel == [1, 1, 1], "at the borders a bias is not the same everywhere")
        builder = writer.builder
        shape = (kernel, stride)
        let all = middle + skips, voxels = kernel.voxels
        let weight = try writer.floats("\(second).weight", [outputs, all] + kernel)
        func part(_ range: Range<Int>) -> [Float] {
            (0..<outputs).flatMap { weight[($0 * all + range.lowerBound) * voxels..<($0 * all + range.upperBound) * voxels] }
        }
        let fromBelow = part(skipsFirst ? skips..<all : 0..<middle), fromBeside = part(skipsFirst ? 0..<skips : middle..<all)
        let raising = try writer.floats("\(first).weight", [inputs, middle] + stride)
        let composed = Self.composed(raising, fromBelow, inputs, middle, outputs, kernel: kernel, stride: stride)
        below = builder.constant(composed, [inputs, outputs] + Self.kernel(kernel, stride), key: "\(second).weight, with \(first).weight")
        beside = builder.constant(fromBeside, [outputs, skips] + kernel, key: "\(second).weight, of the skip")
        guard hasBias else {
            bias = nil
            return
        }
        let added = try writer.floats("\(first).bias", [middle])
        let sums = try writer.floats("\(second).bias", [outputs]).enumerated().map { output, own in
            (0..<middle).reduce(own) { $0 + fromBelow[output * middle + $1] * added[$1] }
        }
        bias = builder.constant(sums, [outputs], key: "\(second).bias, with \(first).bias")
    }

    /// The coarse volume [N, inputs, …] and the skip [N, skips, …] → [N, outputs, …].
    func callAsFunction(_ x: Graph.Value, skip: Graph.Value) -> Graph.Value {
        let padding = shape.kernel.map { $0 / 2 }
        let raised = builder.transposedConvolution(
            x, below, kernel: Array(Self.kernel(shape.kernel, shape.stride)), stride: Array(shape.stride), padding: padding)
        return builder.add(builder.convolution(skip, beside, bias: bias, kernel: Array(shape.kernel), padding: padding), raised)
    }

    /// Whether it takes fewer products than the two steps, and not too many to find its kernel.
    static func saves(from inputs: Int, to outputs: Int, kernel: Size3, stride: Size3) -> Bool {
        let joined = inputs * Self.kernel(kernel, stride).voxels, apart = (outputs * kernel.voxels + inputs) * stride.voxels
        return joined < apart && inputs * outputs * outputs * kernel.voxels * stride.voxels <= 1 << 29
    }

    /// The size of both kernels together.
    private static func kernel(_ kernel: Size3, _ stride: Size3) -> Size3 { Size3 { kernel[$0] + stride[$0] - 1 } }

    /// The kernel [inputs, outputs, …] of both steps: voxel a of the first and d of the second meet in a − d, counted from its smallest value.
    private static func composed(
        _ first: [Float], _ second: [Float], _ inputs: Int, _ middle: Int, _ outputs: Int, kernel: Size3, stride: Size3
    ) -> [Float] {
        let size = Self.kernel(kernel, stride), taps = size.voxels, steps = stride.voxels, voxels = kernel.voxels
        var sums = [Float](repeating: 0, count: taps * inputs * outputs)  // [taps, inputs, outputs]
        var column = [Float](repeating: 0, count: middle * outputs)  // [middle, outputs]
        for (d, inKernel) in kernel.places.enumerated() {
            for output in 0..<outputs {
                for channel in 0..<middle { column[channel * outputs + output] = second[(output * middle + channel) * voxels + d] }
            }
            for (a, inStride) in stride.places.enumerated() {
                let tap = size.index(of: Size3 { inStride[$0] - inKernel[$0] + kernel[$0] - 1 })
                sums.withUnsafeMutableBufferPointer { sums in
                    column.withUnsafeBufferPointer { column in
                        for input in 0..<inputs {
                            let target = UnsafeMutableBufferPointer(rebasing: sums[(tap * inputs + input) * outputs..<(tap * inputs + input + 1) * outputs])
                            for channel in 0..<middle {
                                let factor = first[(input * middle + channel) * steps + a]
                                let row = UnsafeBufferPointer(rebasing: column[channel * outputs..<(channel + 1) * outputs])
                                for output in 0..<outputs { target[output] += factor * row[output] }
                            }
                        }
                    }
                }
            }
        }
        return GraphMatrix(sums, rows: taps, columns: inputs * outputs).transposed.values
    }
}

extension NormKind {
    /// Whether each channel is normalized by what it holds in one sample.
    var isOfInstances: Bool {
        switch self {
        case .instance, .affineInstance: true
        case .batch, .group: false
        }
    }
}
