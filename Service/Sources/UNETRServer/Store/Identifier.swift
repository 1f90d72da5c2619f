/// Names of scans and jobs in URLs and on disk: 128 random bits in Crockford's base 32, so nobody guesses one, and none is a path.
enum Identifier {
    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    private static let length = 26

    /// One that nobody has.
    static func new() -> String {
        var generator = SystemRandomNumberGenerator()
        var bits = UInt128(generator.next() as UInt64) << 64 | UInt128(generator.next() as UInt64)
        var text: [UInt8] = []
        for _ in 0..<length {
            text.append(digits[Int(truncatingIfNeeded: bits & 31)])
            bits >>= 5
        }
        return String(decoding: text.reversed(), as: UTF8.self)
    }

    /// Whether a text could be one.
    static func isValid(_ text: some StringProtocol) -> Bool { text.utf8.count == length && text.utf8.allSatisfy(digits.contains) }
}
