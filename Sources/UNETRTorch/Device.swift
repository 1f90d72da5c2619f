internal import CTorch

/// Where a tensor lives and is computed on.
public enum Device: Hashable, Sendable, CustomStringConvertible {
    /// The processor.
    case cpu
    /// An NVIDIA or AMD GPU by its number.
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

    /// The best device of this machine: CUDA, then Apple's GPU, then the CPU.
    public static var best: Device {
        if Runtime.deviceCount(.cuda(0)) > 0 { return .cuda(0) }
        if Runtime.deviceCount(.mps) > 0 { return .mps }
        return .cpu
    }

    /// The device of that name: "cpu", "cuda", "cuda:1", "mps" or "auto" (the best one).
    /// - Throws: `DeviceError` if the name is unknown or this machine has no such device.
    public init(named name: String) throws {
        switch name {
        case "auto": self = .best
        case "cpu": self = .cpu
        case "mps": self = .mps
        case "cuda": self = .cuda(0)
        default:
            guard name.hasPrefix("cuda:"), let index = Int(name.dropFirst(5)), (0..<1024).contains(index) else {
                throw DeviceError.unknown(name: name)
            }
            self = .cuda(index)
        }
        let available = Runtime.deviceCount(self)
        let needed = if case .cuda(let index) = self { index + 1 } else { 1 }
        guard available >= needed else { throw DeviceError.absent(device: self, available: available) }
    }

    var c: CTDevice {
        switch self {
        case .cpu: CTDevice(kind: CT_CPU, index: 0)
        case .cuda(let index): CTDevice(kind: CT_CUDA, index: Int32(clamping: index))
        case .mps: CTDevice(kind: CT_MPS, index: 0)
        }
    }

    init(_ c: CTDevice) {
        switch c.kind {
        case CT_CUDA: self = .cuda(Int(c.index))
        case CT_MPS: self = .mps
        default: self = .cpu
        }
    }
}

/// A device name that cannot be used.
public enum DeviceError: Error, Equatable, CustomStringConvertible, Sendable {
    /// No device has this name.
    case unknown(name: String)
    /// The machine has fewer devices of this kind.
    case absent(device: Device, available: Int)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .unknown(let name):
            "device '\(name)' is unknown; expected auto, cpu, cuda, cuda:N or mps"
        case .absent(.cuda(let index), let available):
            "device cuda:\(index) is not there: libtorch sees \(available) CUDA devices. "
                + "Use the device cpu, or install the CUDA build of libtorch"
        case .absent(let device, _):
            "device \(device) is not there; use the device cpu"
        }
    }
}
