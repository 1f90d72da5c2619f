import CSHA256
import Foundation
import Testing
import UNETRSupport

struct DigestTests {
    private static func fnv(_ text: String) -> FNV1a {
        var hash = FNV1a()
        for byte in text.utf8 { hash.add(UInt64(byte)) }
        return hash
    }

    /// Test vectors of the authors (draft-eastlake-fnv, appendix C).
    @Test func `FNV-1a has the values of its authors`() {
        #expect(Self.fnv("").text == "cbf29ce484222325")
        #expect(Self.fnv("a").text == "af63dc4c8601ec8c")
        #expect(Self.fnv("foobar").text == "85944171f73967e8")
    }

    /// Digests that lie in caches and in older models' files: they may never change.
    @Test func `The digest of contents stays what it was`() {
        func digest(_ bytes: [UInt8]) -> String {
            var digest = ContentDigest()
            bytes.withUnsafeBytes { digest.add($0) }
            return digest.text
        }
        #expect(digest([]) == "3ac548bd2af20197")
        #expect(digest(Array(0..<100)) == "028879597ddfe168")
        #expect(digest(Array(0..<100)).count == 16 && digest(Array(0..<99)) != digest(Array(0..<100)))
    }

    /// FIPS 180-2, appendix B.1.
    @Test func `SHA-256 has the value of the standard, and its text is read back`() throws {
        let digest = SHA256Digest(of: Data("abc".utf8))
        #expect(digest.text == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256Digest(text: digest.text.uppercased()) == digest)
        #expect(SHA256Digest(text: String(digest.text.dropLast())) == nil && SHA256Digest(text: "g" + digest.text.dropFirst()) == nil)
    }

    /// FIPS 180-2, appendix B.3, and Python's hashlib.
    @Test func `SHA-256 of every length is that of hashlib, whole and in pieces`() {
        #expect(SHA256Digest(of: Data(repeating: 0x61, count: 1_000_000)).text == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        var all = SHA256Digest.Hasher()
        for count in 0..<300 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31 + count) }, whole = SHA256Digest(of: Data(bytes))
            all.add(whole.text)
            for piece in [1, 63, 64, 65] {
                var hasher = SHA256Digest.Hasher()
                for start in stride(from: 0, to: count, by: piece) { bytes[start..<min(start + piece, count)].withUnsafeBytes { hasher.add($0) } }
                #expect(hasher.finish() == whole, "\(count) bytes in pieces of \(piece)")
            }
        }
        #expect(all.finish().text == "74773516b960dde1173b3e3eb3847958a018c15e3eac59459343cd38c3aca031")
    }

    @Test func `The processor's instructions and plain arithmetic agree`() {
        let bytes = (0..<64 * 37).map { UInt8(truncatingIfNeeded: $0 &* $0 &+ $0 >> 3) }
        var (fast, plain) = (csha256_state(), csha256_state())
        csha256_start(&fast)
        csha256_start(&plain)
        csha256_add(&fast, bytes, 37)
        csha256_add_plainly(&plain, bytes, 37)
        #expect(withUnsafeBytes(of: fast.words) { Array($0) } == withUnsafeBytes(of: plain.words) { Array($0) })
    }
}
