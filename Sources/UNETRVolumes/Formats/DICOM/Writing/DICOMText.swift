import Foundation

/// Texts in the character sets of DICOM (PS3.3, C.12.1.1.2; PS3.5, 6.1), as Unicode.
struct DICOMText {
    /// What `SpecificCharacterSet` says; empty where there is none.
    private let terms: [String]

    /// - Parameter terms: the values of `SpecificCharacterSet`.
    init(_ terms: [String]) { self.terms = terms.map { $0.trimmingCharacters(in: .whitespaces) } }

    /// The text; nil where its bytes are none in that character set, or where this system does not know it.
    ///
    /// - Parameter isName: whether it is a person's name, whose parts each begin in the first character set.
    func decoded(_ bytes: [UInt8], isName: Bool = false) -> String? {
        let first = terms.first ?? ""
        let text: String?
        switch first {
        case "ISO_IR 192": text = String(bytes: bytes, encoding: .utf8)
        case "GB18030": text = Self.converted(bytes, from: "GB18030")
        case "GBK": text = Self.converted(bytes, from: "GBK")
        default: text = withSwitches(bytes, isName: isName)
        }
        return text?.trimmingCharacters(in: CharacterSet(charactersIn: " \0"))
    }

    // MARK: Code extension

    /// A set of characters that escape sequences switch to (PS3.3, tables C.12-2 to C.12-4).
    private enum Repertoire: Equatable {
        case ascii
        case katakana
        /// One byte a character, by the name that iconv has for it.
        case single(String)
        /// Two bytes a character.
        case double(DoubleSet)
    }

    private enum DoubleSet { case japanese, japaneseSupplement, korean, chinese }

    /// The sets for bytes below and above 128.
    private struct State {
        var low = Repertoire.ascii
        var high: Repertoire
    }

    private var start: State? {
        // As written by those who leave the set out: what Western Europe uses.
        guard let first = terms.first, !first.isEmpty else { return State(high: .single("ISO-8859-1")) }
        return Self.high[first.replacingOccurrences(of: "ISO 2022 IR", with: "ISO_IR")].map { State(high: $0) }
    }

    private static let high: [String: Repertoire] = [
        "ISO_IR 6": .single("ISO-8859-1"), "ISO_IR 100": .single("ISO-8859-1"), "ISO_IR 101": .single("ISO-8859-2"), "ISO_IR 109": .single("ISO-8859-3"),
        "ISO_IR 110": .single("ISO-8859-4"), "ISO_IR 144": .single("ISO-8859-5"), "ISO_IR 127": .single("ISO-8859-6"),
        "ISO_IR 126": .single("ISO-8859-7"), "ISO_IR 138": .single("ISO-8859-8"), "ISO_IR 148": .single("ISO-8859-9"), "ISO_IR 203": .single("ISO-8859-15"),
        "ISO_IR 166": .single("TIS-620"), "ISO_IR 13": .katakana, "ISO_IR 87": .katakana, "ISO_IR 149": .double(.korean), "ISO_IR 58": .double(.chinese),
    ]

    /// What the bytes after an escape switch to.
    private static let switches: [(code: String, low: Repertoire?, high: Repertoire?)] = [
        ("(B", .ascii, nil), ("(J", .ascii, nil), (")I", nil, .katakana), ("$B", .double(.japanese), nil), ("$@", .double(.japanese), nil),
        ("$(D", .double(.japaneseSupplement), nil), ("$)C", nil, .double(.korean)), ("$)A", nil, .double(.chinese)), ("-A", nil, .single("ISO-8859-1")),
        ("-B", nil, .single("ISO-8859-2")), ("-C", nil, .single("ISO-8859-3")), ("-D", nil, .single("ISO-8859-4")), ("-L", nil, .single("ISO-8859-5")),
        ("-G", nil, .single("ISO-8859-6")), ("-F", nil, .single("ISO-8859-7")), ("-H", nil, .single("ISO-8859-8")), ("-M", nil, .single("ISO-8859-9")),
        ("-b", nil, .single("ISO-8859-15")), ("-T", nil, .single("TIS-620")),
    ]

    private func withSwitches(_ bytes: [UInt8], isName: Bool) -> String? {
        guard let start else { return nil }
        var state = start, text = "", position = 0
        while position < bytes.count {
            let byte = bytes[position], rest = bytes[(position + 1)...]
            if byte == 0x1B {
                guard let found = Self.switches.first(where: { rest.starts(with: $0.code.utf8) }) else { return nil }
                state.low = found.low ?? state.low
                state.high = found.high ?? state.high
                position += 1 + found.code.utf8.count
                continue
            }
            let set = byte < 0x80 ? state.low : state.high
            guard byte > 0x20, byte != 0x7F, set != .ascii || byte >= 0x80 else {
                text.unicodeScalars.append(Unicode.Scalar(byte))
                // A delimiter takes back what escapes have switched.
                if [0x09, 0x0A, 0x0C, 0x0D].contains(byte) || isName && [0x5E, 0x3D].contains(byte) { state = start }
                position += 1
                continue
            }
            let width: Int
            if case .double = set { width = 2 } else { width = 1 }
            guard position + width <= bytes.count, let next = Self.text(Array(bytes[position..<position + width]), set) else { return nil }
            text += next
            position += width
        }
        return text
    }

    /// One character.
    private static func text(_ bytes: [UInt8], _ set: Repertoire) -> String? {
        let upper = bytes.map { $0 | 0x80 }
        switch set {
        case .ascii: return nil
        case .katakana: return (0xA1...0xDF).contains(bytes[0]) ? Unicode.Scalar(0xFF61 + UInt32(bytes[0]) - 0xA1).map { String(Character($0)) } : nil
        case .single("ISO-8859-1"): return String(Character(Unicode.Scalar(bytes[0])))
        case .single(let name): return converted(bytes, from: name)
        case .double(.japanese): return converted(upper, from: "EUC-JP")
        case .double(.japaneseSupplement): return converted([0x8F] + upper, from: "EUC-JP")
        case .double(.korean): return converted(upper, from: "EUC-KR")
        case .double(.chinese): return converted(upper, from: "GB2312")
        }
    }

    // MARK: The system's tables

    #if canImport(Darwin)
        private static func converted(_ bytes: [UInt8], from name: String) -> String? {
            let encoding = CFStringConvertIANACharSetNameToEncoding(name as CFString)
            guard encoding != kCFStringEncodingInvalidId else { return nil }
            return String(bytes: bytes, encoding: String.Encoding(rawValue: CFStringConvertEncodingToNSStringEncoding(encoding)))
        }
    #else
        private static func converted(_ bytes: [UInt8], from name: String) -> String? {
            let converter = iconv_open("UTF-8", name)
            guard let converter, converter != iconv_t(bitPattern: -1) else { return nil }
            defer { iconv_close(converter) }
            var input = bytes.map { CChar(bitPattern: $0) }
            // No character takes more than four bytes in UTF-8.
            var output = [CChar](repeating: 0, count: 4 * bytes.count + 4)
            let made: Int? = input.withUnsafeMutableBufferPointer { input in
                output.withUnsafeMutableBufferPointer { output in
                    var (from, fromLeft) = (input.baseAddress, input.count)
                    var (to, toLeft) = (output.baseAddress, output.count)
                    guard iconv(converter, &from, &fromLeft, &to, &toLeft) != -1, fromLeft == 0 else { return nil }
                    return output.count - toLeft
                }
            }
            return made.flatMap { String(bytes: output[..<$0].map { UInt8(bitPattern: $0) }, encoding: .utf8) }
        }
    #endif

    // MARK: Fitting

    /// A text as one value of an element: control characters become spaces, the backslash, which would part it, a slash, and what is too long
    /// goes.
    static func fitted(_ text: String, to type: DICOMType) -> String {
        let keepsLines = !type.isList
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\\", type.isList {
                scalars.append("/")
            } else if scalar.properties.generalCategory == .control, !(keepsLines && (scalar == "\n" || scalar == "\r")) {
                scalars.append(" ")
            } else {
                scalars.append(scalar)
            }
        }
        let clean = String(scalars).trimmingCharacters(in: .whitespaces)
        return String(clean.prefix(type.most ?? .max)).trimmingCharacters(in: .whitespaces)
    }
}
