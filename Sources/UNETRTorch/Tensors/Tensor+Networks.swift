internal import CTorch

/// The operations layers are made of. Volumes are [N, C, D, H, W].
extension Tensor {
    /// `self · weightᵀ + bias` over the last axis; weight [out, in].
    public func linear(_ weight: Tensor, bias: Tensor? = nil) throws -> Tensor {
        try yields("linear", [self, weight]) { out in
            withExtendedLifetime(bias) { ct_linear(handle, weight.handle, bias.handleOrNone, out) }
        }
    }

    /// Convolution with weight [out, in / groups, d, h, w], which reads voxels as far apart as `dilation` says.
    public func convolution3d(
        _ weight: Tensor, bias: Tensor? = nil, stride: [Int] = [1, 1, 1], padding: [Int] = [0, 0, 0], dilation: [Int] = [1, 1, 1],
        groups: Int = 1
    ) throws -> Tensor {
        try yields("convolution", [self, weight]) { out in
            withExtendedLifetime(bias) {
                stride.withSizes { stride in
                    padding.withSizes { padding in
                        dilation.withSizes { ct_conv3d(handle, weight.handle, bias.handleOrNone, stride, padding, $0, Int64(groups), out) }
                    }
                }
            }
        }
    }

    /// Transposed convolution with weight [in, out / groups, d, h, w].
    ///
    /// A side of n voxels becomes (n − 1) · stride − 2 · padding + kernel + outputPadding.
    public func transposedConvolution3d(
        _ weight: Tensor, bias: Tensor? = nil, stride: [Int], padding: [Int] = [0, 0, 0], outputPadding: [Int] = [0, 0, 0], groups: Int = 1
    ) throws -> Tensor {
        try yields("transposed convolution", [self, weight]) { out in
            withExtendedLifetime(bias) {
                stride.withSizes { stride in
                    padding.withSizes { padding in
                        outputPadding.withSizes {
                            ct_conv_transpose3d(handle, weight.handle, bias.handleOrNone, stride, padding, $0, Int64(groups), out)
                        }
                    }
                }
            }
        }
    }

    /// Normalized over the last axes, whose shape is `shape`.
    public func layerNorm(_ shape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5) throws -> Tensor {
        try yields("layer norm", [self]) { out in
            withExtendedLifetime((weight, bias)) {
                shape.withSizes { ct_layer_norm(handle, $0, weight.handleOrNone, bias.handleOrNone, epsilon, out) }
            }
        }
    }

    /// Normalized per sample and group of channels.
    public func groupNorm(_ groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5) throws -> Tensor {
        try yields("group norm", [self]) { out in
            withExtendedLifetime((weight, bias)) {
                ct_group_norm(handle, Int64(groups), weight.handleOrNone, bias.handleOrNone, epsilon, out)
            }
        }
    }

    /// Normalized per channel: by the batch's own statistics when training (and the running ones are updated in place), else by the running ones.
    public func batchNorm(
        weight: Tensor?, bias: Tensor?, runningMean: Tensor?, runningVariance: Tensor?, training: Bool, momentum: Double = 0.1,
        epsilon: Double = 1e-5
    ) throws -> Tensor {
        try yields("batch norm", [self]) { out in
            withExtendedLifetime((weight, bias, runningMean, runningVariance)) {
                ct_batch_norm(
                    handle, weight.handleOrNone, bias.handleOrNone, runningMean.handleOrNone, runningVariance.handleOrNone, training,
                    momentum, epsilon, out)
            }
        }
    }

    /// Normalized per sample and channel.
    public func instanceNorm(weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5) throws -> Tensor {
        try yields("instance norm", [self]) { out in
            withExtendedLifetime((weight, bias)) { ct_instance_norm(handle, weight.handleOrNone, bias.handleOrNone, epsilon, out) }
        }
    }

    /// x, or slope · x where x is negative.
    public func leakyReLU(_ slope: Double = 0.01) throws -> Tensor { try yields("leaky ReLU", [self]) { ct_leaky_relu(handle, slope, $0) } }

    /// The same over its own memory. Gradients stay right as long as whatever made this tensor does not need its values for them.
    public func leakyReLUInPlace(_ slope: Double = 0.01) throws {
        try check("leaky ReLU in place", [self], ct_leaky_relu_in_place(handle, slope))
    }

    /// max(x, 0) over its own memory, under the same condition.
    public func reluInPlace() throws { try leakyReLUInPlace(0) }

    /// x, or slope · x where x is negative; the slope is [1], or one for each channel [C].
    public func parametricReLU(_ slope: Tensor) throws -> Tensor {
        try yields("parametric ReLU", [self, slope]) { ct_prelu(handle, slope.handle, $0) }
    }

    /// Each element zeroed with the given probability, the rest scaled up to keep the mean.
    public func dropout(_ probability: Double, using generator: Generator? = nil) throws -> Tensor {
        try self * dropoutMask(shape, probability, generator)
    }

    /// The same for whole channels of a sample.
    public func channelDropout(_ probability: Double, using generator: Generator? = nil) throws -> Tensor {
        try self * dropoutMask(Array(shape.prefix(2)) + Array(repeating: 1, count: rank - 2), probability, generator)
    }

    private func dropoutMask(_ shape: [Int], _ probability: Double, _ generator: Generator?) throws -> Tensor {
        try yields("dropout", [self]) { out in
            withExtendedLifetime(generator) {
                shape.withSizes { ct_dropout_mask(handle, $0, 1 - probability, generator.handleOrNone, out) }
            }
        }
    }

    /// Soft-max(self · keyᵀ · scale + mask) · value; [N, heads, T, d] each.
    public func attention(key: Tensor, value: Tensor, mask: Tensor? = nil, dropout: Double = 0, scale: Double) throws -> Tensor {
        try yields("attention", [self, key, value]) { out in
            withExtendedLifetime(mask) { ct_attention(handle, key.handle, value.handle, mask.handleOrNone, dropout, scale, out) }
        }
    }

    /// Dropout(soft-max of self · keysᵀ over each head's p) · values in one operation, whose attention never lies in memory as a whole.
    ///
    /// The same function and gradients as the plain operations, but on the CPU only; which elements are dropped depends on one number
    /// drawn from the generator and on each element's place, not on the number of threads.
    /// - Parameters:
    ///   - keys: [N, h·p, C] for tokens [N, T, C].
    ///   - values: [N, h, p, d].
    ///   - byChannel: whether the result [N, T, h·d] lies in memory as [d, h, T] a sample instead of [T, h, d].
    ///   - dropout: the probability with which an attention weight is dropped.
    ///   - generator: where random numbers come from; nil: the global generator.
    public func spatialAttention(
        keys: Tensor, values: Tensor, byChannel: Bool, dropout: Double = 0, using generator: Generator? = nil
    ) throws -> Tensor {
        try yields("spatial attention", [self, keys, values]) { out in
            withExtendedLifetime(generator) {
                ct_spatial_attention(handle, keys.handle, values.handle, byChannel, dropout, generator.handleOrNone, out)
            }
        }
    }

    /// Whether `spatialAttention` is worth its while: not in a debug build, whose loops are slower than the operations they fuse.
    public static var spatialAttentionIsFast: Bool { ct_spatial_attention_is_fast() }

    /// Mean binary cross-entropy of logits against indicators of the same shape and floating-point type.
    public func binaryCrossEntropy(_ target: Tensor) throws -> Tensor {
        try yields("binary cross-entropy", [self, target]) { ct_binary_cross_entropy(handle, target.handle, $0) }
    }

    /// Mean cross-entropy of logits [N, classes, …] against class numbers [N, …] (int64); `ignored` marks voxels that do not count.
    public func crossEntropy(_ target: Tensor, ignoring ignored: Int = -100) throws -> Tensor {
        try yields("cross-entropy", [self, target]) { ct_cross_entropy(handle, target.handle, Int64(ignored), $0) }
    }

    /// Class numbers [N, …] as indicators [N, classes, …], uint8.
    public func oneHot(classes: Int) throws -> Tensor { try yields("one-hot", [self]) { ct_one_hot(handle, Int64(classes), $0) } }

    /// Linear interpolation along D, H and W.
    /// - Parameters:
    ///   - size: [D, H, W] of the result.
    ///   - aligningCorners: whether the first and the last voxels keep their places, rather than the outer faces.
    public func upsampledLinear(to size: [Int], aligningCorners: Bool = false) throws -> Tensor {
        try yields("upsample", [self]) { out in size.withSizes { ct_upsample_trilinear(handle, $0, aligningCorners, out) } }
    }

    /// Resizes the axes after the first two by the nearest element.
    public func upsampledNearest(to size: [Int]) throws -> Tensor {
        try yields("upsample", [self]) { out in size.withSizes { ct_upsample_nearest(handle, $0, out) } }
    }

    /// Values between the voxels of [N, C, D, H, W], interpolated linearly; zeros lie outside. The result is [N, C, d, h, w].
    /// - Parameter places: [N, d, h, w, 3], coordinates along W, H and D; −1 and 1 are the outer faces of the volume.
    public func sampled(at places: Tensor) throws -> Tensor {
        try yields("sample", [self, places]) { ct_grid_sample(handle, places.handle, $0) }
    }

    /// The mean of each block of that size [d, h, w].
    public func averagePooled(_ block: [Int]) throws -> Tensor {
        try yields("average pool", [self]) { out in block.withSizes { ct_average_pool3d(handle, $0, out) } }
    }

    /// The largest value of each block of that size [d, h, w]; what does not fill a block at the end is left out.
    /// - Parameters:
    ///   - block: the size of a block.
    ///   - stride: from one block to the next, [d, h, w]; nil: they lie side by side.
    public func maximumPooled(_ block: [Int], stride: [Int]? = nil) throws -> Tensor {
        try yields("maximum pool", [self]) { out in
            block.withSizes { size in (stride ?? block).withSizes { ct_max_pool3d(handle, size, $0, out) } }
        }
    }
}
