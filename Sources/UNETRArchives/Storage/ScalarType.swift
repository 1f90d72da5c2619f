/// The type of one element of a stored array.
public enum ScalarType: String, Sendable, Codable, CaseIterable {
    /// IEEE 754 double precision.
    case float64
    /// IEEE 754 single precision.
    case float32
    /// IEEE 754 half precision.
    case float16
    /// The upper half of a `float32`.
    case bfloat16
    /// Signed, 64 bits.
    case int64
    /// Signed, 32 bits.
    case int32
    /// Signed, 16 bits.
    case int16
    /// Signed, 8 bits.
    case int8
    /// Unsigned, 64 bits.
    case uint64
    /// Unsigned, 32 bits.
    case uint32
    /// Unsigned, 16 bits.
    case uint16
    /// Unsigned, 8 bits.
    case uint8
    /// One byte, 0 or 1.
    case bool

    /// Bytes an element takes in a file.
    public var byteCount: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Whether the elements are floating-point numbers.
    public var isFloatingPoint: Bool {
        switch self {
        case .float64, .float32, .float16, .bfloat16: true
        default: false
        }
    }
}

/// Arithmetic on shapes that come from files, which may lie.
enum Shape {
    /// Arrays of more axes are refused. NumPy has at most 64, and PyTorch computes with no more.
    static let mostAxes = 64

    /// The number of elements of an array of this shape; nil when a size is negative or the product does not fit an `Int`.
    static func elementCount(_ shape: [Int]) -> Int? {
        if shape.contains(where: { $0 < 0 }) { return nil }
        if shape.contains(0) { return 0 }
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            if overflow { return nil }
            count = product
        }
        return count
    }

    /// The number of bytes of an array of this shape and type, under the same rule.
    static func byteCount(_ shape: [Int], _ type: ScalarType) -> Int? {
        guard let count = elementCount(shape) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
        return overflow ? nil : bytes
    }
}
