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
        try append([
            Self.event(at: time) { $0.text(3, "brain.Event:2") },
            // A session's log whose status is START.
            Self.event(at: time, step: step) { $0.message(7) { $0.integer(1, 1) } },
        ])
    }

    func write(_ scalars: [(tag: String, value: Double)], step: Int, time: Date = Date()) throws {
        let event = Self.event(at: time, step: step) { event in
            event.message(5) { summary in
                for (tag, value) in scalars {
                    summary.message(1) { entry in
                        entry.text(1, tag)
                        entry.float(2, Float(value))
                    }
                }
            }
        }
        try append([event])
    }

    private static func event(at time: Date, step: Int = 0, _ fill: (inout ProtocolBuffer) -> Void) -> ProtocolBuffer {
        var event = ProtocolBuffer()
        event.double(1, time.timeIntervalSince1970)
        if step != 0 { event.integer(2, step) }  // protocol buffers leave zeros out
        fill(&event)
        return event
    }

    private func append(_ events: [ProtocolBuffer]) throws {
        try file.write(events.flatMap { Self.record($0.bytes) })
        try file.flush()
    }

    /// Data as a record of a TFRecord file.
    private static func record(_ data: [UInt8]) -> [UInt8] {
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
