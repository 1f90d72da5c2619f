import UNETRSupport

/// Writes a zip file of stored records from front to back, laid out as PyTorch lays its own out.
///
/// Every record's bytes start at a multiple of 64, by padding in the local header's extra field. Checksum and sizes follow the bytes
/// in a data descriptor. PyTorch relies on exactly this layout: the record `.format_version` with the value 1, which such a file
/// has, lets it compute where each storage lies without looking (`calculate_storage_offsets`).
/// Sources: PKWARE APPNOTE 6.3; `torch/serialization.py` and `caffe2/serialize/inline_container.cc` of PyTorch 2.13 for the layout.
final class ZipWriter {
    static let alignment = 64

    private let file: OutputFile
    /// Sizes and offsets from here on are written as zip64's wide numbers. Smaller in tests only.
    private let limit: Int
    private var records: [Record] = []

    private struct Record {
        var name: [UInt8]
        var checksum: UInt32
        var size: Int
        var headerOffset: Int

        /// Bit 11: names are UTF-8. Bit 3: a data descriptor follows; empty records have none.
        var flags: UInt16 { size > 0 ? 0x0808 : 0x0800 }
    }

    init(_ file: OutputFile, limit: Int = Int(UInt32.max)) {
        self.file = file
        self.limit = limit
    }

    func write(_ name: String, _ bytes: StoredBytes) throws {
        let record = Record(name: Array(name.utf8), checksum: Checksum.crc32(bytes), size: bytes.count, headerOffset: file.position)
        records.append(record)
        try file.write(localHeader(record))
        try file.write(bytes)
        guard record.size > 0 else { return }
        let isWide = record.size >= limit || record.headerOffset >= limit
        var descriptor = LittleEndian.bytes(0x0807_4B50 as UInt32) + LittleEndian.bytes(record.checksum)
        for _ in 0..<2 {
            descriptor += isWide ? LittleEndian.bytes(UInt64(record.size)) : LittleEndian.bytes(UInt32(record.size))
        }
        try file.write(descriptor)
    }

    func write(_ name: String, _ text: String) throws { try write(name, StoredBytes(Array(text.utf8))) }

    /// Writes the directory. Must be called last.
    func finish() throws {
        let start = file.position
        for record in records { try file.write(directoryEntry(record)) }
        try file.write(endRecords(start: start, size: file.position - start))
        try file.flush()
    }

    private func localHeader(_ record: Record) -> [UInt8] {
        var wide: [UInt8] = []
        if record.size >= limit { wide += LittleEndian.bytes(UInt64(record.size)) + LittleEndian.bytes(UInt64(record.size)) }
        if record.headerOffset >= limit { wide += LittleEndian.bytes(UInt64(record.headerOffset)) }
        var extra = wide.isEmpty ? [] : field(1, wide)
        let unpadded = record.headerOffset + 30 + record.name.count + extra.count + 4
        let padding = (Self.alignment - unpadded % Self.alignment) % Self.alignment
        // PyTorch's own kind of field, FB, filled with Z.
        extra += field(0x4246, [UInt8](repeating: UInt8(ascii: "Z"), count: padding))
        var header = LittleEndian.bytes(ZipDirectory.localSignature)
        header += LittleEndian.bytes(0 as UInt16) + LittleEndian.bytes(record.flags)
        // Method, time, date, checksum and sizes: all zero, the last three because the descriptor has them.
        header += [UInt8](repeating: 0, count: 18)
        header += LittleEndian.bytes(UInt16(record.name.count)) + LittleEndian.bytes(UInt16(extra.count))
        return header + record.name + extra
    }

    private func directoryEntry(_ record: Record) -> [UInt8] {
        var wide: [UInt8] = []
        if record.size >= limit { wide += LittleEndian.bytes(UInt64(record.size)) + LittleEndian.bytes(UInt64(record.size)) }
        if record.headerOffset >= limit { wide += LittleEndian.bytes(UInt64(record.headerOffset)) }
        let extra = wide.isEmpty ? [] : field(1, wide)
        let size = record.size >= limit ? UInt32.max : UInt32(record.size)
        let offset = record.headerOffset >= limit ? UInt32.max : UInt32(record.headerOffset)
        var entry = LittleEndian.bytes(ZipDirectory.entrySignature)
        entry += LittleEndian.bytes(0 as UInt16) + LittleEndian.bytes(0 as UInt16) + LittleEndian.bytes(record.flags)
        entry += [UInt8](repeating: 0, count: 6)  // method, time, date
        entry += LittleEndian.bytes(record.checksum) + LittleEndian.bytes(size) + LittleEndian.bytes(size)
        entry += LittleEndian.bytes(UInt16(record.name.count)) + LittleEndian.bytes(UInt16(extra.count))
        entry += [UInt8](repeating: 0, count: 10)  // comment length, disk, attributes
        entry += LittleEndian.bytes(offset)
        return entry + record.name + extra
    }

    private func field(_ kind: UInt16, _ content: [UInt8]) -> [UInt8] {
        LittleEndian.bytes(kind) + LittleEndian.bytes(UInt16(content.count)) + content
    }

    /// The zip64 end record, its locator, and the plain end record, all three in every file, as PyTorch does.
    private func endRecords(start: Int, size: Int) -> [UInt8] {
        let count = UInt64(records.count)
        var end = LittleEndian.bytes(ZipDirectory.end64Signature) + LittleEndian.bytes(44 as UInt64)
        end += LittleEndian.bytes(0x031E as UInt16) + LittleEndian.bytes(45 as UInt16) + [UInt8](repeating: 0, count: 8)
        end += LittleEndian.bytes(count) + LittleEndian.bytes(count)
        end += LittleEndian.bytes(UInt64(size)) + LittleEndian.bytes(UInt64(start))
        end += LittleEndian.bytes(ZipDirectory.locator64Signature) + LittleEndian.bytes(0 as UInt32)
        end += LittleEndian.bytes(UInt64(start + size)) + LittleEndian.bytes(1 as UInt32)
        let narrowCount = UInt16(clamping: count)
        end += LittleEndian.bytes(ZipDirectory.endSignature) + LittleEndian.bytes(0 as UInt32)
        end += LittleEndian.bytes(narrowCount) + LittleEndian.bytes(narrowCount)
        end += LittleEndian.bytes(UInt32(clamping: size)) + LittleEndian.bytes(UInt32(clamping: start)) + LittleEndian.bytes(0 as UInt16)
        return end
    }
}
