import UNETRGraphs
import UNETRSupport

/// Networks made for color images, one slice at a time.
extension NetworkGraphWriter {
    /// The first convolution of such a network, which reads a scan's only channel three times, as published.
    ///
    /// - Parameters:
    ///   - inputs: channels of the scan.
    ///   - images: those that the convolution takes.
    ///   - standardized: whether its kernels are brought to mean 0 and variance 1.
    func imageConvolution(
        _ x: Graph.Value, _ key: String, from inputs: Int, images: Int, to outputs: Int, kernel: Size3, stride: Size3, padding: Size3,
        standardized: Bool = false, bias: Bool
    ) throws -> Graph.Value {
        guard inputs < images, form == .fast else {
            let image = inputs < images ? builder.concatenated(Array(repeating: x, count: images), axis: 1) : x
            return standardized
                ? try standardizedConvolution(image, key, from: images, to: outputs, kernel: kernel, stride: stride)
                : try convolution(image, key, from: images, to: outputs, kernel: kernel, stride: stride, padding: padding, bias: bias)
        }
        // One channel times the sum of what the three are multiplied with.
        let voxels = kernel.voxels
        var weight = try floats("\(key).weight", [outputs, images] + kernel)
        if standardized { weight = Self.standardized(weight, rows: outputs) }
        var sums = [Float](repeating: 0, count: outputs * voxels)
        for output in 0..<outputs {
            for image in 0..<images {
                for voxel in 0..<voxels { sums[output * voxels + voxel] += weight[(output * images + image) * voxels + voxel] }
            }
        }
        return builder.convolution(
            x, builder.constant(sums, [outputs, 1] + kernel, key: "\(key).weight, of one channel"),
            bias: bias ? try constant("\(key).bias", [outputs]) : nil, kernel: Array(kernel), stride: Array(stride), padding: Array(padding))
    }

    /// A convolution without bias whose kernels are brought to mean 0 and variance 1 (Qiao et al., "Weight Standardization", 2019).
    func standardizedConvolution(
        _ x: Graph.Value, _ key: String, from inputs: Int, to outputs: Int, kernel: Size3, stride: Size3 = [1, 1, 1]
    ) throws -> Graph.Value {
        let shape = [outputs, inputs] + kernel, weight: Graph.Value
        if form == .fast {
            weight = builder.constant(
                Self.standardized(try floats("\(key).weight", shape), rows: outputs), shape, key: "\(key).weight, standardized")
        } else {
            let axes = [1, 2, 3, 4], published = try constant("\(key).weight", shape)
            let centered = builder.subtract(published, builder.mean(published, axes))
            let variance = builder.mean(builder.multiply(centered, centered), axes)
            weight = builder.divide(centered, builder.squareRoot(builder.add(variance, builder.constant(Self.standardizationEpsilon))))
        }
        return builder.convolution(
            x, weight, kernel: Array(kernel), stride: Array(stride), padding: kernel.map { $0 / 2 })
    }

    private static let standardizationEpsilon: Float = 1e-5

    private static func standardized(_ weight: [Float], rows: Int) -> [Float] {
        let count = weight.count / rows
        return (0..<rows).flatMap { row in
            let values = weight[row * count..<(row + 1) * count].map(Double.init), mean = values.reduce(0, +) / Double(count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
            let deviation = (variance + Double(standardizationEpsilon)).squareRoot()
            return values.map { Float(($0 - mean) / deviation) }
        }
    }
}
