public import UNETRTorch

/// The processes that train one network together: all that the training loop asks of an engine for several.
///
/// Every process runs the same loop on its own part of each batch (`BatchLoader` samples by rank) and calls these in the same order.
/// Rank 0 writes the files, in a folder that all can read. When a process ends before the others, an engine must let their calls throw.
public protocol ProcessGroup: Sendable {
    /// This process, from 0.
    var rank: Int { get }
    /// Number of processes.
    var count: Int { get }

    /// Replaces each tensor by its mean over the processes.
    func averageInPlace(_ tensors: [Tensor]) throws

    /// The sums of each number over the processes, the same bits in each: losses and counts.
    func sum(_ values: [Double]) throws -> [Double]

    /// The sum of a tensor over the processes, the same bits in each; its gradient is summed likewise.
    func sum(_ tensor: Tensor) throws -> Tensor

    /// Replaces each tensor by that of rank 0: weights and averages.
    func broadcastInPlace(_ tensors: [Tensor]) throws

    /// The numbers of rank 0, as many as are given: decisions that all must make alike.
    func broadcast(_ values: [Double]) throws -> [Double]

    /// What averages the gradients of these parameters while they are computed; nil: they are averaged when all are there.
    func makeReducer(of parameters: [Tensor]) throws -> GradientReducer?

    /// Whether a call has failed, also one within a backward pass: then the processes are no longer in step.
    var hasFailed: Bool { get }
}

extension ProcessGroup {
    /// None.
    public func makeReducer(of parameters: [Tensor]) throws -> GradientReducer? { nil }
    /// False.
    public var hasFailed: Bool { false }

    /// Returns when every process has called it.
    public func barrier() throws { _ = try sum([0]) }

    /// What sums tensors over the processes; nil for one alone.
    var batchSum: BatchSum? {
        guard count > 1 else { return nil }
        return { try sum($0) }
    }
}

/// One process alone.
public struct SingleProcess: ProcessGroup {
    /// 0.
    public let rank = 0
    /// 1.
    public let count = 1

    /// A group of this process alone.
    public init() {}

    /// Leaves the tensors as they are.
    public func averageInPlace(_ tensors: [Tensor]) {}
    /// The values themselves.
    public func sum(_ values: [Double]) -> [Double] { values }
    /// The tensor itself.
    public func sum(_ tensor: Tensor) -> Tensor { tensor }
    /// Leaves the tensors as they are.
    public func broadcastInPlace(_ tensors: [Tensor]) {}
    /// The values themselves.
    public func broadcast(_ values: [Double]) -> [Double] { values }
}

extension TorchProcesses: ProcessGroup {
    /// PyTorch's own.
    public func makeReducer(of parameters: [Tensor]) throws -> GradientReducer? { try GradientReducer(of: parameters, among: self) }
}
