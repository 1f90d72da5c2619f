import UNETRLayers
public import UNETRNetworks
public import UNETRTorch

/// What turns patches into logits: libtorch, or the network compiled for this processor.
public protocol PatchEngine: AnyObject {
    /// What it is, for people: "libtorch, bfloat16".
    var summary: String { get }

    /// How many numbers it has learned: what it holds in memory at least.
    var parameterCount: Int { get }

    /// Patches [N, channels, D, H, W] → logits [N, classes, D, H, W], float32, on the patches' device.
    ///
    /// - Parameter used: logits of an earlier call that are no longer needed; the result may take their memory.
    func logits(of patches: Tensor, reusing used: Tensor?) throws -> Tensor
}

extension PatchEngine {
    /// Patches [N, channels, D, H, W] → logits [N, classes, D, H, W], float32, on the patches' device.
    public func logits(of patches: Tensor) throws -> Tensor { try logits(of: patches, reusing: nil) }
}

/// Which engine is wanted.
public enum EngineChoice: String, Sendable, CaseIterable {
    /// The fastest that works here.
    case auto
    case torch
    /// The network compiled by OpenVINO; on the CPU only.
    case compiled
}

/// A network run by libtorch.
public final class TorchEngine: PatchEngine {
    private let network: any SegmentationNetwork
    private let mixedPrecision: DType?

    public init(_ network: any SegmentationNetwork, mixedPrecision: DType? = nil) {
        self.network = network
        self.mixedPrecision = mixedPrecision
    }

    public var summary: String { "libtorch, \(mixedPrecision ?? .float32)" }

    public var parameterCount: Int { network.store.parameterCount }

    public func logits(of patches: Tensor, reusing _: Tensor?) throws -> Tensor {
        try network(patches, ForwardPass(mixedPrecision: mixedPrecision), deepSupervision: false)[0].to(.float32)
    }
}
