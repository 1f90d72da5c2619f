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
}
