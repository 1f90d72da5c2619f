public import UNETRTorch

/// How a network is being run: for training or for use, in which precision, and who wants to see inner tensors.
public struct ForwardPass: Sendable {
    /// Dropout draws and batch statistics are used and recorded only when training.
    public var training: Bool

    /// Whether dropout and stochastic depth draw when training; false: training with all of the network.
    public var dropout = true

    /// Whether something is dropped in this pass.
    public var drops: Bool { training && dropout }

    /// The type of products and convolutions (`bfloat16`, `float16`); nil computes everything in the parameters' own type.
    public var mixedPrecision: DType?

    /// Where dropout draws from; nil: libtorch's own generator.
    public var generator: Generator?

    /// Whether operations that are fused on the CPU are used there; the plain ones are the same function, slower.
    public var fused = Tensor.spatialAttentionIsFast

    /// Sums a tensor over the processes that share a batch, for statistics of the whole batch; nil: each takes those of its own part.
    public var batchSum: (@Sendable (Tensor) throws -> Tensor)?

    /// Receives inner tensors by name, such as "encoder.stage0", for tests and tools.
    public var tap: (@Sendable (String, Tensor) -> Void)?

    /// Settings for a pass. `tap` sees intermediate results by name.
    public init(
        training: Bool = false, mixedPrecision: DType? = nil, generator: Generator? = nil,
        tap: (@Sendable (String, Tensor) -> Void)? = nil
    ) {
        self.training = training
        self.mixedPrecision = mixedPrecision
        self.generator = generator
        self.tap = tap
    }

    /// Without dropout, by running statistics.
    public static let evaluation = ForwardPass()
    /// With dropout, by the statistics of the batch.
    public static let training = ForwardPass(training: true)

    /// Shows an inner tensor to whoever wants it, and returns it.
    @discardableResult
    public func show(_ name: @autoclosure () -> String, _ tensor: Tensor) -> Tensor {
        tap?(name(), tensor)
        return tensor
    }
}
