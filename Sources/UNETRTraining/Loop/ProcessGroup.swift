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

    /// Replaces each tensor by its mean over the processes: the gradients of a step.
    func averageInPlace(_ tensors: [Tensor]) throws

    /// The sums of each number over the processes, the same bits in each: losses and counts.
    func sum(_ values: [Double]) throws -> [Double]

    /// Replaces each tensor by that of rank 0: weights and averages.
    func broadcastInPlace(_ tensors: [Tensor]) throws

    /// The numbers of rank 0, as many as are given: decisions that all must make alike.
    func broadcast(_ values: [Double]) throws -> [Double]

    /// Returns when every process has called it.
    func barrier() throws
}

extension ProcessGroup {
    /// Runs `body` on rank 0 while the others wait. What it throws is thrown there; the others throw `TrainingError.otherProcess`.
    func onFirst(_ body: () throws -> Void) throws {
        var problem: (any Error)?
        if rank == 0 { do { try body() } catch { problem = error } }
        let failed = try broadcast([problem == nil ? 0 : 1])[0] != 0
        if let problem { throw problem }
        if failed { throw TrainingError.otherProcess(rank: 0) }
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
    /// Leaves the tensors as they are.
    public func broadcastInPlace(_ tensors: [Tensor]) {}
    /// The values themselves.
    public func broadcast(_ values: [Double]) -> [Double] { values }
    /// Returns at once.
    public func barrier() {}
}
