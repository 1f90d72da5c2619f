import Foundation

/// A JSON value with the order of its keys kept and its numbers unread.
///
/// Foundation's reader drops duplicate keys and order without a word; a header that says two things about one tensor must not pass.
enum StrictJSON {
    case object([(key: String, value: StrictJSON)])
    case array([StrictJSON])
    case string(String)
    case number(String)
    case bool(Bool)
    case null

    enum Problem: Error, Equatable {
        /// Not JSON, for this reason, at this byte of the text.
        case syntax(String, byte: Int)
        case duplicateKey(String)
    }

    init(_ text: UnsafeRawBufferPointer) throws(Problem) {
        var reader = StrictJSONReader(text: text)
        self = try reader.document()
    }
}

/// A recursive-descent reader of RFC 8259 text.
private struct StrictJSONReader {
    let text: UnsafeRawBufferPointer
    var position = 0

    typealias Problem = StrictJSON.Problem

    /// Deeper nesting is refused, so that no text can exhaust the stack.
    static let deepest = 32

    mutating func document() throws(Problem) -> StrictJSON {
        let value = try self.value(depth: 0)
        skipSpace()
        if position < text.count { throw fault("text after the end of the value") }
        return value
    }

    private mutating func value(depth: Int) throws(Problem) -> StrictJSON {
        if depth > Self.deepest { throw fault("nesting deeper than \(Self.deepest)") }
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw fault("the text ends where a value should stand")
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(Problem) -> StrictJSON {
        position += 1
        var members: [(key: String, value: StrictJSON)] = []
        var known: Set<String> = []
        if accept("}") { return .object(members) }
        repeat {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw fault("a key in double quotes is expected") }
            let key = try string()
            guard known.insert(key).inserted else { throw .duplicateKey(key) }
            guard accept(":") else { throw fault("a colon is expected after a key") }
            members.append((key, try value(depth: depth + 1)))
        } while accept(",")
        guard accept("}") else { throw fault("a comma or a closing brace is expected") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(Problem) -> StrictJSON {
        position += 1
        var elements: [StrictJSON] = []
        if accept("]") { return .array(elements) }
        repeat { elements.append(try value(depth: depth + 1)) } while accept(",")
        guard accept("]") else { throw fault("a comma or a closing bracket is expected") }
        return .array(elements)
    }

    private mutating func string() throws(Problem) -> String {
        position += 1
        var units: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(exactUTF8: units) else { throw fault("text that is not UTF-8") }
                return string
            case UInt8(ascii: "\\"): units.append(contentsOf: String(try escaped()).utf8)
            case ..<0x20: throw fault("a control character in text")
            default: units.append(byte)
            }
        }
        throw fault("the text ends within a string")
    }

    private mutating func escaped() throws(Problem) -> Unicode.Scalar {
        guard let byte = peek else { throw fault("the text ends within a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw fault("an unknown escape in text")
        }
    }

    private mutating func unicodeEscape() throws(Problem) -> Unicode.Scalar {
        let first = try fourDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        // The first half of a surrogate pair: the second must follow.
        guard first < 0xDC00, accept("\\", skippingSpace: false), accept("u", skippingSpace: false) else {
            throw fault("half a surrogate pair")
        }
        let second = try fourDigits()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw fault("half a surrogate pair") }
        return scalar
    }

    private mutating func fourDigits() throws(Problem) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw fault("four hexadecimal digits are expected")
            }
            position += 1
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private mutating func number() throws(Problem) -> String {
        let start = position
        _ = accept("-", skippingSpace: false)
        let integerStart = position
        let integerDigits = digits()
        if integerDigits == 0 { throw fault("a value is expected") }
        if integerDigits > 1, text[integerStart] == UInt8(ascii: "0") { throw fault("a number with a leading zero") }
        if accept(".", skippingSpace: false), digits() == 0 { throw fault("a digit is expected after the point") }
        if accept("e", skippingSpace: false) || accept("E", skippingSpace: false) {
            if !accept("+", skippingSpace: false) { _ = accept("-", skippingSpace: false) }
            if digits() == 0 { throw fault("a digit is expected in the exponent") }
        }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func word(_ word: String, _ value: StrictJSON) throws(Problem) -> StrictJSON {
        guard text[position...].starts(with: word.utf8) else { throw fault("a value is expected") }
        position += word.utf8.count
        return value
    }

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func accept(_ mark: Unicode.Scalar, skippingSpace: Bool = true) -> Bool {
        if skippingSpace { skipSpace() }
        guard peek == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    private func fault(_ reason: String) -> Problem { .syntax(reason, byte: position) }
}
