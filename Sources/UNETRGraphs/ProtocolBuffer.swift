import UNETRArchives

/// A message in the wire format of protocol buffers, made field by field.
///
/// Large arrays are kept as they are and only written once, however deep the message that holds them is nested.
struct ProtocolBuffer {
    private enum Piece {
        case bytes([UInt8])
        case stored(StoredBytes)
    }

    private var pieces: [Piece] = []
    private(set) var count = 0

    mutating func integer(_ field: Int, _ value: Int) {
        append(Self.varint(UInt64(field << 3 | 0)) + Self.varint(UInt64(bitPattern: Int64(value))))
    }

    mutating func float(_ field: Int, _ value: Float) {
        append(Self.varint(UInt64(field << 3 | 5)) + withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) })
    }

    mutating func text(_ field: Int, _ value: String) {
        let bytes = [UInt8](value.utf8)
        append(Self.header(field, bytes.count) + bytes)
    }

    mutating func stored(_ field: Int, _ value: StoredBytes) {
        append(Self.header(field, value.count))
        pieces.append(.stored(value))
        count += value.count
    }

    mutating func message(_ field: Int, _ value: ProtocolBuffer) {
        append(Self.header(field, value.count))
        pieces += value.pieces
        count += value.count
    }

    mutating func message(_ field: Int, _ fill: (inout ProtocolBuffer) -> Void) {
        var value = ProtocolBuffer()
        fill(&value)
        message(field, value)
    }

    /// Calls `body` with the message's bytes, run by run.
    func forEachRun(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        for piece in pieces {
            switch piece {
            case .bytes(let bytes): try bytes.withUnsafeBytes(body)
            case .stored(let stored): try stored.withUnsafeBytes(body)
            }
        }
    }

    private mutating func append(_ bytes: [UInt8]) {
        count += bytes.count
        if case .bytes(var last)? = pieces.last, last.count < 4096 {
            pieces.removeLast()
            last += bytes
            pieces.append(.bytes(last))
        } else {
            pieces.append(.bytes(bytes))
        }
    }

    /// Of a field with a length.
    private static func header(_ field: Int, _ length: Int) -> [UInt8] { varint(UInt64(field << 3 | 2)) + varint(UInt64(length)) }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = [], rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
