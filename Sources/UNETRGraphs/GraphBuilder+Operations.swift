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
    /// x, or 0.01 · x where x is negative.
    public func leakyReLU(_ a: Graph.Value) -> Graph.Value { apply("LeakyRelu", [a], [("alpha", .float(0.01))]) }
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

    /// A 3D convolution of [N, C, D, H, W] with weights [outputs, inputs, D, H, W].
    public func convolution(
        _ x: Graph.Value, _ weight: Graph.Value, bias: Graph.Value? = nil, kernel: [Int], stride: [Int] = [1, 1, 1], padding: [Int] = [0, 0, 0]
    ) -> Graph.Value {
        apply(
            "Conv", [x, weight] + (bias.map { [$0] } ?? []),
            [("kernel_shape", .ints(kernel)), ("strides", .ints(stride)), ("pads", .ints(padding + padding))])
    }

    /// With a kernel as large as its stride.
    public func transposedConvolution(_ x: Graph.Value, _ weight: Graph.Value, stride: [Int]) -> Graph.Value {
        apply("ConvTranspose", [x, weight], [("kernel_shape", .ints(stride)), ("strides", .ints(stride))])
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
