import CZlib
import Foundation

/// A NIfTI-1 file built byte by byte, apart from the package's own writer, so that tests can make it lie.
struct NIfTIBytes {
    var bytes: [UInt8]

    /// A little-endian file of uint8 voxels 0, 1, 2, … with spacing 1 and an sform that is the identity.
    init(shape: [Int] = [2, 3, 4]) {
        bytes = [UInt8](repeating: 0, count: 352)
        set(0, Int32(348))
        set(40, Int16(shape.count))
        for (axis, length) in shape.enumerated() { set(42 + 2 * axis, Int16(length)) }
        set(70, Int16(2))
        set(72, Int16(8))
        for axis in 0..<8 { set(76 + 4 * axis, Float(1)) }
        set(108, Float(352))
        set(112, Float(1))
        bytes[123] = 10
        set(254, Int16(1))
        for row in 0..<3 { set(280 + 20 * row, Float(1)) }
        bytes.replaceSubrange(344..<348, with: Array("n+1\0".utf8))
        bytes += (0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: $0) }
    }

    mutating func set<T: FixedWidthInteger>(_ offset: Int, _ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }

    mutating func set(_ offset: Int, _ value: Float) { set(offset, value.bitPattern) }

    /// Puts other voxels in place of the old.
    mutating func setVoxels<T: FixedWidthInteger>(_ voxels: [T], datatype: Int16) {
        set(70, datatype)
        bytes.removeLast(bytes.count - 352)
        for voxel in voxels { withUnsafeBytes(of: voxel.littleEndian) { bytes += $0 } }
    }

    @discardableResult
    func write(_ name: String, in folder: URL, gzip: Bool = false) throws -> URL {
        let url = folder.appendingPathComponent(name)
        if gzip {
            let file = gzopen(url.path, "wb")
            gzwrite(file, bytes, UInt32(bytes.count))
            gzclose(file)
        } else {
            try Data(bytes).write(to: url)
        }
        return url
    }
}
