import CSHA256
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
        private static let blockSize = 64
        private var state = csha256_state()
        /// What does not fill a block yet.
        private var rest: [UInt8] = []
        private var count: UInt64 = 0

        /// A digest of nothing yet.
        public init() { csha256_start(&state) }

        /// Adds contents.
        public mutating func add(_ bytes: UnsafeRawBufferPointer) {
            var bytes = bytes[...]
            count &+= UInt64(bytes.count)
            if !rest.isEmpty {
                let missing = bytes.prefix(Self.blockSize - rest.count)
                rest += missing
                bytes = bytes.dropFirst(missing.count)
                guard rest.count == Self.blockSize else { return }
                csha256_add(&state, rest, 1)
                rest.removeAll(keepingCapacity: true)
            }
            let blocks = bytes.count / Self.blockSize
            if blocks > 0 {
                let whole = UnsafeRawBufferPointer(rebasing: bytes.prefix(blocks * Self.blockSize))
                csha256_add(&state, whole.bindMemory(to: UInt8.self).baseAddress, blocks)
            }
            rest += bytes.dropFirst(blocks * Self.blockSize)
        }

        /// Adds contents.
        public mutating func add(_ text: String) {
            var text = text
            text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
        }

        /// The digest of everything added.
        public func finish() -> SHA256Digest {
            // A one, zeros, and the number of bits as the last eight bytes of a block.
            var end = rest + [0x80], state = state
            while end.count % Self.blockSize != Self.blockSize - 8 { end.append(0) }
            withUnsafeBytes(of: (count &* 8).bigEndian) { end += $0 }
            csha256_add(&state, end, end.count / Self.blockSize)
            return withUnsafeBytes(of: state.words) { words in
                let words = words.bindMemory(to: UInt32.self)
                return SHA256Digest(text: words.map { word in withUnsafeBytes(of: word.bigEndian) { $0.map(\.hexadecimal).joined() } }.joined())!
            }
        }
    }
}
