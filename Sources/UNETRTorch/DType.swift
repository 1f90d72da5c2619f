internal import CTorch

/// The type of a tensor's elements.
public enum DType: String, Sendable, Codable, CaseIterable {
    /// Unsigned, 8 bits.
    case uint8
    /// Signed, 8 bits.
    case int8
    /// Signed, 16 bits.
    case int16
    /// Signed, 32 bits.
    case int32
    /// Signed, 64 bits.
    case int64
    /// IEEE 754 half precision.
    case float16
    /// The upper half of a `float32`.
    case bfloat16
    /// IEEE 754 single precision.
    case float32
    /// IEEE 754 double precision.
    case float64
    /// One byte, 0 or 1.
    case bool

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .int16, .float16, .bfloat16: 2
        case .int32, .float32: 4
        case .int64, .float64: 8
        }
    }

    /// Whether it is one of the four floating-point types.
    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }

    var c: CTType {
        switch self {
        case .uint8: CT_UINT8
        case .int8: CT_INT8
        case .int16: CT_INT16
        case .int32: CT_INT32
        case .int64: CT_INT64
        case .float16: CT_FLOAT16
        case .bfloat16: CT_BFLOAT16
        case .float32: CT_FLOAT32
        case .float64: CT_FLOAT64
        case .bool: CT_BOOL
        }
    }

    init(_ c: CTType) {
        self = Self.allCases.first { $0.c == c }!  // the C layer names exactly these ten
    }
}

/// A Swift type that tensors can be made of.
public protocol TensorScalar: Sendable {
    /// The type of tensors with such elements.
    static var dtype: DType { get }
}

extension UInt8: TensorScalar { public static let dtype = DType.uint8 }
extension Int8: TensorScalar { public static let dtype = DType.int8 }
extension Int16: TensorScalar { public static let dtype = DType.int16 }
extension Int32: TensorScalar { public static let dtype = DType.int32 }
extension Int64: TensorScalar { public static let dtype = DType.int64 }
extension Int: TensorScalar { public static let dtype = DType.int64 }
extension Float: TensorScalar { public static let dtype = DType.float32 }
extension Double: TensorScalar { public static let dtype = DType.float64 }
extension Bool: TensorScalar { public static let dtype = DType.bool }
