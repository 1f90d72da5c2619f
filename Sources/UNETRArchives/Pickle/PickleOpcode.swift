/// The instructions of a pickle, by their bytes. Source: `pickle.py` of CPython.
enum Opcode: UInt8 {
    case protocolVersion = 0x80, frame = 0x95
    case mark = 0x28, pop = 0x30, popMark = 0x31, duplicate = 0x32
    case put = 0x70, binPut = 0x71, longBinPut = 0x72, memoize = 0x94
    case get = 0x67, binGet = 0x68, longBinGet = 0x6A

    case none = 0x4E, newTrue = 0x88, newFalse = 0x89
    case int = 0x49, binInt = 0x4A, binInt1 = 0x4B, binInt2 = 0x4D
    case long = 0x4C, long1 = 0x8A, long4 = 0x8B
    case float = 0x46, binFloat = 0x47

    case string = 0x53, binString = 0x54, shortBinString = 0x55
    case unicode = 0x56, binUnicode = 0x58, shortBinUnicode = 0x8C, binUnicode8 = 0x8D
    case binBytes = 0x42, shortBinBytes = 0x43, binBytes8 = 0x8E, byteArray8 = 0x96

    case emptyTuple = 0x29, tuple = 0x74, tuple1 = 0x85, tuple2 = 0x86, tuple3 = 0x87
    case emptyList = 0x5D, list = 0x6C, append = 0x61, appends = 0x65
    case emptyDictionary = 0x7D, dictionary = 0x64, setItem = 0x73, setItems = 0x75
    case emptySet = 0x8F, addItems = 0x90, frozenSet = 0x91

    case global = 0x63, stackGlobal = 0x93, instance = 0x69, object = 0x6F
    case reduce = 0x52, newObject = 0x81, newObjectExtended = 0x92, build = 0x62
    case persistentIdentifier = 0x50, binPersistentIdentifier = 0x51

    // Known but refused: they need things outside the file.
    case extension1 = 0x82, extension2 = 0x83, extension4 = 0x84
    case nextBuffer = 0x97, readOnlyBuffer = 0x98
}

/// Text as the older protocols write it.
enum PickleText {
    /// Python's raw-unicode-escape: \uXXXX and \UXXXXXXXX, every other byte a Latin-1 character.
    static func rawUnicodeEscape(_ bytes: [UInt8]) throws -> String {
        var text = String.UnicodeScalarView()
        var index = 0
        while index < bytes.count {
            let digits = index + 1 < bytes.count && bytes[index] == UInt8(ascii: "\\") ? escapeDigits(bytes[index + 1]) : 0
            guard digits > 0 else {
                text.append(Unicode.Scalar(bytes[index]))
                index += 1
                continue
            }
            guard index + 2 + digits <= bytes.count, let value = hexadecimal(bytes[index + 2..<index + 2 + digits]) else {
                throw PickleProblem.badText("\\u")
            }
            text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            index += 2 + digits
        }
        return String(text)
    }

    private static func escapeDigits(_ letter: UInt8) -> Int {
        letter == UInt8(ascii: "u") ? 4 : letter == UInt8(ascii: "U") ? 8 : 0
    }

    /// A Python 2 string literal in quotes, with its escapes undone.
    static func quoted(_ bytes: [UInt8]) throws -> [UInt8] {
        guard bytes.count >= 2, let quote = bytes.first, quote == bytes.last, quote == 0x27 || quote == 0x22 else {
            throw PickleProblem.badText(String(decoding: bytes.prefix(40), as: UTF8.self))
        }
        let inner = bytes.dropFirst().dropLast()
        var result: [UInt8] = []
        var index = inner.startIndex
        while index < inner.endIndex {
            guard inner[index] == UInt8(ascii: "\\") else {
                result.append(inner[index])
                index += 1
                continue
            }
            index += try unescape(inner[index...], into: &result)
        }
        return result
    }

    /// Undoes the escape at the start of `bytes`; returns its length.
    private static func unescape(_ bytes: ArraySlice<UInt8>, into result: inout [UInt8]) throws -> Int {
        let escape = bytes.dropFirst()
        guard let letter = escape.first else { throw PickleProblem.badText("\\") }
        switch letter {
        case UInt8(ascii: "x"):
            guard let value = hexadecimal(escape.dropFirst().prefix(2)), escape.count >= 3 else { throw PickleProblem.badText("\\x") }
            result.append(UInt8(truncatingIfNeeded: value))
            return 4
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            let digits = escape.prefix(3).prefix { (0x30...0x37).contains($0) }
            result.append(UInt8(truncatingIfNeeded: digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }))
            return 1 + digits.count
        case UInt8(ascii: "\\"), 0x27, 0x22: result.append(letter)
        default:
            let plain: [UInt8: UInt8] = [0x61: 7, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9, 0x76: 11]
            if let character = plain[letter] { result.append(character) } else { result += [UInt8(ascii: "\\"), letter] }
        }
        return 2
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt32? {
        let text = String(decoding: digits, as: UTF8.self)
        return text.allSatisfy(\.isHexDigit) ? UInt32(text, radix: 16) : nil
    }
}
