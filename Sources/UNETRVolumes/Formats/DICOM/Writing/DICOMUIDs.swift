import UNETRSupport

/// Makes unique identifiers below 2.25, which need no registration (PS3.5, B.2): a UUID as a decimal number.
struct DICOMUIDs {
    private var digest: SHA256Digest?
    private var count = 0

    /// - Parameters:
    ///   - seed: nil for random identifiers. Otherwise equal seed and equal contents give equal identifiers, and nothing else does.
    ///   - contents: what the object is made from.
    init(seed: UInt64?, contents: SHA256Digest) {
        guard let seed else { return }
        var hasher = SHA256Digest.Hasher()
        hasher.add("\(seed) \(contents.text)")
        digest = hasher.finish()
    }

    /// The next identifier.
    mutating func next() -> String {
        var bytes: [UInt8]
        if let digest {
            var hasher = SHA256Digest.Hasher()
            hasher.add("\(digest.text) \(count)")
            count += 1
            let digits = Array(hasher.finish().text.utf8)
            bytes = (0..<16).map { UInt8(String(decoding: digits[2 * $0..<2 * $0 + 2], as: UTF8.self), radix: 16) ?? 0 }
        } else {
            var generator = SystemRandomNumberGenerator()
            bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
        // Version and variant of a UUID: 4 for random numbers, 8 for what somebody computed.
        bytes[6] = bytes[6] & 0x0F | (digest == nil ? 0x40 : 0x80)
        bytes[8] = bytes[8] & 0x3F | 0x80
        return "2.25." + Self.decimal(bytes)
    }

    /// A number of any length, its highest byte first.
    static func decimal(_ bytes: [UInt8]) -> String {
        var rest = bytes, digits: [UInt8] = []
        while rest.contains(where: { $0 > 0 }) {
            var carry = 0
            for index in rest.indices {
                let value = carry << 8 | Int(rest[index])
                rest[index] = UInt8(value / 10)
                carry = value % 10
            }
            digits.append(UInt8(ascii: "0") + UInt8(carry))
        }
        return digits.isEmpty ? "0" : String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// Whether a text is a unique identifier (PS3.5, 9.1).
    static func isValid(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count) else { return false }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count > 1 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } && ($0 == "0" || $0.first != "0") }
    }
}
