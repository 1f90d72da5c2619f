/// How one voxel is stored (field `datatype` of the header; nifti1.h, "DATATYPE").
public enum NIfTIDatatype: Int16, Sendable, Equatable, CaseIterable {
    case uint8 = 2
    case int16 = 4
    case int32 = 8
    case float32 = 16
    case complex64 = 32
    case float64 = 64
    case rgb24 = 128
    case int8 = 256
    case uint16 = 512
    case uint32 = 768
    case int64 = 1024
    case uint64 = 1280
    case float128 = 1536
    case complex128 = 1792
    case complex256 = 2048
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
