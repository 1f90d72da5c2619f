/// Makes broken versions of a text, the same ones every time: what the fuzzer does for readers that it cannot be linked with.
public struct Mutation {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// A number below `count`, by SplitMix64.
    private mutating func below(_ count: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((bits ^ bits >> 31) % UInt64(max(count, 1)))
    }

    private static let values = [
        "0", "-1", "2.5", "1e-300", "1e300", "-1e300", "1e999", "9223372036854775807", "-9223372036854775808", "4611686018427387904",
        "1099511627776", "null", "true", "\"x\"", "[]", "[1]", "{}", "[[[[[[[[1]]]]]]]]",
    ]

    /// The text with one to three changes: mostly a number that becomes another value, otherwise bytes changed, left out or said twice.
    public mutating func changed(_ text: String) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0...below(3) {
            let place = below(bytes.count)
            let part = place..<min(place + 1 + below(20), bytes.count)
            switch below(8) {
            case 0: bytes[place] ^= UInt8(1 << below(8))
            case 1: bytes.removeSubrange(part)
            case 2: bytes.insert(contentsOf: bytes[part], at: below(bytes.count))
            default: replaceNumber(in: &bytes, after: place)
            }
        }
        return bytes
    }

    private mutating func replaceNumber(in bytes: inout [UInt8], after place: Int) {
        func isPart(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") }
        guard let start = bytes[place...].firstIndex(where: isPart) else { return }
        let end = bytes[start...].firstIndex { !isPart($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: Self.values[below(Self.values.count)].utf8)
    }
}
