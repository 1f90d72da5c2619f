public import Foundation
public import UNETRSupport

/// Which engine is wanted: `auto`, or the name of one in the registry.
public struct EngineChoice: RawRepresentable, Hashable, Sendable {
    /// The name: `auto`, `compiled`, `torch`.
    public let rawValue: String

    /// The choice of an engine by its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The fastest that works here.
    public static let auto = EngineChoice(rawValue: "auto")
}

/// Where an engine computes. That there is such a device is for whoever makes the engine to find out.
public enum EngineDevice: Hashable, Sendable, CustomStringConvertible {
    /// The processor.
    case cpu
    /// A GPU by its number.
    case cuda(Int)
    /// The GPU of an Apple computer.
    case mps

    /// "cpu", "cuda:0", "mps".
    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        case .mps: "mps"
        }
    }
}

/// The type that an engine computes products and convolutions in.
public enum EnginePrecision: String, Sendable, CaseIterable {
    /// Everything in float32.
    case float32
    /// Products and convolutions in bfloat16.
    case bfloat16
    /// Products and convolutions in float16.
    case float16

    /// bfloat16 on a GPU and on a processor that has it; float32 elsewhere.
    public static func automatic(on device: EngineDevice) -> EnginePrecision {
        device != .cpu || Processor.current.hasBFloat16 ? .bfloat16 : .float32
    }
}

/// What is wanted of an engine, whichever it is.
public struct EngineSettings: Sendable {
    /// Which engine is wanted.
    public var choice: EngineChoice
    /// Where it computes.
    public var device: EngineDevice
    /// What products and convolutions are computed in.
    public var precision: EnginePrecision

    /// Whether a model that was calibrated for 8 bits is computed so, where engine and processor can.
    public var usesEightBits: Bool

    /// How many threads compute on the CPU.
    public var threads: Int

    /// How many bytes a scan and the sums of its predictions may take in the memory of a device; where they need more they stay on the host.
    /// Nil: as many as the device gives.
    public var deviceMemory: Int?

    /// Told, in a sentence, what an engine finds out while it works, such as that a device's memory was not enough; from any thread.
    public var remark: @Sendable (String) -> Void = { _ in }

    /// A folder for compiled networks, nil to keep none.
    public var cache: URL?

    /// The processor that a network is compiled for.
    public var processor = Processor.current

    /// Where OpenVINO must be; nil: where set-up or a launcher put it.
    public var openVINO: URL?

    /// - Parameter threads: nil: one for each core.
    /// - Parameter precision: what products and convolutions are computed in.
    /// - Parameter device: where it computes.
    /// - Parameter usesEightBits: whether models that were calibrated for 8 bits are computed so.
    /// - Parameter choice: which engine is wanted.
    public init(
        _ choice: EngineChoice = .auto, device: EngineDevice = .cpu, precision: EnginePrecision = .float32, usesEightBits: Bool = false,
        threads: Int? = nil
    ) {
        self.choice = choice
        self.device = device
        self.precision = precision
        self.usesEightBits = usesEightBits
        self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        cache = CacheFolder.standard
        openVINO = OpenVINOProvider.placeFromEnvironment
    }
}
