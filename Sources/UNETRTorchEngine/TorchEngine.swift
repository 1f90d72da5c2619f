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
    /// How many patches it wants at once: 1 on the CPU.
    public let preferredBatch: Int

    /// - Parameters:
    ///   - device: where the network is.
    ///   - preferredBatch: how many patches the device computes at a time at its best.
    ///   - network: a network with its weights, on that device.
    ///   - mixedPrecision: the type of products and convolutions; nil: float32.
    public init(_ network: any SegmentationNetwork, device: Device = .cpu, mixedPrecision: DType? = nil, preferredBatch: Int = 1) {
        self.network = network
        self.device = device
        self.mixedPrecision = mixedPrecision
        self.preferredBatch = preferredBatch
    }

    /// Library and precision, for people.
    public var summary: String { "libtorch, \(mixedPrecision ?? .float32)" }

    /// Number of parameters of the network.
    public var parameterCount: Int { network.store.parameterCount }

    /// Patches [N, channels, D, H, W] → logits [N, classes, D, H, W], float32, both on the network's device.
    public func logits(of patches: Tensor) throws -> Tensor {
        try withoutGradients {
            try network(patches, ForwardPass(mixedPrecision: mixedPrecision), deepSupervision: false)[0].to(.float32)
        }
    }

    /// Lends the logits of patches [N, C, D, H, W] to `body`.
    public func withLogits(of patches: FloatView, _ body: (FloatView) throws -> Void) throws {
        let logits = try self.logits(of: Tensor(patches).to(device)).to(.cpu).contiguous()
        try logits.withUnsafeElements(of: Float.self) { try body(FloatView($0, shape: logits.shape)) }
    }

    /// Sums on the engine's device; nil on the CPU.
    public func makeBench(for task: WindowTask, engines: [any PatchEngine]) throws -> (any WindowBench)? {
        let own = engines.compactMap { $0 as? TorchEngine }
        guard device != .cpu, own.count == engines.count, own.allSatisfy({ $0.device == device }) else { return nil }
        return try withoutGradients { try TorchBench(task, engines: own, device: device) }
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
