/// How one voxel is stored (field `datatype` of the header; nifti1.h, "DATATYPE").
public enum NIfTIDatatype: Int16, Sendable, Equatable, CaseIterable {
    /// Unsigned, 8 bits (code 2).
    case uint8 = 2
    /// Signed, 16 bits (code 4).
    case int16 = 4
    /// Signed, 32 bits (code 8).
    case int32 = 8
    /// Single precision (code 16).
    case float32 = 16
    /// Two `float32` (code 32); not read.
    case complex64 = 32
    /// Double precision (code 64).
    case float64 = 64
    /// Three bytes of color (code 128); not read.
    case rgb24 = 128
    /// Signed, 8 bits (code 256).
    case int8 = 256
    /// Unsigned, 16 bits (code 512).
    case uint16 = 512
    /// Unsigned, 32 bits (code 768).
    case uint32 = 768
    /// Signed, 64 bits (code 1024).
    case int64 = 1024
    /// Unsigned, 64 bits (code 1280).
    case uint64 = 1280
    /// Quadruple precision (code 1536); not read.
    case float128 = 1536
    /// Two `float64` (code 1792); not read.
    case complex128 = 1792
    /// Two `float128` (code 2048); not read.
    case complex256 = 2048
    /// Four bytes of color (code 2304); not read.
    case rgba32 = 2304

    /// Bytes of one voxel.
    public var byteCount: Int {
        switch self {
        case .uint8, .int8: 1
        case .int16, .uint16: 2
        case .rgb24: 3
        case .int32, .uint32, .float32, .rgba32: 4
        case .int64, .uint64, .float64, .complex64: 8
        case .float128, .complex128: 16
        case .complex256: 32
        }
    }

    /// The number that a voxel is; nil where it is not one real number that a `Double` can take.
    public var voxelType: VoxelType? {
        switch self {
        case .int8: .int8
        case .uint8: .uint8
        case .int16: .int16
        case .uint16: .uint16
        case .int32: .int32
        case .uint32: .uint32
        case .int64: .int64
        case .uint64: .uint64
        case .float32: .float32
        case .float64: .float64
        case .complex64, .complex128, .complex256, .rgb24, .rgba32, .float128: nil
        }
    }

    /// Whether a voxel is one real number that a `Double` can take.
    public var isReadable: Bool { voxelType != nil }

    init(_ type: VoxelType) {
        self =
            switch type {
            case .int8: .int8
            case .uint8: .uint8
            case .int16: .int16
            case .uint16: .uint16
            case .int32: .int32
            case .uint32: .uint32
            case .int64: .int64
            case .uint64: .uint64
            case .float32: .float32
            case .float64: .float64
            }
    }

    /// The name in words, as NumPy has it.
    public var name: String { "\(self)" }
}
