public import Torch

/// Normalisation of each channel of each sample, without parameters.
public struct InstanceNorm {
    public init() {}

    /// [N, C, D, H, W] → the same.
    ///
    /// Sample by sample as batch normalisation, which for one sample is the same, sums in double precision, and takes channels-last
    /// memory without a copy; libtorch's own instance normalisation would rearrange the tensor.
    public func callAsFunction(_ x: Tensor) throws -> Tensor {
        let samples = x.shape[0]
        if samples == 1 { return try normalised(x) }
        return try Tensor.concatenated((0..<samples).map { try normalised(x.narrowed(0, $0..<($0 + 1))) }, axis: 0)
    }

    private func normalised(_ sample: Tensor) throws -> Tensor {
        try sample.batchNorm(weight: nil, bias: nil, runningMean: nil, runningVariance: nil, training: true)
    }
}
