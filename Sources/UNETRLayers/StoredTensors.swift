public import UNETRArchives
public import UNETRTorch

extension DType {
    /// The same type in files.
    public var scalarType: ScalarType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .int16: .int16
        case .int32: .int32
        case .int64: .int64
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .float32: .float32
        case .float64: .float64
        case .bool: .bool
        }
    }

    /// The tensor type of a file's type; nil for the unsigned types libtorch does not compute with.
    public init?(_ scalarType: ScalarType) {
        guard let match = DType.allCases.first(where: { $0.scalarType == scalarType }) else { return nil }
        self = match
    }
}

extension Tensor {
    /// A CPU tensor with the array's values.
    /// - Throws: `TorchError` for a type of element that tensors cannot have.
    public static func from(_ array: StoredArray) throws -> Tensor {
        guard let dtype = DType(array.scalarType) else {
            throw TorchError(operation: "tensor", shapes: [array.shape], message: "elements of type \(array.scalarType) are not supported")
        }
        return try array.withUnsafeBytes { try Tensor(copying: $0, shape: array.shape, dtype: dtype) }
    }

    /// The values as an array for files, converted to `dtype` if one is given.
    public func stored(as dtype: DType? = nil) throws -> StoredArray {
        let source = try dtype.map { try to($0) } ?? self
        return try StoredArray(scalarType: source.dtype.scalarType, shape: source.shape, bytes: StoredBytes(source.bytes()))
    }
}
