import Foundation

/// The elements of a data set that are needed, as the file has them.
struct DICOMDataSet: Sendable {
    /// Whether numbers have their highest byte first.
    var isBigEndian = false
    var values: [DICOMTag: [UInt8]] = [:]
    var sequences: [DICOMTag: [DICOMDataSet]] = [:]
    var pixels: DICOMPixelElement?

    /// The first item of a sequence.
    func item(_ tag: DICOMTag) -> DICOMDataSet? { sequences[tag]?.first }

    /// A text without the padding behind it; nil where there is none.
    func text(_ tag: DICOMTag) -> String? {
        guard let bytes = values[tag] else { return nil }
        let text = Self.trimmed(bytes[...])
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isPadding(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == 0 }
        guard let first = bytes.firstIndex(where: { !isPadding($0) }), let last = bytes.lastIndex(where: { !isPadding($0) }) else { return [] }
        return bytes[first...last]
    }

    /// The parts of a text of several values.
    func texts(_ tag: DICOMTag) -> [String] {
        guard let bytes = values[tag] else { return [] }
        let text = Self.trimmed(bytes[...])
        guard !text.isEmpty else { return [] }
        return text.split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false).map { String(decoding: Self.trimmed($0), as: UTF8.self) }
    }

    /// Decimal numbers in text; nil where there is no such element, or an empty one.
    ///
    /// - Throws: `DICOMProblem.malformed` for another count, and for what is not a finite number.
    func decimals(_ tag: DICOMTag, count: Int) throws(DICOMProblem) -> [Double]? {
        guard let text = text(tag) else { return nil }
        let parts = texts(tag)
        guard parts.count == count else {
            throw .malformed(what: "\(tag.text) has \(parts.count) values", rule: "it must have \(count)")
        }
        var numbers: [Double] = []
        for part in parts {
            // Swift also reads "nan", "inf" and hexadecimal numbers.
            guard !part.isEmpty, part.utf8.allSatisfy(Self.isOfDecimal), let number = Double(part), number.isFinite else {
                throw .malformed(what: "\(tag.text) is '\(Self.shown(text))'", rule: "it must be \(count == 1 ? "a number" : "numbers")")
            }
            numbers.append(number)
        }
        return numbers
    }

    private static func isOfDecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: false
        }
    }

    /// A whole number in text; nil where there is none.
    func integer(_ tag: DICOMTag) throws(DICOMProblem) -> Int? {
        guard let text = texts(tag).first, !text.isEmpty else { return nil }
        guard let number = Int(text) else { throw .malformed(what: "\(tag.text) is '\(Self.shown(text))'", rule: "it must be a whole number") }
        return number
    }

    /// An unsigned number of two bytes; nil where there is none.
    func short(_ tag: DICOMTag) throws(DICOMProblem) -> Int? {
        guard let bytes = values[tag], !bytes.isEmpty else { return nil }
        guard bytes.count >= 2 else { throw .malformed(what: "\(tag.text) has \(bytes.count) bytes", rule: "it must have 2") }
        return isBigEndian ? Int(bytes[0]) << 8 | Int(bytes[1]) : Int(bytes[1]) << 8 | Int(bytes[0])
    }

    /// - Throws: `DICOMProblem.malformed` where there is none.
    func requiredShort(_ tag: DICOMTag) throws(DICOMProblem) -> Int {
        guard let number = try short(tag) else { throw .malformed(what: "\(tag.text) is missing", rule: "every image must have it") }
        return number
    }

    /// The value as text that can be compared, whatever its type.
    func mark(_ tag: DICOMTag) -> String? {
        guard let bytes = values[tag], !bytes.isEmpty else { return nil }
        let bits = (isBigEndian ? bytes : bytes.reversed()).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch tag {
        case .temporalIndex: return "\(bits)"
        case .diffusionBValue: return "\(Double(bitPattern: bits))"
        default: return text(tag)
        }
    }

    /// Enough of a value to recognize it, whatever a file holds.
    private static func shown(_ text: String) -> String {
        String(text.prefix(40).unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : Character($0) })
    }
}

/// Where the pixels lie in the bytes of a data set.
struct DICOMPixelElement: Sendable {
    enum Content: Sendable {
        /// Frame after frame, as they are.
        case native(Range<Int>)
        /// Compressed: pieces, and where each frame begins, counted in bytes from the first piece's header; empty where the file does not say.
        case fragments([Range<Int>], offsets: [Int])
    }

    var tag: DICOMTag
    var content: Content
    /// Whether it was written in units of two bytes, which matters for bytes in big-endian files.
    var isWords: Bool
}
