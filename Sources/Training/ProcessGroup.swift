public import Torch

/// The processes that train one network together: all that the training loop asks of an engine for several.
///
/// Every process runs the same loop on its own part of each batch (`BatchLoader` samples by rank) and calls these in the same order.
/// Rank 0 writes the files.
public protocol ProcessGroup: Sendable {
    /// This process, from 0.
    var rank: Int { get }
    var count: Int { get }

    /// Replaces each tensor by its mean over the processes: the gradients of a step.
    func averageInPlace(_ tensors: [Tensor]) throws

    /// The sums of each number over the processes: losses and counts.
    func sum(_ values: [Double]) throws -> [Double]
}

/// One process alone.
public struct SingleProcess: ProcessGroup {
    public let rank = 0
    public let count = 1

    public init() {}

    public func averageInPlace(_ tensors: [Tensor]) {}
    public func sum(_ values: [Double]) -> [Double] { values }
}
