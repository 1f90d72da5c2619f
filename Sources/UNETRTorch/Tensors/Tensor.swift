public import CTorch

/// An n-dimensional array of libtorch.
///
/// A `Tensor` owns one handle of the C layer and frees it when the last reference goes. Operations return new tensors; the few that
/// change a tensor in place say so in their name. Every operation throws `TorchError` when libtorch refuses.
///
/// Tensors may be read from several threads at once, as in libtorch; writing in place while another thread reads is a programmer's mistake.
public final class Tensor: @unchecked Sendable {
    @usableFromInline let handle: CTTensor

    /// Takes ownership of `handle`: it is freed with this object and nowhere else.
    init(owning handle: CTTensor) { self.handle = handle }

    deinit { ct_free(handle) }

    // MARK: Properties

    /// Size along each axis.
    public var shape: [Int] {
        var count: Int64 = 0
        let capacity = 12  // more axes than anything in this project has
        return [Int](unsafeUninitializedCapacity: capacity) { buffer, initialized in
            let status = buffer.withMemoryRebound(to: Int64.self) { ct_shape(handle, $0.baseAddress!, Int64(capacity), &count) }
            initialized = status == CT_OK ? Int(count) : 0
        }
    }

    /// Number of axes.
    public var rank: Int { shape.count }

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// The type of its elements.
    public var dtype: DType {
        var type = CT_FLOAT32
        _ = ct_type(handle, &type)  // cannot fail: only supported types become handles
        return DType(type)
    }

    /// Where it is.
    public var device: Device {
        var device = CTDevice(kind: CT_CPU, index: 0)
        _ = ct_device(handle, &device)
        return Device(device)
    }

    // MARK: Reading

    /// The elements in C-order, converted to `Scalar`'s type if the tensor has another, from whatever device.
    public func array<Scalar: TensorScalar>(of type: Scalar.Type = Scalar.self) throws -> [Scalar] {
        let source = dtype == Scalar.dtype ? self : try to(Scalar.dtype)
        let count = source.count
        return try [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
            let bytes = Int64(count * MemoryLayout<Scalar>.stride)
            try check("array", [source], ct_copy_bytes(source.handle, buffer.baseAddress, bytes))
            initialized = count
        }
    }

    /// The elements' bytes in C-order.
    public func bytes() throws -> [UInt8] {
        let count = self.count * dtype.size
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            try check("bytes", [self], ct_copy_bytes(handle, buffer.baseAddress, Int64(count)))
            initialized = count
        }
    }

    /// The only element, as a double.
    public func item() throws -> Double {
        guard count == 1 else {
            throw TorchError(operation: "item", shapes: [shape], message: "a tensor of one element is expected")
        }
        return try array(of: Double.self)[0]
    }

    /// Lends the memory of a contiguous CPU tensor, C-order, for reading.
    public func withUnsafeElements<Scalar: TensorScalar, Result>(
        of type: Scalar.Type, _ body: (UnsafeBufferPointer<Scalar>) throws -> Result
    ) throws -> Result {
        try withUnsafeMutableElements(of: type) { try body(UnsafeBufferPointer($0)) }
    }

    /// Lends the memory of a contiguous CPU tensor, C-order, for reading and writing.
    public func withUnsafeMutableElements<Scalar: TensorScalar, Result>(
        of type: Scalar.Type, _ body: (UnsafeMutableBufferPointer<Scalar>) throws -> Result
    ) throws -> Result {
        guard dtype == Scalar.dtype else {
            throw TorchError(operation: "elements", shapes: [shape], message: "elements are \(dtype), not \(Scalar.dtype)")
        }
        var pointer: UnsafeMutableRawPointer?
        try check("elements", [self], ct_data(handle, &pointer))
        return try withExtendedLifetime(self) {
            try body(UnsafeMutableBufferPointer(start: pointer?.assumingMemoryBound(to: Scalar.self), count: count))
        }
    }
}
