/// Reads the pieces of a pickle's instructions from front to back, never beyond the end.
struct PickleCursor {
    let source: StoredBytes
    private let raw: UnsafeRawBufferPointer
    private(set) var position: Int

    /// Longer integers are refused: turning them into digits takes time that grows with the square.
    static let longestInteger = 256
    /// Digits of a number that stands there as text.
    static let longestNumber = 1000

    /// `raw` are the bytes of `source`, for the duration of the reading.
    init(_ source: StoredBytes, _ raw: UnsafeRawBufferPointer, position: Int) {
        self.source = source
        self.raw = raw
        self.position = position
    }

    var left: Int { raw.count - position }

    private mutating func advance(_ count: Int) throws -> Int {
        if count < 0 { throw PickleProblem.negativeLength(count) }
        guard count <= left else { throw PickleProblem.truncated(needed: count, left: left) }
        defer { position += count }
        return position
    }

    mutating func byte() throws -> UInt8 { raw[try advance(1)] }

    mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>(_ type: Integer.Type) throws -> Int {
        let start = try advance(MemoryLayout<Integer>.size)
        let value = Integer(littleEndian: raw.loadUnaligned(fromByteOffset: start, as: Integer.self))
        guard let int = Int(exactly: value) else { throw PickleProblem.truncated(needed: .max, left: left) }
        return int
    }

    /// A big-endian `Double`.
    mutating func double() throws -> Double {
        let start = try advance(8)
        return Double(bitPattern: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: start, as: UInt64.self)))
    }

    /// The next bytes, where they lie.
    mutating func bytes(_ count: Int) throws -> StoredBytes {
        let start = try advance(count)
        return source[start..<start + count]
    }

    /// The next bytes as text; what is not UTF-8 (Python allows lone surrogates) becomes the replacement character.
    mutating func text(_ count: Int) throws -> String {
        let start = try advance(count)
        return String(decoding: raw[start..<start + count], as: UTF8.self)
    }

    /// The bytes up to the next line feed, which is passed over.
    mutating func line() throws -> [UInt8] {
        let rest = raw[position...]
        guard let end = rest.firstIndex(of: 0x0A) else { throw PickleProblem.truncated(needed: left + 1, left: left) }
        defer { position = end + 1 }
        return [UInt8](rest[..<end])
    }

    mutating func textLine() throws -> String { String(decoding: try line(), as: UTF8.self) }

    mutating func intLine() throws -> Int {
        let text = try textLine()
        guard let value = Int(text) else { throw PickleProblem.badText(shortened(text)) }
        return value
    }

    /// A little-endian integer in two's complement, of any length.
    mutating func longInteger(_ count: Int) throws -> PickleItem {
        if count > Self.longestInteger { throw PickleProblem.longInteger(bytes: count) }
        let start = try advance(count)
        return BigInteger.item(littleEndian: [UInt8](raw[start..<start + count]))
    }

    /// A decimal integer in text, perhaps with the L of Python 2 behind it.
    mutating func decimalLine() throws -> PickleItem {
        var digits = try textLine()
        if digits.hasSuffix("L") { digits.removeLast() }
        guard digits.utf8.count <= Self.longestNumber else { throw PickleProblem.badText(shortened(digits)) }
        if let value = Int(digits) { return .int(value) }
        let unsigned = digits.hasPrefix("-") ? digits.dropFirst() : digits[...]
        guard !unsigned.isEmpty, unsigned.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            throw PickleProblem.badText(shortened(digits))
        }
        return .bigInt(digits)
    }

    private func shortened(_ text: String) -> String { text.count > 40 ? text.prefix(40) + "…" : text }
}

/// Integers beyond 64 bits, as digits.
enum BigInteger {
    static func item(littleEndian bytes: [UInt8]) -> PickleItem {
        let isNegative = (bytes.last ?? 0) & 0x80 != 0
        if bytes.count <= 8 {
            var bits: UInt64 = isNegative ? .max : 0
            for byte in bytes.reversed() { bits = bits << 8 | UInt64(byte) }
            return .int(Int(truncatingIfNeeded: bits))
        }
        // The magnitude, most significant byte first.
        var magnitude = Array(bytes.reversed())
        if isNegative {
            var carry = true
            for index in magnitude.indices.reversed() {
                magnitude[index] = ~magnitude[index]
                if carry { (magnitude[index], carry) = magnitude[index].addingReportingOverflow(1) }
            }
        }
        let digits = digits(magnitude)
        let text = isNegative ? "-" + digits : digits
        return Int(text).map { .int($0) } ?? .bigInt(text)
    }

    /// Decimal digits, sixteen at a time, by dividing by 10¹⁶ over and over.
    private static func digits(_ magnitude: [UInt8]) -> String {
        let (divisor, width) = (10_000_000_000_000_000, 16)
        var rest = magnitude[...]
        var groups: [String] = []
        while true {
            rest = rest.drop { $0 == 0 }
            if rest.isEmpty { break }
            var remainder = 0
            for index in rest.indices {
                let value = remainder << 8 + Int(rest[index])  // below 10¹⁶ · 2⁸, which is within 63 bits
                rest[index] = UInt8(value / divisor)
                remainder = value % divisor
            }
            let digits = String(remainder)
            groups.append(rest.allSatisfy { $0 == 0 } ? digits : String(repeating: "0", count: width - digits.count) + digits)
        }
        return groups.isEmpty ? "0" : groups.reversed().joined()
    }
}
