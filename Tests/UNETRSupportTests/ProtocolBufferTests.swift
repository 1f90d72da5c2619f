import Testing
import UNETRSupport

/// The examples of the format's own documentation (protobuf.dev, "Encoding"), and of IEEE 754.
struct ProtocolBufferTests {
    private static func bytes(_ fill: (inout ProtocolBuffer) -> Void) -> [UInt8] {
        var message = ProtocolBuffer()
        fill(&message)
        #expect(message.count == message.bytes.count)
        return message.bytes
    }

    @Test func `Each kind of field has the bytes of the standard`() {
        #expect(Self.bytes { $0.integer(1, 150) } == [0x08, 0x96, 0x01])
        #expect(Self.bytes { $0.integer(1, -2) } == [0x08, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])
        #expect(Self.bytes { $0.text(2, "testing") } == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67])
        #expect(Self.bytes { $0.float(2, 1) } == [0x15, 0, 0, 0x80, 0x3F])
        #expect(Self.bytes { $0.double(1, -2) } == [0x09, 0, 0, 0, 0, 0, 0, 0, 0xC0])
        #expect(Self.bytes { $0.message(3) { $0.integer(1, 150) } } == [0x1A, 0x03, 0x08, 0x96, 0x01])
        #expect(Self.bytes { $0.integer(1000, 0) } == [0xC0, 0x3E, 0x00])
    }

    private struct Run: ByteRun {
        var value: [UInt8]
        var count: Int { value.count }
        func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result { try value.withUnsafeBytes(body) }
    }

    @Test func `Bytes that are kept elsewhere come between their neighbors, however deep`() {
        let large = [UInt8](repeating: 7, count: 5000)
        let message = Self.bytes { outer in
            outer.message(1) { inner in
                inner.stored(1, Run(value: large))
                inner.integer(2, 1)
            }
            outer.integer(3, 2)
        }
        // 5000 = 0x1388; the inner message has 3 + 5000 + 2 = 5005 bytes.
        #expect(message == [0x0A, 0x8D, 0x27, 0x0A, 0x88, 0x27] + large + [0x10, 0x01, 0x18, 0x02])
    }
}
