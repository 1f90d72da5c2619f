public import UNETRTorch

/// Normalization of each channel of each sample, with or without a scale and a shift for each channel.
public struct InstanceNorm {
    /// Scale and shift, [C] each.
    public let weight, bias: Tensor?

    /// Without parameters.
    public init() {
        weight = nil
        bias = nil
    }

    /// With a scale that starts at 1 and a shift that starts at 0.
    public init(_ scope: Scope, channels: Int, scale: Double = 1) throws {
        weight = try scope.parameter("weight", [channels], .constant(scale))
        bias = try scope.parameter("bias", [channels], .constant(0))
    }

    /// [N, C, D, H, W] → the same.
    ///
    /// Sample by sample as batch normalization, which for one sample is the same, and takes channels-last memory without a copy;
    /// libtorch's own instance normalization would rearrange the tensor.
    public func callAsFunction(_ x: Tensor) throws -> Tensor {
        let samples = x.shape[0]
        if samples == 1 { return try normalized(x) }
        return try Tensor.concatenated((0..<samples).map { try normalized(x.narrowed(0, $0..<($0 + 1))) }, axis: 0)
    }

    private func normalized(_ sample: Tensor) throws -> Tensor {
        guard sample.dtype == .float32, !sample.requiresGradient else {
            return try sample.batchNorm(weight: weight, bias: bias, runningMean: nil, runningVariance: nil, training: true)
        }
        // libtorch sums the statistics of channels-last batches one voxel after the other in float32, which over the two million voxels of
        // a large patch leaves an error of 3e-4. Its plain sums are made pairwise.
        let voxels = [0, 2, 3, 4]
        let mean = try sample.mean(voxels)
        let variance = try sample.square().mean(voxels) - mean.square()
        return try sample.batchNorm(weight: weight, bias: bias, runningMean: mean, runningVariance: variance, training: false)
    }
}
