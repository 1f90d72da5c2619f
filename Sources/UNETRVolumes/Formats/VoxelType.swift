/// The number that one voxel is stored as.
public enum VoxelType: String, Sendable, CaseIterable {
    /// Signed, 8 bits.
    case int8
    /// Unsigned, 8 bits.
    case uint8
    /// Signed, 16 bits.
    case int16
    /// Unsigned, 16 bits.
    case uint16
    /// Signed, 32 bits.
    case int32
    /// Unsigned, 32 bits.
    case uint32
    /// Signed, 64 bits.
    case int64
    /// Unsigned, 64 bits.
    case uint64
    /// Single precision.
    case float32
    /// Double precision.
    case float64

    /// Bytes of one voxel.
    public var byteCount: Int {
        switch self {
        case .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }
}

/// Which byte of a number comes first in a file.
public enum ByteOrder: Sendable { case little, big }
