internal import CTorch

/// Processes that compute together by libtorch's c10d: by gloo on CPUs, and on GPUs by NCCL, where the library for that is there.
///
/// All make the same calls in the same order. A call returns when all have made it; it throws when one of them has ended or says nothing for
/// longer than the time that was agreed on, and so do all later calls.
public final class TorchProcesses: @unchecked Sendable {
    // Unchecked: c10d allows calls from any thread, one at a time, which is what the order of calls asks for anyway.
    /// This process, from 0.
    public let rank: Int
    /// Number of processes.
    public let count: Int
    let handle: CDGroup

    /// Connects the processes that meet in a store.
    ///
    /// - Parameters:
    ///   - store: where they meet.
    ///   - rank: this process, from 0.
    ///   - count: number of processes.
    ///   - interface: the network interface to use, such as "ib0"; nil: the one that leads to `host`.
    ///   - host: a host of the others; nil: all are on this machine.
    ///   - onGPUs: whether tensors on GPUs are exchanged, too, which `loadNCCL` must have prepared.
    ///   - patience: how long a process may leave the others without a word.
    /// - Throws: `CommunicationError`.
    public init(meetingIn store: MeetingStore, rank: Int, count: Int, interface: String? = nil, towards host: String?, onGPUs: Bool = false, patience: Duration)
        throws
    {
        (self.rank, self.count) = (rank, count)
        var out = CDGroup(pointer: nil)
        try checkCommunication(
            "joining", cd_join(store.handle, Int32(clamping: rank), Int32(clamping: count), interface, host, onGPUs, patience.milliseconds, &out))
        handle = out
    }

    deinit { cd_free_group(handle) }

    /// Loads the library that connects GPUs; false where there is none.
    ///
    /// - Parameter path: where it is; nil: where the loader finds it.
    /// - Throws: `CommunicationError` for one that was built for another libtorch.
    public static func loadNCCL(_ path: String?) throws -> Bool {
        var isLoaded = false
        try checkCommunication("loading", cd_load_nccl(path, &isLoaded))
        return isLoaded
    }

    /// Whether a call has failed, also one within a backward pass.
    public var hasFailed: Bool { cd_has_failed(handle) }

    /// Replaces each tensor by its mean over the processes.
    /// - Throws: `CommunicationError`.
    public func averageInPlace(_ tensors: [Tensor]) throws { try checkCommunication("mean", tensors.withHandles { cd_average_in_place(handle, $0) }) }

    /// Replaces each tensor by that of rank 0.
    /// - Throws: `CommunicationError`.
    public func broadcastInPlace(_ tensors: [Tensor]) throws {
        try checkCommunication("broadcast", tensors.withHandles { cd_broadcast_in_place(handle, $0) })
    }

    /// The sums of each number over the processes, the same bits in each.
    /// - Throws: `CommunicationError`.
    public func sum(_ values: [Double]) throws -> [Double] {
        var sums = values
        try checkCommunication("sum", cd_sum_values(handle, &sums, Int64(sums.count)))
        return sums
    }

    /// The numbers of rank 0, as many as are given.
    /// - Throws: `CommunicationError`.
    public func broadcast(_ values: [Double]) throws -> [Double] {
        var result = values
        try checkCommunication("broadcast", cd_broadcast_values(handle, &result, Int64(result.count)))
        return result
    }

    /// The sum of a tensor over the processes; its gradient is summed likewise.
    /// - Throws: `CommunicationError`.
    public func sum(_ tensor: Tensor) throws -> Tensor {
        var out = CTTensor(pointer: nil)
        try withExtendedLifetime(tensor) { try checkCommunication("sum", cd_sum(handle, tensor.handle, &out)) }
        return Tensor(owning: out)
    }
}

/// Averages gradients over the processes during the backward pass, bucket by bucket, as they become ready: PyTorch's own `c10d::Reducer`.
public final class GradientReducer {
    private let handle: CDReducer
    private let processes: TorchProcesses

    /// A reducer for these parameters, which must be the same in each process and in the same order.
    /// - Throws: `CommunicationError`.
    public init(of parameters: [Tensor], among processes: TorchProcesses) throws {
        self.processes = processes
        var out = CDReducer(pointer: nil)
        try checkCommunication("reduction", parameters.withHandles { cd_make_reducer(processes.handle, $0, &out) })
        handle = out
    }

    deinit { cd_free_reducer(handle) }

    /// To be called before `loss.backward()`, which then leaves means over the processes. Without it gradients add up in each process.
    /// - Throws: `CommunicationError`.
    public func prepare(for loss: Tensor) throws {
        try withExtendedLifetime(loss) { try checkCommunication("reduction", cd_prepare(handle, loss.handle)) }
    }
}
