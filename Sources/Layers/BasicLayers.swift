public import Torch

/// `x · weightᵀ + bias` over the last axis.
public struct Linear {
    public let weight: Tensor
    public let bias: Tensor?

    public init(_ scope: Scope, from inputs: Int, to outputs: Int, bias: Bool = true, initial: Initializer = .kaiming) throws {
        weight = try scope.parameter("weight", [outputs, inputs], initial)
        let biasInitial = if case .kaiming = initial { Initializer.uniform(Initializer.bound(fanIn: inputs)) } else { Initializer.constant(0) }
        self.bias = bias ? try scope.parameter("bias", [outputs], biasInitial) : nil
    }

    public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.linear(weight, bias: bias) }
}

/// A 3-D convolution; the padding keeps the size when the stride is 1 and the kernel odd.
public struct Convolution {
    public let weight: Tensor
    public let bias: Tensor?
    let stride: [Int]
    let padding: [Int]

    public init(
        _ scope: Scope, from inputs: Int, to outputs: Int, kernel: [Int], stride: [Int] = [1, 1, 1], padding: [Int]? = nil, bias: Bool = false
    ) throws {
        weight = try scope.parameter("weight", [outputs, inputs] + kernel, .kaiming)
        let fanIn = inputs * kernel.reduce(1, *)
        self.bias = bias ? try scope.parameter("bias", [outputs], .uniform(Initializer.bound(fanIn: fanIn))) : nil
        self.stride = stride
        self.padding = padding ?? (stride == kernel ? [0, 0, 0] : kernel.map { $0 / 2 })
    }

    /// [N, inputs, D, H, W] → [N, outputs, D′, H′, W′].
    public func callAsFunction(_ x: Tensor) throws -> Tensor {
        try x.convolution3d(weight, bias: bias, stride: stride, padding: padding)
    }
}

/// A 3-D transposed convolution whose kernel equals its stride: each voxel becomes a block.
public struct TransposedConvolution {
    public let weight: Tensor
    let stride: [Int]

    public init(_ scope: Scope, from inputs: Int, to outputs: Int, stride: [Int]) throws {
        weight = try scope.parameter("weight", [inputs, outputs] + stride, .kaiming)
        self.stride = stride
    }

    /// [N, inputs, D, H, W] → [N, outputs, D·stride, …].
    public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.transposedConvolution3d(weight, stride: stride) }
}

/// Normalisation of each token over its channels.
public struct LayerNorm {
    let weight: Tensor
    let bias: Tensor
    let channels: Int

    public init(_ scope: Scope, channels: Int) throws {
        weight = try scope.parameter("weight", [channels], .constant(1))
        bias = try scope.parameter("bias", [channels], .constant(0))
        self.channels = channels
    }

    public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.layerNorm([channels], weight: weight, bias: bias) }
}

/// Normalisation of each sample over groups of channels.
public struct GroupNorm {
    let weight: Tensor
    let bias: Tensor
    let groups: Int

    public init(_ scope: Scope, channels: Int, groups: Int) throws {
        weight = try scope.parameter("weight", [channels], .constant(1))
        bias = try scope.parameter("bias", [channels], .constant(0))
        self.groups = groups
    }

    public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.groupNorm(groups, weight: weight, bias: bias) }
}

/// Normalisation of each channel by the batch (training) or by running statistics (use).
public struct BatchNorm {
    let weight: Tensor
    let bias: Tensor
    let runningMean: Tensor
    let runningVariance: Tensor
    let batchCount: Tensor

    public init(_ scope: Scope, channels: Int) throws {
        weight = try scope.parameter("weight", [channels], .constant(1))
        bias = try scope.parameter("bias", [channels], .constant(0))
        runningMean = try scope.buffer("running_mean", [channels], 0)
        runningVariance = try scope.buffer("running_var", [channels], 1)
        batchCount = try scope.buffer("num_batches_tracked", [], 0, dtype: .int64)
    }

    public func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        if pass.training { try batchCount.addInPlace(Tensor(1, dtype: .int64, device: batchCount.device)) }
        return try x.batchNorm(
            weight: weight, bias: bias, runningMean: runningMean, runningVariance: runningVariance, training: pass.training)
    }
}
