public import UNETREngines
public import UNETRTorch

extension EngineSettings {
    /// Settings in the terms of libtorch, with the threads that it was given.
    /// - Parameters:
    ///   - choice: which engine is wanted.
    ///   - device: where libtorch computes.
    ///   - mixedPrecision: the type of products and convolutions; nil: float32.
    ///   - usesEightBits: whether a model that was calibrated for 8 bits is computed in them.
    public init(_ choice: EngineChoice = .auto, device: Device, mixedPrecision: DType? = nil, usesEightBits: Bool = false) {
        self.init(
            choice, device: EngineDevice(device), precision: mixedPrecision.flatMap { EnginePrecision(rawValue: $0.rawValue) } ?? .float32,
            usesEightBits: usesEightBits, threads: Runtime.threads)
    }
}

extension EngineDevice {
    /// The same device in the engines' terms.
    public init(_ device: Device) {
        self =
            switch device {
            case .cpu: .cpu
            case .cuda(let index): .cuda(index)
            case .mps: .mps
            }
    }
}

extension Device {
    init(_ device: EngineDevice) {
        self =
            switch device {
            case .cpu: .cpu
            case .cuda(let index): .cuda(index)
            case .mps: .mps
            }
    }
}

extension DType {
    /// The type of mixed precision; nil for float32, which is none.
    public init?(_ precision: EnginePrecision) {
        switch precision {
        case .float32: return nil
        case .bfloat16: self = .bfloat16
        case .float16: self = .float16
        }
    }
}
