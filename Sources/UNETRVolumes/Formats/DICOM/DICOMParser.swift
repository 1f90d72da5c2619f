import Foundation
import UNETRSupport

/// How the elements of a data set are written (PS3.5, 7.1).
struct DICOMEncoding: Equatable, Sendable {
    /// Without the two letters that tell an element's type.
    var isImplicit: Bool
    var isBigEndian = false

    static let implicit = DICOMEncoding(isImplicit: true)
    static let explicit = DICOMEncoding(isImplicit: false)
    static let bigEndian = DICOMEncoding(isImplicit: false, isBigEndian: true)
}

/// Reads the elements of a data set that are needed and passes over the others, however deep they are nested.
///
/// Every length is compared with the bytes that are left. Whatever a file says, memory stays in proportion to its size, and the stack to
/// `deepest`.
struct DICOMParser {
    /// How deep sequences are entered whose items are needed. Those of images are two deep.
    static let deepest = 64
    /// No value that is needed is longer, but for tables of offsets.
    static let longestValue = 1 << 16
    static let longestTable = 1 << 26

    private var window: ByteWindow
    private(set) var position: Int

    private let selection: DICOMSelection

    init(_ source: any DICOMBytes, from position: Int, keeping selection: DICOMSelection = .image) {
        window = ByteWindow(source)
        self.position = position
        self.selection = selection
    }

    private struct Element {
        var tag: DICOMTag
        /// The two letters as one number; 0 where they are not written.
        var type: UInt16
        /// Nil: until a mark that ends it.
        var length: Int?
    }

    // MARK: A data set

    /// The data set from here on to its pixels, or to the end of the bytes if it has none.
    ///
    /// - Parameter dataSet: gets what was read also when an error is thrown.
    mutating func parse(_ encoding: DICOMEncoding, into dataSet: inout DICOMDataSet) throws {
        dataSet.isBigEndian = encoding.isBigEndian
        try elements(encoding, end: nil, depth: 0, into: &dataSet)
    }

    /// The element that begins here.
    mutating func parseOne(_ encoding: DICOMEncoding, into dataSet: inout DICOMDataSet) throws {
        let element = try header(encoding, end: nil)
        try read(element, encoding, end: nil, depth: 0, into: &dataSet)
    }

    /// Reads elements up to byte `end`, or to the mark that ends an item, or at depth 0 to the end of the file.
    private mutating func elements(_ encoding: DICOMEncoding, end: Int?, depth: Int, into dataSet: inout DICOMDataSet) throws {
        while end.map({ position < $0 }) ?? true {
            if depth == 0, try !window.hasByte(at: position) { return }
            let element = try header(encoding, end: end)
            if element.tag == .itemEnd, end == nil, depth > 0 { return }
            try read(element, encoding, end: end, depth: depth, into: &dataSet)
            // What follows the pixels is padding or a signature.
            if depth == 0, dataSet.pixels != nil, dataSet.values[.rows] != nil { return }
        }
    }

    private mutating func read(_ element: Element, _ encoding: DICOMEncoding, end: Int?, depth: Int, into dataSet: inout DICOMDataSet) throws {
        let inner = Self.inner(of: element, encoding)
        if depth == 0, element.tag == .pixels || element.tag == .floatPixels || element.tag == .doublePixels {
            dataSet.pixels = try pixels(element, encoding)
        } else if selection.sequences.contains(element.tag), depth < Self.deepest, element.length == nil || element.type == 0 || element.type == Self.sequence {
            dataSet.sequences[element.tag] = try items(element, inner, end: end, depth: depth)
        } else if let length = element.length {
            let (start, next) = (position, try self.end(of: element, length, within: end))
            if selection.values.contains(element.tag) {
                let most = [.extendedOffsets, .contourData].contains(element.tag) ? Self.longestTable : Self.longestValue
                guard length <= most else {
                    throw DICOMProblem.malformed(what: "\(element.tag.text) has \(length) bytes", rule: "such a value has at most \(most)")
                }
                guard let bytes = try window.bytes(at: start, count: length) else { throw truncated(element, length) }
                dataSet.values[element.tag] = bytes
            }
            position = next
        } else {
            try skipItems(inner)
        }
    }

    /// An element of type UN that has no length holds a sequence written the implicit way, whatever the rest is (PS3.5, 6.2.2).
    private static func inner(of element: Element, _ encoding: DICOMEncoding) -> DICOMEncoding {
        element.type == unknown && element.length == nil ? .implicit : encoding
    }

    private mutating func items(_ element: Element, _ encoding: DICOMEncoding, end: Int?, depth: Int) throws -> [DICOMDataSet] {
        let stop = try element.length.map { try self.end(of: element, $0, within: end) }
        var items: [DICOMDataSet] = []
        while stop.map({ position < $0 }) ?? true {
            let (tag, length) = try itemHeader(encoding, end: stop)
            if tag == .sequenceEnd, stop == nil { break }
            guard tag == .item else { throw Self.notAnItem(tag) }
            var item = DICOMDataSet(isBigEndian: encoding.isBigEndian)
            let last = try length.map { try self.end(of: Element(tag: tag, type: 0, length: $0), $0, within: stop) }
            try elements(encoding, end: last, depth: depth + 1, into: &item)
            items.append(item)
        }
        return items
    }

    private static func notAnItem(_ tag: DICOMTag) -> DICOMProblem {
        .malformed(what: "\(tag.text) stands in a sequence", rule: "a sequence consists of items")
    }

    // MARK: What is passed over

    /// Passes over the items of a sequence without a length, which may hold others, as deep as the file goes.
    private mutating func skipItems(_ encoding: DICOMEncoding) throws {
        // A level is a sequence or, one deeper, an item of it. Only those without a length are ever entered.
        var levels: [(isItem: Bool, encoding: DICOMEncoding)] = [(false, encoding)]
        while let level = levels.last {
            if level.isItem {
                let element = try header(level.encoding, end: nil)
                if element.tag == .itemEnd {
                    levels.removeLast()
                } else if let length = element.length {
                    position = try end(of: element, length, within: nil)
                } else {
                    levels.append((false, Self.inner(of: element, level.encoding)))
                }
            } else {
                let (tag, length) = try itemHeader(level.encoding, end: nil)
                if tag == .sequenceEnd {
                    levels.removeLast()
                } else if tag != .item {
                    throw Self.notAnItem(tag)
                } else if let length {
                    position = try end(of: Element(tag: tag, type: 0, length: length), length, within: nil)
                } else {
                    levels.append((true, level.encoding))
                }
            }
        }
    }

    // MARK: Pixels

    private mutating func pixels(_ element: Element, _ encoding: DICOMEncoding) throws -> DICOMPixelElement {
        let isWords = element.type != Self.otherBytes
        if let length = element.length {
            let start = position
            position = try end(of: element, length, within: nil)
            return DICOMPixelElement(tag: element.tag, content: .native(start..<position), isWords: isWords)
        }
        var fragments: [Range<Int>] = [], offsets: [Int] = []
        var isFirst = true
        while true {
            let (tag, length) = try itemHeader(encoding, end: nil)
            if tag == .sequenceEnd { break }
            guard tag == .item, let length else { throw Self.notAnItem(tag) }
            let start = position
            position = try end(of: Element(tag: tag, type: 0, length: length), length, within: nil)
            if isFirst { offsets = try table(at: start, length) } else { fragments.append(start..<position) }
            isFirst = false
        }
        return DICOMPixelElement(tag: element.tag, content: .fragments(fragments, offsets: offsets), isWords: isWords)
    }

    /// The table of offsets before the first fragment: four bytes a frame.
    private func table(at start: Int, _ length: Int) throws -> [Int] {
        guard length % 4 == 0, length <= Self.longestTable, let bytes = try window.source.bytes(at: start, count: length) else {
            throw DICOMProblem.malformed(what: "the table of offsets has \(length) bytes", rule: "it must have 4 for each frame")
        }
        return stride(from: 0, to: length, by: 4).map { Int(Self.number(bytes[$0..<$0 + 4], isBigEndian: false)) }
    }

    // MARK: Headers

    /// The element at this place; afterward `position` is that of its value.
    private mutating func header(_ encoding: DICOMEncoding, end: Int?) throws -> Element {
        let count = try window.available(at: position, upTo: 12), start = position, window = window
        guard count >= 8 else { throw DICOMProblem.truncated(what: "an element's header", expected: 8, found: count) }
        func number(_ offset: Int, _ bytes: Int) -> UInt32 {
            var number: UInt32 = 0
            for byte in 0..<bytes { number = number << 8 | UInt32(window[start + offset + (encoding.isBigEndian ? byte : bytes - 1 - byte)]) }
            return number
        }
        var element = Element(tag: DICOMTag(rawValue: number(0, 2) << 16 | number(2, 2)), type: 0, length: 0)
        var long = number(4, 4)
        var size = 8
        if !encoding.isImplicit, element.tag.group != 0xFFFE {
            element.type = UInt16(window[start + 4]) << 8 | UInt16(window[start + 5])
            guard let isLong = Self.types[element.type] else {
                throw DICOMProblem.malformed(what: "\(element.tag.text) has no known type", rule: "two letters must tell it")
            }
            if isLong {
                guard count == 12 else { throw DICOMProblem.truncated(what: "an element's header", expected: 12, found: count) }
                (long, size) = (number(8, 4), 12)
            } else {
                long = number(6, 2)
            }
        }
        element.length = long == .max ? nil : Int(long)
        if !(element.length != nil || encoding.isImplicit || [Self.sequence, Self.unknown, Self.otherBytes, Self.otherWords].contains(element.type)) {
            throw DICOMProblem.malformed(what: "\(element.tag.text) has no length", rule: "only sequences and pixels may have none")
        }
        position += size
        if let end, position > end {
            throw DICOMProblem.malformed(what: "\(element.tag.text) ends behind the item it is in", rule: "items hold their elements")
        }
        return element
    }

    /// An item's header: its tag and length.
    private mutating func itemHeader(_ encoding: DICOMEncoding, end: Int?) throws -> (DICOMTag, Int?) {
        let element = try header(DICOMEncoding(isImplicit: true, isBigEndian: encoding.isBigEndian), end: end)
        return (element.tag, element.length)
    }

    /// The byte behind a value of that length, which must lie within the file and within what it is part of.
    private mutating func end(of element: Element, _ length: Int, within end: Int?) throws -> Int {
        let next = position + length  // a length has 32 bits
        if let end, next > end {
            throw DICOMProblem.malformed(what: "\(element.tag.text) ends behind the item it is in", rule: "items hold their elements")
        }
        if let count = window.source.count {
            guard next <= count else { throw truncated(element, length) }
        } else if length > 0, try !window.hasByte(at: next - 1) {
            throw truncated(element, length)
        }
        return next
    }

    private func truncated(_ element: Element, _ length: Int) -> DICOMProblem {
        .truncated(
            what: element.tag == .item ? "a part of the pixels" : element.tag.text, expected: length, found: window.source.count.map { max(0, $0 - position) })
    }

    private static func number(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> UInt32 {
        (isBigEndian ? Array(bytes) : bytes.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
    }

    // MARK: Types

    private static func code(_ letters: StaticString) -> UInt16 { letters.withUTF8Buffer { UInt16($0[0]) << 8 | UInt16($0[1]) } }
    private static let sequence = code("SQ"), unknown = code("UN"), otherBytes = code("OB"), otherWords = code("OW")

    /// The types there are, and whether their lengths have four bytes (PS3.5, 7.1.2).
    private static let types: [UInt16: Bool] = {
        let short: [StaticString] = [
            "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FL", "FD", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US",
        ]
        let long: [StaticString] = ["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]
        return Dictionary(uniqueKeysWithValues: short.map { (code($0), false) } + long.map { (code($0), true) })
    }()

    /// Whether two bytes are the letters of a type.
    static func isType(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count == 2 && types[UInt16(bytes.first!) << 8 | UInt16(bytes.last!)] != nil
    }
}
