/// A message in the wire format of protocol buffers, made field by field.
///
/// Large arrays are kept as they are and only written once, however deep the message that holds them is nested.
public struct ProtocolBuffer: Sendable {
    private enum Piece {
        case bytes([UInt8])
        case stored(any ByteRun)
    }

    private var pieces: [Piece] = []

    /// Bytes of the message.
    public private(set) var count = 0

    /// A message without fields.
    public init() {}

    /// Adds an integer (`int32`, `int64`, `uint64`, `bool`, or an enumeration).
    public mutating func integer(_ field: Int, _ value: Int) {
        append(Self.varint(UInt64(field << 3 | 0)) + Self.varint(UInt64(bitPattern: Int64(value))))
    }

    /// Adds a `float`.
    public mutating func float(_ field: Int, _ value: Float) {
        append(Self.varint(UInt64(field << 3 | 5)) + withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) })
    }

    /// Adds a `double`.
    public mutating func double(_ field: Int, _ value: Double) {
        append(Self.varint(UInt64(field << 3 | 1)) + withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) })
    }

    /// Adds a `string`.
    public mutating func text(_ field: Int, _ value: String) {
        let bytes = [UInt8](value.utf8)
        append(Self.header(field, bytes.count) + bytes)
    }

    /// Adds `bytes` without copying them.
    public mutating func stored(_ field: Int, _ value: some ByteRun) {
        append(Self.header(field, value.count))
        pieces.append(.stored(value))
        count += value.count
    }

    /// Adds a message.
    public mutating func message(_ field: Int, _ value: ProtocolBuffer) {
        append(Self.header(field, value.count))
        pieces += value.pieces
        count += value.count
    }

    /// Adds a message that `fill` puts together.
    public mutating func message(_ field: Int, _ fill: (inout ProtocolBuffer) -> Void) {
        var value = ProtocolBuffer()
        fill(&value)
        message(field, value)
    }

    /// Calls `body` with the message's bytes, run by run.
    public func forEachRun(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        for piece in pieces {
            switch piece {
            case .bytes(let bytes): try bytes.withUnsafeBytes(body)
            case .stored(let stored): try stored.withUnsafeBytes(body)
            }
        }
    }

    /// The message's bytes in one array.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        forEachRun { bytes += $0 }
        return bytes
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

/// A run of bytes that something else keeps, for as long as this value lives.
public protocol ByteRun: Sendable {
    /// Number of bytes.
    var count: Int { get }

    /// Calls `body` with the bytes. The pointer is valid only during the call.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}
