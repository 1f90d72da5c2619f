import UNETREngines
public import UNETRTorch
import UNETRTorchEngine

/// The type of a network's products and convolutions.
public enum Precision: String, Sendable, CaseIterable {
    /// bfloat16 on a GPU and on a processor that has it; float32 elsewhere.
    case automatic = "auto"
    /// Everything in float32.
    case float32
    /// Products and convolutions in bfloat16.
    case bfloat16
    /// Products and convolutions in float16.
    case float16

    /// The type of mixed precision on a device; nil for float32.
    public func mixed(on device: Device) -> DType? {
        switch self {
        case .float32: return nil
        case .bfloat16: return .bfloat16
        case .float16: return .float16
        case .automatic: return DType(EnginePrecision.automatic(on: EngineDevice(device)))
        }
    }
}
