/// The type of an element's value (PS3.5, 6.2), by the two letters that stand in a file.
enum DICOMType: String, Sendable {
    case age = "AS", tag = "AT", code = "CS", date = "DA", decimal = "DS", integer = "IS", longString = "LO", longText = "LT", bytes = "OB"
    case words = "OW", name = "PN", shortString = "SH", sequence = "SQ", shortText = "ST", time = "TM", identifier = "UI", unsignedLong = "UL", unsignedShort =
        "US"

    /// Whether its length has four bytes with two empty ones before them (PS3.5, 7.1.2).
    var hasLongLength: Bool { [.bytes, .words, .sequence].contains(self) }

    /// What makes a length even.
    var padding: UInt8 { [.bytes, .words, .identifier].contains(self) ? 0 : UInt8(ascii: " ") }

    /// Characters of one value at most; nil where there is no limit that a value here could reach.
    var most: Int? {
        switch self {
        case .age: 4
        case .date: 8
        case .integer: 12
        case .time: 14
        case .code, .decimal, .shortString: 16
        case .longString, .identifier: 64
        case .shortText: 1024
        case .longText: 10240
        // Each of its three groups may have 64.
        case .name: 3 * 64 + 2
        case .tag, .bytes, .words, .sequence, .unsignedLong, .unsignedShort: nil
        }
    }

    /// Whether a value is a text in the data set's character set; others are ASCII.
    var isFreeText: Bool { [.longString, .longText, .name, .shortString, .shortText].contains(self) }

    /// Whether a backslash stands between several values.
    var isList: Bool { ![.longText, .shortText].contains(self) }
}
