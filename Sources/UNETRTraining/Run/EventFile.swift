import Foundation
import UNETRSupport

/// A file of TensorBoard events: scalars by step, appended as they come.
///
/// The form is TFRecord (length, masked CRC-32C of the length, data, masked CRC-32C of the data) around `tensorflow.Event` messages in
/// protocol buffer encoding. It is appended to, not replaced as other files are: the board keeps it open and reads on. A record that a
/// killed run left half written is where the board stops reading that file, which is why each start of a run begins a file of its own.
final class EventFile {
    private let file: OutputFile

    /// Begins a file in a run's folder.
    ///
    /// - Parameter step: the first step to come; the board forgets what earlier files say of it and of later ones.
    init(folder: URL, purgingFrom step: Int, time: Date = Date()) throws {
        try AtomicFile.makeFolder(folder)
        let process = ProcessInfo.processInfo
        // The board sorts files by name, so by time; two starts within a second differ in the number at the end.
        let name = "events.out.tfevents.\(Int(time.timeIntervalSince1970)).\(process.hostName).\(process.processIdentifier)"
        let taken = (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.filter { $0.hasPrefix(name) }.count ?? 0
        file = try OutputFile(folder.appending(path: "\(name).\(taken)"), isNew: true)
        var version = EventMessage()
        version.add(3, text: "brain.Event:2")
        var start = EventMessage()
        var session = EventMessage()
        session.add(1, number: 1)  // SessionLog.START
        start.add(7, session)
        try append([version.event(time), start.event(time, step: step)])
    }

    func write(_ scalars: [(tag: String, value: Double)], step: Int, time: Date = Date()) throws {
        var summary = EventMessage()
        for (tag, value) in scalars {
            var entry = EventMessage()
            entry.add(1, text: tag)
            entry.add(2, value: Float(value))
            summary.add(1, entry)
        }
        var event = EventMessage()
        event.add(5, summary)
        try append([event.event(time, step: step)])
    }

    private func append(_ messages: [EventMessage]) throws {
        try file.write(messages.flatMap { EventMessage.record($0.bytes) })
        try file.flush()
    }
}

/// A protocol buffer message being put together.
struct EventMessage {
    private(set) var bytes: [UInt8] = []

    private mutating func key(_ field: Int, _ kind: Int) { variable(UInt64(field << 3 | kind)) }

    private mutating func variable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func add(_ field: Int, number: Int) {
        key(field, 0)
        variable(UInt64(bitPattern: Int64(number)))
    }

    mutating func add(_ field: Int, text: String) { add(field, Array(text.utf8)) }
    mutating func add(_ field: Int, _ message: EventMessage) { add(field, message.bytes) }

    mutating func add(_ field: Int, value: Float) {
        key(field, 5)
        bytes += Self.littleEndian(value.bitPattern)
    }

    private mutating func add(_ field: Int, _ content: [UInt8]) {
        key(field, 2)
        variable(UInt64(content.count))
        bytes += content
    }

    /// The content of an event with its time and step.
    func event(_ time: Date, step: Int = 0) -> EventMessage {
        var event = EventMessage()
        event.key(1, 1)
        event.bytes += Self.littleEndian(time.timeIntervalSince1970.bitPattern)
        if step != 0 { event.add(2, number: step) }  // protocol buffers leave zeros out
        event.bytes += bytes
        return event
    }

    /// Data as a record of a TFRecord file.
    static func record(_ data: [UInt8]) -> [UInt8] {
        let length = littleEndian(UInt64(data.count))
        return length + littleEndian(masked(length)) + data + littleEndian(masked(data))
    }

    private static func masked(_ data: [UInt8]) -> UInt32 {
        let code = CRC32C.checksum(data)
        return (code >> 15 | code << 17) &+ 0xA282_EAD8
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
}

/// The cyclic redundancy check with Castagnoli's polynomial (RFC 3720).
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { code, _ in code & 1 == 1 ? code >> 1 ^ 0x82F6_3B78 : code >> 1 }
    }

    static func checksum(_ data: [UInt8]) -> UInt32 {
        ~data.reduce(~0) { code, byte in table[Int(UInt8(truncatingIfNeeded: code) ^ byte)] ^ code >> 8 }
    }
}
