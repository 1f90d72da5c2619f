import Synchronization
public import UNETREngines
import UNETRLayers
public import UNETRNetworks
public import UNETRTorch

/// A network run by libtorch.
///
/// Unchecked: a forward pass for use reads the network and changes nothing in it.
public final class TorchEngine: PatchEngine, @unchecked Sendable {
    private let network: any SegmentationNetwork
    private let device: Device
    private let mixedPrecision: DType?
    private let batch: Mutex<Int>
    private let outputs: Int?
    private let deviceMemory: Int?
    private let remark: @Sendable (String) -> Void

    /// How many patches it wants at once: 1 on the CPU. It falls when so many do not fit into the device's memory.
    public var preferredBatch: Int { batch.withLock { $0 } }

    /// - Parameters:
    ///   - device: where the network is.
    ///   - preferredBatch: how many patches the device computes at a time at its best.
    ///   - network: a network with its weights, on that device.
    ///   - mixedPrecision: the type of products and convolutions; nil: float32.
    ///   - outputs: channels of the logits; nil: unknown until the first patch is computed.
    ///   - deviceMemory: bytes that a scan and its sums may take on the device; nil: as many as it gives.
    ///   - remark: told when the device's memory was not enough, and what is done then.
    public init(
        _ network: any SegmentationNetwork, device: Device = .cpu, mixedPrecision: DType? = nil, preferredBatch: Int = 1, outputs: Int? = nil,
        deviceMemory: Int? = nil, remark: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.network = network
        self.device = device
        self.mixedPrecision = mixedPrecision
        batch = Mutex(preferredBatch)
        self.outputs = outputs
        self.deviceMemory = deviceMemory
        self.remark = remark
    }

    /// Library and precision, for people.
    public var summary: String { "libtorch, \(mixedPrecision ?? .float32)" }

    /// Number of parameters of the network.
    public var parameterCount: Int { network.store.parameterCount }

    /// Patches [N, channels, D, H, W] → logits [N, classes, D, H, W], float32, both on the network's device.
    ///
    /// Where so many do not fit into memory they are computed in two parts, and later batches are as small.
    /// - Throws: `TorchError`, of memory only if one patch alone is too much.
    public func logits(of patches: Tensor) throws -> Tensor {
        let count = patches.shape[0]
        do { return try compute(patches) } catch let error as TorchError where error.isOutOfMemory && count > 1 {}
        let half = (count + 1) / 2
        let isNews = batch.withLock { batch in
            defer { batch = min(batch, half) }
            return batch > half
        }
        if isNews { remark("the memory of \(device) is not enough for \(count) patches at a time; going on with \(half)") }
        return try withoutGradients {
            try Tensor.concatenated([0..<half, half..<count].map { try logits(of: patches.narrowed(0, $0)) }, axis: 0)
        }
    }

    private func compute(_ patches: Tensor) throws -> Tensor {
        try withoutGradients {
            try network(patches, ForwardPass(mixedPrecision: mixedPrecision), deepSupervision: false)[0].to(.float32)
        }
    }

    /// Lends the logits of patches [N, C, D, H, W] to `body`.
    public func withLogits(of patches: FloatView, _ body: (FloatView) throws -> Void) throws {
        let logits = try self.logits(of: Tensor(patches).to(device)).to(.cpu).contiguous()
        try logits.withUnsafeElements(of: Float.self) { try body(FloatView($0, shape: logits.shape)) }
    }

    /// Sums on the engine's device; nil on the CPU, and where the device's memory is not enough.
    public func makeBench(for task: WindowTask, engines: [any PatchEngine]) throws -> (any WindowBench)? {
        device == .cpu ? nil : try makeDeviceBench(for: task, engines: engines)
    }

    /// The same for any device, so that it can be tried on the CPU.
    func makeDeviceBench(for task: WindowTask, engines: [any PatchEngine]) throws -> TorchBench? {
        let own = engines.compactMap { $0 as? TorchEngine }
        guard own.count == engines.count, own.allSatisfy({ $0.device == device }) else { return nil }
        let needed = TorchBench.memory(for: task, outputs: outputs ?? 1)
        if let deviceMemory, needed > deviceMemory {
            remark("the sums of this scan take \(needed >> 20) MB on \(device), more than the \(deviceMemory >> 20) MB allowed; they stay on the host")
            return nil
        }
        do {
            return try withoutGradients { try TorchBench(task, engines: own, device: device, outputs: outputs) }
        } catch let error as TorchError where error.isOutOfMemory {
            remark("the memory of \(device) is not enough for the sums of this scan, \(needed >> 20) MB; they stay on the host")
            return nil
        }
    }
}

extension Tensor {
    /// A CPU tensor with a copy of the values.
    public convenience init(_ view: FloatView) throws {
        try self.init(copying: UnsafeRawBufferPointer(view.values), shape: view.shape, dtype: .float32)
    }
}

extension FloatArray {
    /// The values of a tensor from whatever device, as float32.
    public init(_ tensor: Tensor) throws {
        try self.init(tensor.array(of: Float.self), shape: tensor.shape)
    }
}
