public import Foundation
import UNETRSupport

/// Telling a damaged file: the digest is that of the file itself with zeros in the digest's own place.
extension Safetensors {
    static let digestKey = "sha256"
    static let digestPlace = String(repeating: "0", count: 64)

    /// What stands before the digest in a header. It cannot stand anywhere else: inside a text its quotes would be escaped.
    private static let mark = [UInt8]("\"\(digestKey)\":\"".utf8)

    static func enterDigest(of parts: [StoredBytes], into header: inout [UInt8]) {
        var hasher = SHA256Digest.Hasher()
        LittleEndian.bytes(UInt64(header.count)).withUnsafeBytes { hasher.add($0) }
        header.withUnsafeBytes { hasher.add($0) }
        for part in parts { part.withUnsafeBytes { hasher.add($0) } }
        guard let place = header.withUnsafeBytes(place) else { return }
        header.replaceSubrange(place, with: Array(hasher.finish().text.utf8))
    }

    /// Where the 64 digits stand in a header.
    private static func place(in header: UnsafeRawBufferPointer) -> Range<Int>? {
        guard header.count >= mark.count + 64 else { return nil }
        let start = (0...(header.count - mark.count - 64)).first { start in
            mark.indices.allSatisfy { header[start + $0] == mark[$0] }
        }
        return start.map { ($0 + mark.count)..<($0 + mark.count + 64) }
    }

    /// Compares a file with the SHA-256 digest in its metadata.
    ///
    /// - Returns: false for a file that was written without one.
    /// - Throws: `FileError` for a file that is not what was written, or cannot be read.
    public static func verify(_ url: URL) throws -> Bool {
        let file = try MappedFile(url)
        return try file.withUnsafeBytes { bytes in
            guard bytes.count >= 8 else { return false }
            let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
            guard length <= UInt64(bytes.count - 8), length <= UInt64(SafetensorsHeader.longestHeader) else { return false }
            let header = UnsafeRawBufferPointer(rebasing: bytes[8..<(8 + Int(length))])
            guard let place = place(in: header) else { return false }
            var hasher = SHA256Digest.Hasher()
            hasher.add(UnsafeRawBufferPointer(rebasing: bytes[..<(8 + place.lowerBound)]))
            hasher.add(digestPlace)
            hasher.add(UnsafeRawBufferPointer(rebasing: bytes[(8 + place.upperBound)...]))
            let found = hasher.finish().text, expected = String(decoding: header[place], as: UTF8.self)
            guard found == expected else {
                throw FileError(
                    path: url.path, problem: "is damaged: its SHA-256 is \(found), but \(expected) was written; take another copy of it")
            }
            return true
        }
    }
}
