public import UNETRTorch

/// `x · weightᵀ + bias` over the last axis.
public struct Linear {
    /// [outputs, inputs].
    public let weight: Tensor
    /// [outputs].
    public let bias: Tensor?

    /// A layer with parameters `weight` and `bias` in this scope.
    /// - `initialBias`: the rule that belongs to the weight's if nil.
    public init(
        _ scope: Scope, from inputs: Int, to outputs: Int, bias: Bool = true, initial: Initializer = .kaiming, initialBias: Initializer? = nil
    ) throws {
        weight = try scope.parameter("weight", [outputs, inputs], initial)
        self.bias = bias ? try scope.parameter("bias", [outputs], initialBias ?? initial.bias(fanIn: inputs)) : nil
    }

    /// Applies it to the last axis.
    public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.linear(weight, bias: bias) }
}

/// A 3-D convolution; the padding keeps the size when the stride is 1 and the kernel odd.
public struct Convolution {
    /// [outputs, inputs / groups, D, H, W].
    public let weight: Tensor
    /// [outputs].
    public let bias: Tensor?
    let stride: [Int]
    let padding: [Int]
    let dilation: [Int]
    let groups: Int

    /// A 3D convolution. Without `padding` the size stays the same at stride 1.
    /// - `dilation`: how far apart the voxels are that the kernel reads.
    /// - `groups`: channels are mapped group by group; as many as there are channels for a depthwise convolution.
    public init(
        _ scope: Scope, from inputs: Int, to outputs: Int, kernel: [Int], stride: [Int] = [1, 1, 1], padding: [Int]? = nil,
        dilation: [Int] = [1, 1, 1], groups: Int = 1, bias: Bool = false, initial: Initializer = .kaiming
    ) throws {
        weight = try scope.parameter("weight", [outputs, inputs / groups] + kernel, initial)
        self.bias = bias ? try scope.parameter("bias", [outputs], initial.bias(fanIn: inputs / groups * kernel.reduce(1, *))) : nil
        self.stride = stride
        self.padding = padding ?? (stride == kernel ? [0, 0, 0] : kernel.map { $0 / 2 })
        self.dilation = dilation
        self.groups = groups
    }

    /// [N, inputs, D, H, W] → [N, outputs, D′, H′, W′].
    public func callAsFunction(_ x: Tensor) throws -> Tensor {
        guard isRaggedVoxelwiseMap else {
            return try x.convolution3d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        }
        let voxels = try x.permuted([0, 2, 3, 4, 1]).linear(weight.flattened(from: 1), bias: bias)
        return try voxels.permuted([0, 4, 1, 2, 3])
    }

    /// Whether this maps each voxel's channels, between counts that do not fill the vector registers. As a convolution, libtorch's CPU
    /// library would take a working space of four outputs for such a map; as a linear layer it takes none.
    private var isRaggedVoxelwiseMap: Bool {
        let shape = weight.shape
        return groups == 1 && stride == [1, 1, 1] && shape.dropFirst(2) == [1, 1, 1] && shape.prefix(2).contains { !$0.isMultiple(of: 16) }
    }
}

/// A 3-D transposed convolution; where the kernel equals the stride, each voxel becomes a block.
public struct TransposedConvolution {
    /// [inputs, outputs / groups, D, H, W].
    public let weight: Tensor
    /// [outputs].
    public let bias: Tensor?
    let stride: [Int]
    let padding: [Int]
    let outputPadding: [Int]
    let groups: Int

    /// A transposed 3D convolution, whose kernel is its stride unless another is given.
    /// - `padding`: how much [d, h, w] is cut off at both ends.
    /// - `outputPadding`: how much is added at the end again.
    /// - `groups`: channels are mapped group by group.
    public init(
        _ scope: Scope, from inputs: Int, to outputs: Int, kernel: [Int]? = nil, stride: [Int], padding: [Int] = [0, 0, 0],
        outputPadding: [Int] = [0, 0, 0], groups: Int = 1, bias: Bool = false, initial: Initializer = .kaiming
    ) throws {
        let kernel = kernel ?? stride
        weight = try scope.parameter("weight", [inputs, outputs / groups] + kernel, initial)
        self.bias = bias ? try scope.parameter("bias", [outputs], initial.bias(fanIn: outputs / groups * kernel.reduce(1, *))) : nil
        (self.stride, self.padding, self.outputPadding, self.groups) = (stride, padding, outputPadding, groups)
    }

    /// [N, inputs, D, H, W] → [N, outputs, D·stride, …].
    /// - Parameter missing: slices [d, h, w] to add at the ends, which only the bias reaches: for a grid whose last slices a strided
    ///   convolution had left out.
    /// - Parameter x: [batch, channels, D, H, W].
    public func callAsFunction(_ x: Tensor, missing: [Int] = [0, 0, 0]) throws -> Tensor {
        guard missing != [0, 0, 0] else { return try upsampled(x, bias) }
        let blocks = try upsampled(x, nil).padded([0, missing[2], 0, missing[1], 0, missing[0]])
        return try bias.map { try blocks + $0.reshaped([-1, 1, 1, 1]) } ?? blocks
    }

    private func upsampled(_ x: Tensor, _ bias: Tensor?) throws -> Tensor {
        try x.transposedConvolution3d(weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding, groups: groups)
    }
}

/// Normalization of each token over its channels.
public struct LayerNorm {
    let weight: Tensor
    let bias: Tensor
    let channels: Int
    let epsilon: Double

    /// Layer normalization over the last axis.
    /// - `epsilon`: added to the variance.
    public init(_ scope: Scope, channels: Int, epsilon: Double = 1e-5) throws {
        weight = try scope.parameter("weight", [channels], .constant(1))
        bias = try scope.parameter("bias", [channels], .constant(0))
        self.channels = channels
        self.epsilon = epsilon
    }

    /// Normalizes the last axis.
    public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.layerNorm([channels], weight: weight, bias: bias, epsilon: epsilon) }
}

/// Normalization of each sample over groups of channels.
public struct GroupNorm {
    let weight: Tensor
    let bias: Tensor
    let groups: Int
    let epsilon: Double
    let sumsPairwise: Bool

    /// Group normalization of [N, C, …].
    /// - `epsilon`: added to the variance.
    /// - `sumsPairwise`: for volumes [N, C, D, H, W] at full resolution, whose statistics libtorch sums one voxel after the other in
    ///   float32 where the memory is channels-last: over a million voxels that leaves an error of 1e-4. Slower, and in use only.
    public init(_ scope: Scope, channels: Int, groups: Int, epsilon: Double = 1e-5, sumsPairwise: Bool = false) throws {
        weight = try scope.parameter("weight", [channels], .constant(1))
        bias = try scope.parameter("bias", [channels], .constant(0))
        (self.groups, self.epsilon, self.sumsPairwise) = (groups, epsilon, sumsPairwise)
    }

    /// Normalizes [N, C, …] group by group.
    public func callAsFunction(_ x: Tensor) throws -> Tensor {
        guard sumsPairwise, x.dtype == .float32, !x.requiresGradient else {
            return try x.groupNorm(groups, weight: weight, bias: bias, epsilon: epsilon)
        }
        let samples = x.shape[0]
        if samples == 1 { return try normalized(x) }
        return try Tensor.concatenated((0..<samples).map { try normalized(x.narrowed(0, $0..<($0 + 1))) }, axis: 0)
    }

    /// As batch normalization by statistics that are summed here.
    private func normalized(_ sample: Tensor) throws -> Tensor {
        let voxels = [0, 2, 3, 4], members = sample.shape[1] / groups
        func ofGroups(_ ofChannels: Tensor) throws -> Tensor { try ofChannels.reshaped([groups, members]).mean([1], keep: true) }
        func repeated(_ ofGroups: Tensor) throws -> Tensor { try ofGroups.expanded([groups, members]).reshaped([-1]) }
        let mean = try ofGroups(sample.mean(voxels))
        // Of values that are all the same, rounding may leave less than nothing.
        let variance = try (ofGroups(sample.square().mean(voxels)) - mean.square()).relu()
        return try sample.batchNorm(
            weight: weight, bias: bias, runningMean: repeated(mean), runningVariance: repeated(variance), training: false, epsilon: epsilon)
    }
}

/// Normalization of each channel by the batch (training) or by running statistics (use).
public struct BatchNorm {
    let weight: Tensor
    let bias: Tensor
    let runningMean: Tensor
    let runningVariance: Tensor
    let batchCount: Tensor

    /// Batch normalization of [N, C, …].
    public init(_ scope: Scope, channels: Int) throws {
        weight = try scope.parameter("weight", [channels], .constant(1))
        bias = try scope.parameter("bias", [channels], .constant(0))
        runningMean = try scope.buffer("running_mean", [channels], 0)
        runningVariance = try scope.buffer("running_var", [channels], 1)
        batchCount = try scope.buffer("num_batches_tracked", [], 0, dtype: .int64)
    }

    /// Normalizes by the batch in training, otherwise by the running statistics.
    public func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        if pass.training { try batchCount.addInPlace(Tensor(1, dtype: .int64, device: batchCount.device)) }
        if pass.training, let sum = pass.batchSum { return try synchronized(x, sum) }
        return try x.batchNorm(
            weight: weight, bias: bias, runningMean: runningMean, runningVariance: runningVariance, training: pass.training)
    }

    /// By the statistics of a batch that several processes share, as PyTorch's SyncBatchNorm.
    private func synchronized(_ input: Tensor, _ sum: (Tensor) throws -> Tensor) throws -> Tensor {
        let x = try input.dtype == weight.dtype ? input : input.to(weight.dtype)
        let channels = x.shape[1], axes = [0] + Array(2..<x.rank)
        func alongChannels(_ values: Tensor) throws -> Tensor { try values.reshaped([1, channels] + Array(repeating: 1, count: x.rank - 2)) }
        let count = try Tensor.full([1], Double(x.count / channels), x.dtype, on: x.device)
        let sums = try sum(Tensor.concatenated([x.sum(axes), count], axis: 0))
        let total = try sums.narrowed(0, channels..<(channels + 1)).detached()
        let mean = try sums.narrowed(0, 0..<channels) / total
        let centered = try x - alongChannels(mean)
        let squares = try sum(centered.square().sum(axes))
        let variance = try squares / total
        let scale = try (variance + Self.epsilon).rsqrt() * weight
        try withoutGradients {
            // The running variance is that of the population, the batch's that of the sample.
            let unbiased = try squares.detached() / (total - 1)
            try runningMean.copyInPlace(runningMean * (1 - Self.momentum) + mean.detached() * Self.momentum)
            try runningVariance.copyInPlace(runningVariance * (1 - Self.momentum) + unbiased * Self.momentum)
        }
        return try (centered * alongChannels(scale) + alongChannels(bias)).to(input.dtype)
    }

    private static let epsilon = 1e-5, momentum = 0.1
}
