import CTorch

/// A random generator of one's own: what it gives depends on its seed and its use alone, whatever else in the process draws numbers.
///
/// One thread at a time may draw from it.
public final class Generator: @unchecked Sendable {
    let handle: CTGenerator

    /// A generator of random numbers on a device.
    public init(seed: UInt64, device: Device = .cpu) throws {
        var out = CTGenerator(pointer: nil)
        try check("generator", [], ct_generator(device.c, seed, &out))
        handle = out
    }

    deinit { ct_free_generator(handle) }

    /// The state, to be stored with a checkpoint.
    public func state() throws -> Tensor { try yields("generator state", []) { ct_generator_state(handle, $0) } }

    /// Continues from a state that was saved.
    public func restore(_ state: Tensor) throws { try check("generator state", [state], ct_set_generator_state(handle, state.handle)) }
}

extension Generator? {
    /// The handle, or the null handle that stands for libtorch's own generator in the C layer.
    var handleOrNone: CTGenerator { self?.handle ?? CTGenerator(pointer: nil) }
}
