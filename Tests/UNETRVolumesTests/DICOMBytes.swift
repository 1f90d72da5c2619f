import CZlib
import Foundation

/// A DICOM file built element by element, apart from the package's reader, so that tests can make it lie. Explicit, little-endian.
struct DICOMFileBytes {
    /// Elements by group and number, with their bytes as they stand in the file.
    var elements: [UInt32: [UInt8]] = [:]
    var transferSyntax = "1.2.840.10008.1.2.1"

    /// A CT slice of 4 × 3 pixels of 16 bits, the values `first`, `first` + 1, …, at height z.
    init(z: Double = 0, first: Int16 = 0, instance: String = "1", series: String = "1.2.3") {
        set(0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.2")
        set(0x0008, 0x0018, "UI", "1.2.3.4.\(instance)")
        set(0x0008, 0x0060, "CS", "CT")
        set(0x0010, 0x0010, "PN", "Somebody^Secret")
        set(0x0020, 0x000E, "UI", series)
        set(0x0020, 0x0011, "IS", "4")
        set(0x0020, 0x0032, "DS", "10\\20\\\(z)")
        set(0x0020, 0x0037, "DS", "1\\0\\0\\0\\1\\0")
        set(0x0028, 0x0002, "US", short: 1)
        set(0x0028, 0x0004, "CS", "MONOCHROME2")
        set(0x0028, 0x0010, "US", short: 3)
        set(0x0028, 0x0011, "US", short: 4)
        set(0x0028, 0x0030, "DS", "2\\1.5")
        for (element, value) in [(0x0100, 16), (0x0101, 16), (0x0102, 15), (0x0103, 1)] { set(0x0028, UInt16(element), "US", short: UInt16(value)) }
        setPixels((0..<12).map { first + Int16($0) })
    }

    mutating func set(_ group: UInt16, _ element: UInt16, _ type: String, _ text: String) {
        let padded = text.utf8.count % 2 == 0 ? text : text + (type == "UI" ? "\0" : " ")
        set(group, element, type, bytes: Array(padded.utf8))
    }

    mutating func set(_ group: UInt16, _ element: UInt16, _ type: String, short: UInt16) { set(group, element, type, bytes: Self.little(short)) }

    mutating func set(_ group: UInt16, _ element: UInt16, _ type: String, bytes: [UInt8]) {
        elements[UInt32(group) << 16 | UInt32(element)] = Self.element(group, element, type, bytes)
    }

    mutating func remove(_ group: UInt16, _ element: UInt16) { elements[UInt32(group) << 16 | UInt32(element)] = nil }

    mutating func setPixels(_ values: [Int16]) { set(0x7FE0, 0x0010, "OW", bytes: values.flatMap { Self.little(UInt16(bitPattern: $0)) }) }

    /// Compressed pixels: a table of offsets and pieces.
    mutating func setFragments(_ fragments: [[UInt8]], offsets: [UInt32] = [], syntax: String) {
        transferSyntax = syntax
        var bytes = Self.item(offsets.flatMap { Self.little($0) })
        for fragment in fragments { bytes += Self.item(fragment.count % 2 == 0 ? fragment : fragment + [0]) }
        elements[0x7FE0_0010] =
            Self.little(UInt16(0x7FE0)) + Self.little(UInt16(0x0010)) + Array("OB".utf8) + [0, 0, 0xFF, 0xFF, 0xFF, 0xFF] + bytes
            + Self.mark(0xE0DD)
    }

    static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }

    static func element(_ group: UInt16, _ element: UInt16, _ type: String, _ bytes: [UInt8]) -> [UInt8] {
        let head = little(group) + little(element) + Array(type.utf8)
        let isLong = ["OB", "OW", "SQ", "UN", "OF", "OD", "OV", "UT"].contains(type)
        return head + (isLong ? [0, 0] + little(UInt32(bytes.count)) : little(UInt16(bytes.count))) + bytes
    }

    /// An item or the mark that ends one or a sequence.
    static func item(_ bytes: [UInt8]) -> [UInt8] { little(UInt16(0xFFFE)) + little(UInt16(0xE000)) + little(UInt32(bytes.count)) + bytes }
    static func mark(_ element: UInt16) -> [UInt8] { little(UInt16(0xFFFE)) + little(element) + [0, 0, 0, 0] }
    static let openItem = little(UInt16(0xFFFE)) + little(UInt16(0xE000)) + [0xFF, 0xFF, 0xFF, 0xFF]
    /// A private sequence without a length.
    static func openSequence(_ group: UInt16 = 0x0009) -> [UInt8] {
        little(group) + little(UInt16(0x1001)) + Array("SQ".utf8) + [0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
    }

    var dataSet: [UInt8] { elements.keys.sorted().flatMap { elements[$0]! } }

    var head: [UInt8] {
        let syntax = transferSyntax.utf8.count % 2 == 0 ? transferSyntax : transferSyntax + "\0"
        let meta = Self.element(0x0002, 0x0010, "UI", Array(syntax.utf8))
        return [UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + Self.element(0x0002, 0x0000, "UL", Self.little(UInt32(meta.count))) + meta
    }

    var bytes: [UInt8] { head + dataSet }

    @discardableResult
    func write(_ name: String, in folder: URL) throws -> URL {
        let url = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url
    }

    /// A stack of slices 2 mm apart, in files 0.dcm, 1.dcm, …
    static func writeStack(
        _ heights: [Double], in folder: URL, series: String = "1.2.3", prefix: String = "", _ change: (Int, inout DICOMFileBytes) -> Void = { _, _ in }
    ) throws {
        for (index, z) in heights.enumerated() {
            var file = DICOMFileBytes(z: z, first: Int16(12 * index), instance: "\(series).\(index)", series: series)
            change(index, &file)
            try file.write("\(prefix)\(index).dcm", in: folder)
        }
    }

    /// Packed by deflate, without a header.
    static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        deflateInit2_(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        defer { deflateEnd(&stream) }
        var input = bytes, output = [UInt8](repeating: 0, count: bytes.count + 1024)
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                deflate(&stream, Z_FINISH)
                return output.count - Int(stream.avail_out)
            }
        }
        return Array(output.prefix(count))
    }
}
