import Crypto
public import Foundation

/// A SHA-256 digest (FIPS 180-4), as the tools `sha256sum` and `shasum -a 256` print it.
///
/// For everything that is kept and read back, and for whatever somebody may want to verify. `ContentDigest` is faster and only tells
/// contents apart.
public struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    /// 64 hexadecimal digits in lower case.
    public let text: String

    /// A short text for people.
    public var description: String { text }

    /// A digest written down earlier; nil if `text` is not 64 hexadecimal digits.
    public init?(text: String) {
        let lowercased = text.lowercased()
        guard lowercased.utf8.count == 64, lowercased.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        self.text = lowercased
    }

    /// The digest of bytes in memory.
    public init(of bytes: UnsafeRawBufferPointer) {
        var hasher = Hasher()
        hasher.add(bytes)
        self = hasher.finish()
    }

    /// The digest of these contents.
    public init(of data: Data) { self = data.withUnsafeBytes { SHA256Digest(of: $0) } }

    /// The digest of a regular file's contents, read piece by piece.
    ///
    /// - Throws: `FileError` when the file cannot be read.
    public init(ofFile url: URL) throws {
        let file = try InputFile(url)
        var hasher = Hasher()
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { piece.deallocate() }
        while true {
            let count = try file.read(into: piece)
            if count == 0 { break }
            hasher.add(UnsafeRawBufferPointer(rebasing: piece[..<count]))
        }
        self = hasher.finish()
    }

    /// A digest being made from one piece after the other.
    public struct Hasher {
        private var state = SHA256()

        /// A digest of nothing yet.
        public init() {}

        /// Adds contents.
        public mutating func add(_ bytes: UnsafeRawBufferPointer) { state.update(bufferPointer: bytes) }

        /// Adds contents.
        public mutating func add(_ text: String) { state.update(data: Data(text.utf8)) }

        /// The digest of everything added.
        public func finish() -> SHA256Digest {
            SHA256Digest(text: state.finalize().map(\.hexadecimal).joined())!
        }
    }
}
