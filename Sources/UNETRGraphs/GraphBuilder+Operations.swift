/// The operations by their meaning. Shapes are [N, C, D, H, W] for volumes.
extension GraphBuilder {
    /// Elementwise sum, with broadcasting.
    public func add(_ a: Graph.Value, _ b: Graph.Value) -> Graph.Value { apply("Add", [a, b]) }
    /// Elementwise difference, with broadcasting.
    public func subtract(_ a: Graph.Value, _ b: Graph.Value) -> Graph.Value { apply("Sub", [a, b]) }
    /// Elementwise product, with broadcasting.
    public func multiply(_ a: Graph.Value, _ b: Graph.Value) -> Graph.Value { apply("Mul", [a, b]) }
    /// Elementwise quotient, with broadcasting.
    public func divide(_ a: Graph.Value, _ b: Graph.Value) -> Graph.Value { apply("Div", [a, b]) }
    /// Elementwise square root.
    public func squareRoot(_ a: Graph.Value) -> Graph.Value { apply("Sqrt", [a]) }
    /// The larger of two values, elementwise.
    public func maximum(_ a: Graph.Value, _ b: Graph.Value) -> Graph.Value { apply("Max", [a, b]) }
    /// Matrix product over the last two axes.
    public func product(_ a: Graph.Value, _ b: Graph.Value) -> Graph.Value { apply("MatMul", [a, b]) }
    /// x, or slope · x where x is negative.
    public func leakyReLU(_ a: Graph.Value, slope: Float = 0.01) -> Graph.Value { apply("LeakyRelu", [a], [("alpha", .float(slope))]) }
    /// x, or slope · x where x is negative, with slopes that broadcast.
    public func parametricReLU(_ a: Graph.Value, slope: Graph.Value) -> Graph.Value { apply("PRelu", [a, slope]) }
    /// x, or 0 where x is negative.
    public func relu(_ a: Graph.Value) -> Graph.Value { apply("Relu", [a]) }
    /// 1 / (1 + exp(−x)).
    public func sigmoid(_ a: Graph.Value) -> Graph.Value { apply("Sigmoid", [a]) }
    /// x · Φ(x) by the error function, as runtimes look for it; ONNX has it in one operation only from version 20 on.
    public func gelu(_ a: Graph.Value) -> Graph.Value {
        let error = apply("Erf", [divide(a, constant(Float(2).squareRoot()))])
        return multiply(multiply(a, add(error, constant(1))), constant(0.5))
    }
    /// Softmax over the last axis.
    public func softmax(_ a: Graph.Value) -> Graph.Value { apply("Softmax", [a], [("axis", .int(-1))]) }

    /// 0 stands for the size as it was, −1 for what is left.
    public func reshape(_ a: Graph.Value, _ shape: [Int]) -> Graph.Value { apply("Reshape", [a, integers(shape)]) }
    /// The axes in another order.
    public func transpose(_ a: Graph.Value, _ order: [Int]) -> Graph.Value { apply("Transpose", [a], [("perm", .ints(order))]) }
    /// A new axis of size 1.
    public func unsqueeze(_ a: Graph.Value, _ axis: Int) -> Graph.Value { apply("Unsqueeze", [a, integers([axis])]) }
    /// One index of an axis; the axis disappears.
    public func selected(_ a: Graph.Value, _ index: Int, axis: Int) -> Graph.Value {
        apply("Squeeze", [apply("Slice", [a, integers([index]), integers([index + 1]), integers([axis])]), integers([axis])])
    }
    /// A range of an axis, whose end may be past the axis's.
    public func sliced(_ a: Graph.Value, _ range: Range<Int>, axis: Int) -> Graph.Value {
        apply("Slice", [a, integers([range.lowerBound]), integers([range.upperBound]), integers([axis])])
    }
    /// Zeros before and behind the values, as many as each axis says.
    public func padded(_ a: Graph.Value, before: [Int], behind: [Int]) -> Graph.Value { apply("Pad", [a, integers(before + behind)]) }
    /// Entries of an axis by their numbers, in any order and as often as they are named; the numbers' axes take the axis's place.
    public func gathered(_ a: Graph.Value, _ numbers: Graph.Value, axis: Int = 0) -> Graph.Value { apply("Gather", [a, numbers], [("axis", .int(axis))]) }
    /// The values one after the other along an axis.
    public func concatenated(_ values: [Graph.Value], axis: Int) -> Graph.Value { apply("Concat", values, [("axis", .int(axis))]) }

    /// The sum over axes, which stay with size 1.
    public func sum(_ a: Graph.Value, _ axes: [Int]) -> Graph.Value {
        apply("ReduceSum", [a, integers(axes)], [("keepdims", .int(1))])
    }

    /// The mean over axes, which stay with size 1.
    public func mean(_ a: Graph.Value, _ axes: [Int]) -> Graph.Value {
        apply("ReduceMean", [a, integers(axes)], [("keepdims", .int(1))])
    }

    /// √Σx² over axes, which stay with size 1.
    public func length(_ a: Graph.Value, _ axes: [Int]) -> Graph.Value {
        apply("ReduceL2", [a, integers(axes)], [("keepdims", .int(1))])
    }

    /// A 3D convolution of [N, C, D, H, W] with weights [outputs, inputs / groups, D, H, W].
    /// - Parameter x: [N, C, D, H, W].
    /// - Parameter weight: the kernels.
    /// - Parameter bias: one number for each output channel.
    /// - Parameter kernel: sizes [d, h, w].
    /// - Parameter stride: [d, h, w].
    /// - Parameter padding: zeros before the volume along each axis.
    /// - Parameter behind: zeros behind it; as many as before when nil.
    /// - Parameter rate: how far apart the voxels are that the kernel reads.
    /// - Parameter groups: of channels, each for itself.
    public func convolution(
        _ x: Graph.Value, _ weight: Graph.Value, bias: Graph.Value? = nil, kernel: [Int], stride: [Int] = [1, 1, 1], padding: [Int] = [0, 0, 0],
        behind: [Int]? = nil, rate: Int = 1, groups: Int = 1
    ) -> Graph.Value {
        var attributes: [(name: String, value: Graph.Attribute)] = [
            ("kernel_shape", .ints(kernel)), ("strides", .ints(stride)), ("pads", .ints(padding + (behind ?? padding))),
        ]
        if rate > 1 { attributes.append(("dilations", .ints([rate, rate, rate]))) }
        return apply("Conv", [x, weight] + (bias.map { [$0] } ?? []), attributes + shared(groups))
    }

    /// A convolution that makes the volume larger, with weights [inputs, outputs / groups, D, H, W].
    /// - Parameter x: [N, C, D, H, W].
    /// - Parameter weight: the kernels.
    /// - Parameter bias: one number for each output channel.
    /// - Parameter kernel: sizes [d, h, w]; as large as the stride when nil.
    /// - Parameter stride: [d, h, w].
    /// - Parameter padding: how much is cut off at both ends.
    /// - Parameter outputPadding: how much is added at the far end.
    /// - Parameter groups: of channels, each for itself.
    public func transposedConvolution(
        _ x: Graph.Value, _ weight: Graph.Value, bias: Graph.Value? = nil, kernel: [Int]? = nil, stride: [Int], padding: [Int] = [0, 0, 0],
        outputPadding: [Int] = [0, 0, 0], groups: Int = 1
    ) -> Graph.Value {
        var attributes: [(name: String, value: Graph.Attribute)] = [("kernel_shape", .ints(kernel ?? stride)), ("strides", .ints(stride))]
        if padding != [0, 0, 0] { attributes.append(("pads", .ints(padding + padding))) }
        if outputPadding != [0, 0, 0] { attributes.append(("output_padding", .ints(outputPadding))) }
        return apply("ConvTranspose", [x, weight] + (bias.map { [$0] } ?? []), attributes + shared(groups))
    }

    private func shared(_ groups: Int) -> [(name: String, value: Graph.Attribute)] { groups == 1 ? [] : [("group", .int(groups))] }

    /// The largest value of each block [d, h, w]; what is left over at the far ends is not read.
    /// - Parameter x: [N, C, D, H, W].
    /// - Parameter block: sizes [d, h, w].
    /// - Parameter stride: from block to block; the block's size when nil.
    public func maximumPool(_ x: Graph.Value, _ block: [Int], stride: [Int]? = nil) -> Graph.Value {
        apply("MaxPool", [x], [("kernel_shape", .ints(block)), ("strides", .ints(stride ?? block))])
    }

    /// The mean of each block [d, h, w].
    public func averagePool(_ x: Graph.Value, _ block: [Int]) -> Graph.Value {
        apply("AveragePool", [x], [("kernel_shape", .ints(block)), ("strides", .ints(block))])
    }

    /// Each voxel repeated [d, h, w] times along the axes of [N, C, D, H, W].
    public func repeated(_ x: Graph.Value, _ factors: [Int]) -> Graph.Value {
        resized(x, factors, [("mode", .text("nearest")), ("coordinate_transformation_mode", .text("asymmetric")), ("nearest_mode", .text("floor"))])
    }

    /// [N, C, D, H, W] made larger by whole factors [d, h, w], trilinear; the corners of voxels stay where they are.
    /// - Parameter x: the volume.
    /// - Parameter factors: along [D, H, W].
    /// - Parameter aligningCorners: whether the centers of the outermost voxels stay instead.
    public func interpolated(_ x: Graph.Value, _ factors: [Int], aligningCorners: Bool = false) -> Graph.Value {
        resized(
            x, factors, [("mode", .text("linear")), ("coordinate_transformation_mode", .text(aligningCorners ? "align_corners" : "half_pixel"))])
    }

    private func resized(_ x: Graph.Value, _ factors: [Int], _ attributes: [(name: String, value: Graph.Attribute)]) -> Graph.Value {
        apply("Resize", [x, .absent, constant([1, 1] + factors.map(Float.init), [5])], attributes)
    }

    /// Over the last axis.
    public func layerNorm(_ x: Graph.Value, scale: Graph.Value, bias: Graph.Value, epsilon: Float) -> Graph.Value {
        apply("LayerNormalization", [x, scale, bias], [("axis", .int(-1)), ("epsilon", .float(epsilon))])
    }

    /// Each channel of each sample.
    public func instanceNorm(_ x: Graph.Value, scale: Graph.Value, bias: Graph.Value, epsilon: Float) -> Graph.Value {
        apply("InstanceNormalization", [x, scale, bias], [("epsilon", .float(epsilon))])
    }

    /// By running statistics.
    public func batchNorm(
        _ x: Graph.Value, scale: Graph.Value, bias: Graph.Value, mean: Graph.Value, variance: Graph.Value, epsilon: Float
    ) -> Graph.Value {
        apply("BatchNormalization", [x, scale, bias, mean, variance], [("epsilon", .float(epsilon))])
    }
}
