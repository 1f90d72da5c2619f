import CZlib
import UNETRSupport

/// The records of a zip file, as its central directory lists them, with zip64's wide numbers.
///
/// Local headers are read only for their length: sizes in them may be zero (written later, in a data descriptor).
/// Source: PKWARE APPNOTE 6.3.
struct ZipDirectory {
    struct Record {
        var name: String
        var method: Int
        var isEncrypted: Bool
        var checksum: UInt32
        /// Bytes in the file.
        var storedSize: Int
        /// Bytes after inflating.
        var size: Int
        var headerOffset: Int
        /// Whether it is a symbolic link to another file, as Unix systems store one.
        var isLink: Bool
    }

    let file: StoredBytes
    /// What unpacking may cost; shared with whoever reads what is unpacked.
    private let budget: ReadingBudget
    /// In the directory's order.
    private(set) var records: [Record] = []
    private var places: [String: Int] = [:]

    static let localSignature: UInt32 = 0x0403_4B50
    static let entrySignature: UInt32 = 0x0201_4B50
    static let endSignature: UInt32 = 0x0605_4B50
    static let end64Signature: UInt32 = 0x0606_4B50
    static let locator64Signature: UInt32 = 0x0706_4B50

    init(_ file: StoredBytes, budget: ReadingBudget? = nil) throws(ZipProblem) {
        self.file = file
        self.budget = budget ?? ReadingBudget(fileBytes: file.count)
        let (start, size, count) = try Self.findDirectory(file)
        var position = start
        for _ in 0..<count {
            let (record, length) = try Self.entry(file, at: position, end: start + size)
            guard places.updateValue(records.count, forKey: record.name) == nil else {
                throw .badDirectory("the record “\(record.name)” is listed twice")
            }
            records.append(record)
            position += length
        }
        try checkOverlap()
    }

    /// Records that share bytes would let a small file stand for any amount of data.
    private func checkOverlap() throws(ZipProblem) {
        var end = 0
        for record in records.sorted(by: { $0.headerOffset < $1.headerOffset }) {
            guard record.headerOffset >= end else { throw .badRecord(record.name, "it overlaps with another record") }
            // A local header takes 30 bytes and more for the name.
            let length = record.storedSize.adding(checked: 30)
            guard let next = length?.adding(checked: record.headerOffset), next <= file.count else {
                throw .badRecord(record.name, "it should end beyond the end of the file")
            }
            end = next
        }
    }

    subscript(name: String) -> Record? { places[name].map { records[$0] } }

    // MARK: directory

    /// Where the central directory is: its start and size in bytes and its number of entries.
    private static func findDirectory(_ file: StoredBytes) throws(ZipProblem) -> (start: Int, size: Int, count: Int) {
        // The end record is the last thing in the file, behind it only a comment of up to 65,535 bytes.
        let earliest = max(0, file.count - 22 - 65_535)
        var end = file.count - 22
        while end >= earliest, file.uint32(end) != endSignature || end + 22 + (file.uint16(end + 20) ?? 0) != file.count { end -= 1 }
        guard end >= earliest, end >= 0, var count = file.uint16(end + 10), let narrowSize = file.uint32(end + 12),
            let narrowStart = file.uint32(end + 16)
        else { throw .noDirectory }
        var (size, start) = (Int(narrowSize), Int(narrowStart))
        if end >= 20, file.uint32(end - 20) == locator64Signature {
            guard let wideEnd = file.size64(end - 20 + 8), wideEnd <= end - 20 - 56, file.uint32(wideEnd) == end64Signature,
                let wideCount = file.size64(wideEnd + 32), let wideSize = file.size64(wideEnd + 40),
                let wideStart = file.size64(wideEnd + 48)
            else { throw .badDirectory("the zip64 record at its end is not where it should be") }
            (start, size, count) = (wideStart, wideSize, wideCount)
        }
        guard start <= end, size <= end - start else { throw .badDirectory("it should lie beyond the end of the file") }
        // An entry takes at least 46 bytes, so a count that lies cannot make us reserve anything.
        guard count <= size / 46 else { throw .badDirectory("\(count) entries do not fit in its \(size) bytes") }
        return (start, size, count)
    }

    private static func entry(_ file: StoredBytes, at position: Int, end: Int) throws(ZipProblem) -> (Record, length: Int) {
        guard position <= end - 46, file.uint32(position) == entrySignature, let flags = file.uint16(position + 8),
            let method = file.uint16(position + 10), let checksum = file.uint32(position + 16), let stored = file.uint32(position + 20),
            let size = file.uint32(position + 24), let nameLength = file.uint16(position + 28),
            let extraLength = file.uint16(position + 30), let commentLength = file.uint16(position + 32),
            let offset = file.uint32(position + 42), let attributes = file.uint32(position + 38),
            nameLength + extraLength + commentLength <= end - position - 46
        else { throw .badDirectory("an entry is cut short") }
        let name = file[position + 46..<position + 46 + nameLength].withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        var wide = WideFields(file, at: position + 46 + nameLength, length: extraLength)
        // The wide numbers stand in this order, each only if the narrow one is full.
        let wideSize = try wide.value(size, name)
        let wideStored = try wide.value(stored, name)
        let wideOffset = try wide.value(offset, name)
        let record = Record(
            name: name, method: method, isEncrypted: flags & 1 != 0, checksum: checksum, storedSize: wideStored, size: wideSize,
            headerOffset: wideOffset, isLink: attributes >> 28 == 0xA)
        return (record, 46 + nameLength + extraLength + commentLength)
    }

    /// The zip64 numbers of an entry's extra field.
    private struct WideFields {
        let file: StoredBytes
        var position = 0
        var end = 0

        init(_ file: StoredBytes, at start: Int, length: Int) {
            self.file = file
            var field = start
            while field + 4 <= start + length, let kind = file.uint16(field), let size = file.uint16(field + 2),
                field + 4 + size <= start + length
            {
                if kind == 1 { (position, end) = (field + 4, field + 4 + size) }
                field += 4 + size
            }
        }

        mutating func value(_ narrow: UInt32, _ name: String) throws(ZipProblem) -> Int {
            guard narrow == .max else { return Int(narrow) }
            guard position + 8 <= end, let wide = file.size64(position) else {
                throw .badRecord(name, "its zip64 sizes are missing")
            }
            position += 8
            return wide
        }
    }

    // MARK: records

    /// A record's bytes: where they lie in the file, or inflated if the file was packed again by some other program.
    ///
    /// PyTorch can be told not to compute checksums and writes 0 then, so 0 is not checked.
    func bytes(of record: Record, checkingSum: Bool = true) throws(ZipProblem) -> StoredBytes {
        if record.isEncrypted { throw .badRecord(record.name, "it is encrypted") }
        let header = record.headerOffset
        guard header <= file.count - 30, file.uint32(header) == Self.localSignature, let nameLength = file.uint16(header + 26),
            let extraLength = file.uint16(header + 28)
        else { throw .badRecord(record.name, "its header is not where the directory says") }
        let start = header + 30 + nameLength + extraLength
        guard start <= file.count, record.storedSize <= file.count - start else {
            throw .badRecord(record.name, "it should end beyond the end of the file")
        }
        let stored = file[start..<start + record.storedSize]
        let bytes: StoredBytes
        switch record.method {
        case 0:
            guard record.size == record.storedSize else { throw .badRecord(record.name, "its two sizes differ") }
            bytes = stored
        case 8:
            // PyTorch stores its records as they are; a file packed again may unpack to more than it is, but not to anything.
            guard budget.spend(record.size) else { throw .badRecord(record.name, "the file would unpack to far more than its size") }
            bytes = try Inflating.inflate(stored, to: record.size, name: record.name)
        default: throw .badRecord(record.name, "it is packed by method \(record.method); known are 0 (stored) and 8 (deflate)")
        }
        if checkingSum, record.checksum != 0, Checksum.crc32(bytes) != record.checksum { throw .wrongChecksum(record.name) }
        return bytes
    }
}

/// The checksum of zip files.
enum Checksum {
    static func crc32(_ bytes: StoredBytes) -> UInt32 {
        bytes.withUnsafeBytes { raw in UInt32(truncatingIfNeeded: crc32_z(0, raw.bindMemory(to: UInt8.self).baseAddress, raw.count)) }
    }
}

/// Undoing deflate.
enum Inflating {
    /// No data shrinks further than this in deflate, so a size that claims more is a lie.
    static let strongestRatio = 1032

    static func inflate(_ bytes: StoredBytes, to size: Int, name: String) throws(ZipProblem) -> StoredBytes {
        guard size / strongestRatio <= bytes.count else { throw .badRecord(name, "it cannot unpack to \(size) bytes") }
        var isWhole = false
        let result = StoredBytes(count: size) { target in
            bytes.withUnsafeBytes { source in isWhole = inflate(source, target) }
        }
        guard isWhole else { throw .badRecord(name, "its packed bytes are damaged") }
        return result
    }

    /// Whether `source` unpacks to exactly the length of `target`.
    private static func inflate(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Bool {
        var stream = z_stream()
        // Negative window bits: deflate without a zlib header.
        guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return false }
        defer { inflateEnd(&stream) }
        // zlib counts in 32 bits, so long records go in pieces.
        let piece = 1 << 30
        var (consumed, produced) = (0, 0)
        var spare: UInt8 = 0  // zlib wants a place to write to even for nothing
        return withUnsafeMutablePointer(to: &spare) { spare in
            while true {
                let (inputs, outputs) = (min(piece, source.count - consumed), min(piece, target.count - produced))
                stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress.map { $0 + consumed })
                stream.avail_in = UInt32(inputs)
                stream.next_out = target.bindMemory(to: UInt8.self).baseAddress.map { $0 + produced } ?? spare
                stream.avail_out = UInt32(outputs)
                let status = CZlib.inflate(&stream, Z_NO_FLUSH)
                let (read, written) = (inputs - Int(stream.avail_in), outputs - Int(stream.avail_out))
                consumed += read
                produced += written
                if status == Z_STREAM_END { return produced == target.count }
                if status != Z_OK || read + written == 0 { return false }
            }
        }
    }
}

extension StoredBytes {
    func uint16(_ position: Int) -> Int? { unsigned(position, UInt16.self).map { Int($0) } }
    func uint32(_ position: Int) -> UInt32? { unsigned(position, UInt32.self) }
    /// A 64-bit size or offset; nil when it is beyond the end of the bytes, or is larger than any file.
    func size64(_ position: Int) -> Int? { unsigned(position, UInt64.self).flatMap { Int(exactly: $0) } }

    private func unsigned<Integer: FixedWidthInteger & BitwiseCopyable>(_ position: Int, _ type: Integer.Type) -> Integer? {
        guard position >= 0, position <= count - MemoryLayout<Integer>.size else { return nil }
        return withUnsafeBytes { Integer(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: Integer.self)) }
    }
}
