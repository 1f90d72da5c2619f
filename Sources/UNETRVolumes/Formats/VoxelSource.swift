/// The bytes of a volume's voxels, read from front to back.
protocol VoxelSource: AnyObject {
    /// The file, for messages.
    var path: String { get }

    /// Size of the whole file in bytes.
    var fileBytes: Int { get }

    /// Whether the bytes are unpacked on the way, so that there may be more of them than the file has.
    var isCompressed: Bool { get }

    /// Whether a file of this size can deliver so many bytes.
    func canHold(_ bytes: Int) -> Bool

    /// Fills the buffer as far as the file goes and returns how many bytes it got.
    ///
    /// - Throws: `VolumeError.damaged` if compressed data is broken.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Called after the last voxel: compares the checksum where there is one.
    func checkEnd() throws
}

/// A source that makes intensities by itself, slice by slice and side by side.
protocol SliceSource: VoxelSource {
    /// Makes all intensities, which are not there before.
    func fill(_ voxels: UnsafeMutablePointer<Float>) throws
}

extension VoxelSource {
    /// The most that deflate can shrink: 258 bytes for 2 bits, so 1032 to 1 (zlib's technical notes).
    static var greatestRatio: Int { 1032 }

    /// Up to `count` bytes, fewer at the end of the file.
    func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBytes { try read(into: $0) }
        bytes.removeLast(count - got)
        return bytes
    }

    /// Passes over `count` bytes; returns how many there were.
    func skip(_ count: Int) throws -> Int {
        var left = count
        while left > 0 {
            let got = try read(min(left, 1 << 16)).count
            if got == 0 { break }
            left -= got
        }
        return count - left
    }
}

/// How voxels lie in the bytes of a file.
struct VoxelLayout: Sendable {
    var type: VoxelType
    var order: ByteOrder

    /// Voxels of all channels; `byteCount` fits an `Int`.
    var count: Int

    var byteCount: Int { count * type.byteCount }

    /// `value * slope + intercept` gives the intensity; nil when the stored numbers are the intensities.
    var scaling: (slope: Double, intercept: Double)?
}
