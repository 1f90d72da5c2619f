/// The 64-bit FNV-1a hash (Fowler, Noll and Vo), to tell contents apart: quick for a few bytes, no defense against anybody.
///
/// `ContentDigest` is made for many bytes, `SHA256Digest` for whatever somebody may want to verify.
public struct FNV1a: Sendable, Hashable {
    static let basis: UInt64 = 0xcbf2_9ce4_8422_2325
    static let prime: UInt64 = 0x0000_0100_0000_01b3

    /// The digest so far.
    public private(set) var value = Self.basis

    /// A digest of nothing yet.
    public init() {}

    /// Takes in a word: a byte for the standard's hash, or all bits of a wider value in one step.
    public mutating func add(_ word: UInt64) { value = (value ^ word) &* Self.prime }

    /// Sixteen hexadecimal digits.
    public var text: String { value.hexadecimal }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// All digits to base 16, in lower case, with leading zeros.
    var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: Self.bitWidth / 4 - digits.count) + digits
    }
}
