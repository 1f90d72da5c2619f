public import Foundation
public import UNETRSupport

/// Which engine is wanted: `auto`, or the name of one in the registry.
public struct EngineChoice: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// The fastest that works here.
    public static let auto = EngineChoice(rawValue: "auto")
}

/// Where an engine computes. That there is such a device is for whoever makes the engine to find out.
public enum EngineDevice: Hashable, Sendable, CustomStringConvertible {
    case cpu
    case cuda(Int)
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
    case float32, bfloat16, float16
}

/// What is wanted of an engine, whichever it is.
public struct EngineSettings: Sendable {
    public var choice: EngineChoice
    public var device: EngineDevice
    public var precision: EnginePrecision

    /// Whether a model that was calibrated for 8 bits is computed so, where engine and processor can.
    public var usesEightBits: Bool

    /// How many threads compute on the CPU.
    public var threads: Int

    /// A folder for compiled networks, nil to keep none.
    public var cache: URL?

    /// The processor that a network is compiled for.
    public var processor = Processor.current

    /// Where OpenVINO must be; nil: where set-up or a launcher put it.
    public var openVINO: URL?

    /// - Parameter threads: nil: one for each core.
    public init(
        _ choice: EngineChoice = .auto, device: EngineDevice = .cpu, precision: EnginePrecision = .float32, usesEightBits: Bool = false,
        threads: Int? = nil
    ) {
        self.choice = choice
        self.device = device
        self.precision = precision
        self.usesEightBits = usesEightBits
        self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        cache = CompiledCache.standardFolder
        openVINO = OpenVINOProvider.placeFromEnvironment
    }
}
