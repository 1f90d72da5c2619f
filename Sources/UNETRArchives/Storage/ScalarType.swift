/// The type of one element of a stored array.
public enum ScalarType: String, Sendable, Codable, CaseIterable {
    case float64, float32, float16, bfloat16
    case int64, int32, int16, int8
    case uint64, uint32, uint16, uint8
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
