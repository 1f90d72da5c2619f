internal import CTorch

/// How the elements of a [N, C, D, H, W] tensor lie in memory.
public enum MemoryFormat: Sendable {
    /// C-order.
    case contiguous
    /// The channels of a voxel side by side: what convolutions on the CPU and mixed-precision GPUs like best.
    case channelsLast

    var c: CTMemoryFormat { self == .channelsLast ? CT_CHANNELS_LAST_3D : CT_CONTIGUOUS }
}

extension Tensor {
    /// A CPU tensor with a copy of `values`, C-order.
    public convenience init<Scalar: TensorScalar>(_ values: [Scalar], shape: [Int]) throws {
        self.init(owning: try values.withUnsafeBytes { try Self.handle(copying: $0, shape: shape, dtype: Scalar.dtype) })
    }

    /// A CPU tensor with a copy of the bytes, which are elements of `dtype` in C-order.
    public convenience init(copying bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) throws {
        self.init(owning: try Self.handle(copying: bytes, shape: shape, dtype: dtype))
    }

    private static func handle(copying bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) throws -> CTTensor {
        var out = CTTensor(pointer: nil)
        let status = shape.withSizes { ct_from_bytes(bytes.baseAddress, Int64(bytes.count), $0, dtype.c, &out) }
        guard status == CT_OK else {
            throw TorchError(operation: "tensor", shapes: [shape], message: String(cString: ct_error_message()))
        }
        return out
    }

    /// A number as a tensor without axes.
    public convenience init(_ value: Double, dtype: DType = .float32, device: Device = .cpu) throws {
        var out = CTTensor(pointer: nil)
        try check("scalar", [], [].withSizes { ct_full($0, value, dtype.c, device.c, &out) })
        self.init(owning: out)
    }

    /// A tensor whose contents are not set.
    public static func empty(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
        try yields("empty", []) { out in shape.withSizes { ct_empty($0, dtype.c, device.c, out) } }
    }

    /// A tensor of one value.
    public static func full(_ shape: [Int], _ value: Double, _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
        try yields("full", []) { out in shape.withSizes { ct_full($0, value, dtype.c, device.c, out) } }
    }

    /// A tensor of zeros.
    public static func zeros(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
        try full(shape, 0, dtype, on: device)
    }

    /// A tensor of ones.
    public static func ones(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
        try full(shape, 1, dtype, on: device)
    }

    /// The whole numbers of `range`.
    public static func arange(_ range: Range<Int>, _ dtype: DType = .int64, on device: Device = .cpu) throws -> Tensor {
        try yields("arange", []) { ct_arange(Int64(range.lowerBound), Int64(range.upperBound), dtype.c, device.c, $0) }
    }

    /// Numbers drawn evenly from [0, 1).
    public static func rand(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
        try yields("rand", []) { out in shape.withSizes { ct_rand($0, dtype.c, device.c, out) } }
    }

    /// Numbers drawn from the normal distribution of mean 0 and deviation 1.
    public static func randn(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
        try yields("randn", []) { out in shape.withSizes { ct_randn($0, dtype.c, device.c, out) } }
    }

    // MARK: Conversions

    /// A copy with memory of its own.
    public func clone() throws -> Tensor { try yields("clone", [self]) { ct_clone(handle, $0) } }

    /// The same values outside the record of gradients.
    public func detached() throws -> Tensor { try yields("detach", [self]) { ct_detach(handle, $0) } }

    /// The same values as another type or on another device; the tensor itself if nothing changes.
    public func to(_ dtype: DType) throws -> Tensor { try yields("to", [self]) { ct_to(handle, dtype.c, device.c, $0) } }

    /// The same values as another type or on another device; the tensor itself if nothing changes.
    public func to(_ device: Device) throws -> Tensor { try yields("to", [self]) { ct_to(handle, dtype.c, device.c, $0) } }

    /// The tensor in the given order in memory: itself where it already is.
    public func contiguous(_ format: MemoryFormat = .contiguous) throws -> Tensor {
        try yields("contiguous", [self]) { ct_contiguous(handle, format.c, $0) }
    }

    /// Whether the elements lie in memory without gaps, in this format.
    public func isContiguous(_ format: MemoryFormat = .contiguous) -> Bool {
        var answer = false
        return ct_is_contiguous(handle, format.c, &answer) == CT_OK && answer
    }
}
