import Foundation
public import UNETRArchitectures
public import UNETREngines
public import UNETRModels
import UNETRSupport
public import UNETRTorch

extension EngineChoice {
    /// libtorch, on any device it has.
    public static let torch = EngineChoice(rawValue: "torch")
}

extension EngineRegistry {
    /// All engines, one line each.
    public static let all = EngineRegistry([
        OpenVINOProvider.besideLibtorch,
        TorchProvider(),
    ])
}

/// Networks run by libtorch (`TorchEngine`): every network, on every device that libtorch has.
public struct TorchProvider: EngineProvider {
    /// The provider of libtorch engines.
    public init() {}

    /// `torch`.
    public var choice: EngineChoice { .torch }
    /// "the libtorch engine".
    public var title: String { "the libtorch engine" }

    /// Nil: libtorch computes every network.
    public func obstacle(to network: NetworkDescription, _ settings: EngineSettings) -> EngineObstacle? {
        let device = Device(settings.device), index = if case .cuda(let index) = device { index } else { 0 }
        do { try Runtime.load() } catch { return EngineObstacle("\(error)") }
        return Runtime.deviceCount(device) > index ? nil : EngineObstacle("libtorch sees no device \(device)")
    }

    /// Loads the model into libtorch.
    ///
    /// - Throws: what reading the weights throws.
    public func makeEngine(for bundle: ModelBundle, _ settings: EngineSettings, note: (String) -> Void) throws -> any PatchEngine {
        let device = Device(settings.device)
        return TorchEngine(
            try bundle.makeNetwork(device: device), device: device, mixedPrecision: DType(settings.precision),
            preferredBatch: Self.preferredBatch(bundle.network, on: device), outputs: bundle.network.classes, deviceMemory: settings.deviceMemory,
            remark: settings.remark)
    }

    /// How many patches are computed at a time: a GPU is idle at one small patch, and a CPU is not.
    /// - Returns: as many as have at most 2 GB of inner tensors, up to the eight mirrored copies of a window.
    public static func preferredBatch(_ network: NetworkDescription, on device: Device) -> Int {
        guard case .cuda = device else { return 1 }
        return max(1, min(8, (2 << 30) / max(1, network.configuration.activationBytes)))
    }

    /// What libtorch engines take on the host.
    public func memory(_ network: NetworkDescription, outputs: Int, engines: [any PatchEngine], _ settings: EngineSettings) -> EngineMemory {
        Self.memory(
            network, outputs: outputs, parameters: engines.reduce(0) { $0 + $1.parameterCount }, isHalf: settings.precision != .float32,
            isOnHost: settings.device == .cpu)
    }

    /// What networks run by libtorch take on the host.
    ///
    /// The work of networks other than UNETR++ is taken from their width at full resolution, unmeasured.
    /// - Parameters:
    ///   - parameters: trained values of all networks together.
    ///   - isHalf: whether they compute in a type of two bytes.
    ///   - isOnHost: whether they run on the CPU; otherwise their tensors are in the device's memory.
    ///   - network: what one engine computes; the others are like it.
    ///   - outputs: channels of the logits.
    public static func memory(
        _ network: NetworkDescription, outputs: Int, parameters: Int, isHalf: Bool, isOnHost: Bool = true
    ) -> EngineMemory {
        // A tenth for what convolutions work on; in mixed precision part of the tensors is float32. Logits twice: as they come, and in C-order.
        let tensors = network.configuration.activationBytes * (isHalf ? 75 : 110) / 100, logits = 4 * network.patchSize.voxels * outputs
        return EngineMemory(base: EngineMemory.program + 4 * parameters, pass: isOnHost ? tensors + 2 * logits : 64 << 20)
    }
}

extension OpenVINOProvider {
    /// One that also looks for OpenVINO where set-up puts it: beside the libtorch that this process runs with, or would.
    public static let besideLibtorch = OpenVINOProvider(
        places: Runtime.libraryPath.map { [URL(fileURLWithPath: $0).deletingLastPathComponent().deletingLastPathComponent()] } ?? [])
}
