/// An array of numbers as it lies in a file: a type, a shape, and little-endian bytes in C order (last axis fastest).
///
/// The bytes are not copied out of the file; they stay where they are until they are asked for as Swift numbers.
public struct StoredArray: Sendable {
    /// The type of its elements.
    public let scalarType: ScalarType
    /// Elements along each axis, the slowest first.
    public let shape: [Int]
    /// The elements' bytes: `count × scalarType.byteCount` of them.
    public let bytes: StoredBytes

    /// - Throws: `StoredArrayError` when the bytes are not exactly those of the shape.
    public init(scalarType: ScalarType, shape: [Int], bytes: StoredBytes) throws(StoredArrayError) {
        guard let expected = Shape.byteCount(shape, scalarType) else {
            throw .impossibleShape(shape)
        }
        guard expected == bytes.count else {
            throw .wrongByteCount(shape: shape, type: scalarType, expected: expected, got: bytes.count)
        }
        self.init(scalarType, shape, unchecked: bytes)
    }

    /// For bytes known to be those of the shape.
    init(_ scalarType: ScalarType, _ shape: [Int], unchecked bytes: StoredBytes) {
        self.scalarType = scalarType
        self.shape = shape
        self.bytes = bytes
    }

    /// The number of elements.
    public var count: Int { bytes.count / scalarType.byteCount }

    /// Calls `body` with the elements' bytes. The pointer is valid only during the call, and not aligned in general.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes(body)
    }

    /// Makes an array of numbers storable without copying it. The shape's product must be the number of values.
    private init<Element: BitwiseCopyable & Sendable>(_ values: [Element], _ type: ScalarType, _ shape: [Int]?) {
        let shape = shape ?? [values.count]
        precondition(Shape.elementCount(shape) == values.count, "\(values.count) values do not fill the shape \(shape)")
        self.scalarType = type
        self.shape = shape
        bytes = StoredBytes(values)
    }

    /// The values with the given shape, or one axis when none is given; the product of the shape must be the number of values.
    public init(_ values: [Float], shape: [Int]? = nil) { self.init(values, .float32, shape) }
    /// An array of these values in row-major order; without a shape, of one axis.
    public init(_ values: [Double], shape: [Int]? = nil) { self.init(values, .float64, shape) }
    /// An array of these values in row-major order; without a shape, of one axis.
    public init(_ values: [Int64], shape: [Int]? = nil) { self.init(values, .int64, shape) }
    /// An array of these values in row-major order; without a shape, of one axis.
    public init(_ values: [Int32], shape: [Int]? = nil) { self.init(values, .int32, shape) }
    /// An array of these values in row-major order; without a shape, of one axis.
    public init(_ values: [Int16], shape: [Int]? = nil) { self.init(values, .int16, shape) }
    /// An array of these values in row-major order; without a shape, of one axis.
    public init(_ values: [Int8], shape: [Int]? = nil) { self.init(values, .int8, shape) }
    /// An array of these values in row-major order; without a shape, of one axis.
    public init(_ values: [UInt8], shape: [Int]? = nil) { self.init(values, .uint8, shape) }
    /// An array of these values in row-major order; without a shape, of one axis.
    public init(_ values: [Bool], shape: [Int]? = nil) { self.init(values.map { $0 ? 1 : 0 } as [UInt8], .bool, shape) }

    /// The same elements under another shape of the same product.
    public func reshaped(_ shape: [Int]) throws(StoredArrayError) -> StoredArray {
        try StoredArray(scalarType: scalarType, shape: shape, bytes: bytes)
    }
}

extension StoredArray: Equatable {
    /// Same type, same shape, same bytes (so a NaN equals itself, and 0 differs from −0).
    public static func == (left: StoredArray, right: StoredArray) -> Bool {
        guard left.scalarType == right.scalarType, left.shape == right.shape else { return false }
        return left.withUnsafeBytes { one in right.withUnsafeBytes { other in one.elementsEqual(other) } }
    }
}

/// A type, shape and byte count that do not belong together.
public enum StoredArrayError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A shape with negative or overflowing sizes.
    case impossibleShape([Int])
    /// The bytes do not fit shape and type.
    case wrongByteCount(shape: [Int], type: ScalarType, expected: Int, got: Int)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .impossibleShape(let shape):
            "the shape \(shape) has a negative size or more elements than can be counted"
        case .wrongByteCount(let shape, let type, let expected, let got):
            "an array of shape \(shape) and type \(type.rawValue) takes \(expected) bytes, but there are \(got)"
        }
    }
}
