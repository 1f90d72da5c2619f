import UNETRSupport

/// Integers as a file holds them.
enum LittleEndian {
    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
    }
}

extension OutputFile {
    func write(_ bytes: StoredBytes) throws { try bytes.withUnsafeBytes { try write($0) } }
}
