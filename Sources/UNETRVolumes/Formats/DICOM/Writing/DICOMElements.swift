import Foundation

/// A data set that is being made, or an item of one. Its elements come out in the order of their tags, whatever order they were set in.
struct DICOMElements: Sendable {
    private enum Content: Sendable {
        case bytes([UInt8])
        case items([DICOMElements])
    }

    private var contents: [DICOMTag: Content] = [:]

    /// Sets a text; of a longer one than the element may hold, what fits.
    ///
    /// - Parameter text: in an element of several values a backslash stands between them.
    mutating func set(_ tag: DICOMTag, _ text: String) {
        let type = Self.type(tag)
        precondition(![.tag, .bytes, .words, .sequence, .unsignedLong, .unsignedShort].contains(type), "\(tag.text) is no text")
        contents[tag] = .bytes(Array(text.utf8))
    }

    /// Sets a text of one value that comes from elsewhere and may hold anything: without control characters, without the backslash that
    /// would make it two, and cut to the length that the element may have.
    mutating func set(_ tag: DICOMTag, free text: String) {
        let type = Self.type(tag)
        precondition(type.isFreeText, "\(tag.text) is no free text")
        set(tag, DICOMText.fitted(text, to: type))
    }

    /// Sets whole numbers, in digits or in bytes as the element has them.
    mutating func set(_ tag: DICOMTag, _ numbers: Int...) { set(tag, numbers: numbers) }

    /// The same for numbers in a list.
    mutating func set(_ tag: DICOMTag, numbers: [Int]) {
        switch Self.type(tag) {
        case .integer: set(tag, numbers.map(String.init).joined(separator: "\\"))
        case .unsignedShort: contents[tag] = .bytes(numbers.flatMap { Self.littleEndian(UInt16(clamping: $0)) })
        case .unsignedLong: contents[tag] = .bytes(numbers.flatMap { Self.littleEndian(UInt32(clamping: $0)) })
        default: preconditionFailure("\(tag.text) holds no whole numbers")
        }
    }

    /// Sets tags as values.
    mutating func set(_ tag: DICOMTag, pointer: DICOMTag) {
        contents[tag] = .bytes(Self.littleEndian(UInt16(truncatingIfNeeded: pointer.group)) + Self.littleEndian(UInt16(truncatingIfNeeded: pointer.rawValue)))
    }

    /// Sets bytes as they are.
    mutating func set(_ tag: DICOMTag, bytes: [UInt8]) {
        precondition([.bytes, .words].contains(Self.type(tag)), "\(tag.text) holds no bytes")
        contents[tag] = .bytes(bytes)
    }

    /// Sets the items of a sequence.
    mutating func set(_ tag: DICOMTag, items: [DICOMElements]) {
        precondition(Self.type(tag) == .sequence, "\(tag.text) is no sequence")
        contents[tag] = .items(items)
    }

    /// Sets a sequence of one item.
    mutating func set(_ tag: DICOMTag, item fill: (inout DICOMElements) -> Void) {
        var item = DICOMElements()
        fill(&item)
        set(tag, items: [item])
    }

    private static func type(_ tag: DICOMTag) -> DICOMType {
        guard let type = DICOMTag.types[tag] else { preconditionFailure("\(tag.text) has no type in the list") }
        return type
    }

    private static func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] { withUnsafeBytes(of: number.littleEndian, Array.init) }

    // MARK: Bytes

    /// Whether a value is too long for a length of two bytes, so that the elements can only be written the implicit way.
    var needsLongLengths: Bool {
        contents.contains { tag, content in
            switch content {
            case .bytes(let bytes): bytes.count > 0xFFFE && !Self.type(tag).hasLongLength
            case .items(let items): items.contains(where: \.needsLongLengths)
            }
        }
    }

    /// The elements in little-endian bytes, every sequence and item with its length (PS3.5, 7.5).
    func encoded(_ encoding: DICOMEncoding = .explicit) -> [UInt8] {
        precondition(!encoding.isBigEndian, "nobody writes big-endian files any more")
        var bytes: [UInt8] = []
        append(to: &bytes, encoding)
        return bytes
    }

    private func append(to bytes: inout [UInt8], _ encoding: DICOMEncoding) {
        for (tag, content) in contents.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let type = Self.type(tag)
            bytes += Self.littleEndian(UInt16(truncatingIfNeeded: tag.group)) + Self.littleEndian(UInt16(truncatingIfNeeded: tag.rawValue))
            let place: Int
            if !encoding.isImplicit {
                bytes += Array(type.rawValue.utf8)
                if type.hasLongLength { bytes += [0, 0] }
            }
            let isLong = encoding.isImplicit || type.hasLongLength
            place = bytes.count
            bytes += [UInt8](repeating: 0, count: isLong ? 4 : 2)
            let start = bytes.count
            switch content {
            case .bytes(let value):
                bytes += value
                if !value.count.isMultiple(of: 2) { bytes.append(type.padding) }
            case .items(let items):
                for item in items {
                    bytes += [0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]
                    let first = bytes.count
                    item.append(to: &bytes, encoding)
                    Self.put(UInt32(clamping: bytes.count - first), at: first - 4, of: &bytes)
                }
            }
            let length = bytes.count - start
            precondition(length < (isLong ? Int(UInt32.max) : 0xFFFF), "\(tag.text) has \(length) bytes, which its length cannot state")
            if isLong { Self.put(UInt32(length), at: place, of: &bytes) } else { Self.put(UInt16(length), at: place, of: &bytes) }
        }
    }

    private static func put<Number: FixedWidthInteger>(_ number: Number, at place: Int, of bytes: inout [UInt8]) {
        for (offset, byte) in littleEndian(number).enumerated() { bytes[place + offset] = byte }
    }
}

/// Numbers as decimal strings, which have 16 characters at most (PS3.5, 6.2).
enum DICOMDecimal {
    /// The shortest text that reads back to the bit, or as near as 16 characters allow.
    static func text(_ value: Double) -> String {
        let shortest = value == value.rounded() && abs(value) < 1e15 ? String(format: "%.0f", value == 0 ? 0 : value) : "\(value)"
        if shortest.utf8.count <= 16 { return shortest }
        for digits in stride(from: 15, through: 1, by: -1) {
            let text = String(format: "%.\(digits)g", value)
            if text.utf8.count <= 16 { return text }
        }
        return String(format: "%.0e", value)
    }

    /// A coordinate in mm with six decimals, fewer where they would not fit; without zeros at the end, and never minus zero.
    static func coordinate(_ value: Double) -> String {
        let millionths = (value * 1e6).rounded()
        guard abs(millionths) < 1e14 else { return text(value) }
        // A set of contours has millions of them, for which the general way of formatting is slow.
        let whole = Int(abs(millionths)), (integer, fraction) = whole.quotientAndRemainder(dividingBy: 1_000_000)
        var text = millionths < 0 ? "-\(integer)" : "\(integer)"
        guard fraction > 0 else { return text }
        var digits = String(fraction)
        digits = String(repeating: "0", count: 6 - digits.utf8.count) + digits
        while digits.utf8.last == UInt8(ascii: "0") { digits.removeLast() }
        text += "." + digits
        return text
    }
}
