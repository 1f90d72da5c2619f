import Foundation
import TestSupport
import Testing

@testable import UNETRTraining

struct EventFileTests {
    /// What TensorBoard 2.21's own `RecordWriter` and messages give for the three events of the test below.
    static let reference = """
        1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d0f000000000000006d532b090900000040fc54d94110043a02\
        0801dbdea3a739000000000000008b0737f10900002040fc54d94110ac022a2b0a140a0d6c6f73732f747261696e696e6715000080be0a130a0c646963652f6772\
        c3b6c39f65156f12833afb460f90
        """

    @Test func `The bytes are those of TensorBoard's own writer`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let file = try EventFile(folder: folder, purgingFrom: 4, time: Date(timeIntervalSince1970: 1.7e9))
            try file.write(
                [("loss/training", -0.25), ("dice/größe", 1e-3)], step: 300, time: Date(timeIntervalSince1970: 1.7e9 + 0.5))
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(names.count == 1 && names[0].hasPrefix("events.out.tfevents.1700000000."))
            let bytes = try Data(contentsOf: folder.appending(path: names[0]))
            #expect(bytes.map { String(format: "%02x", $0) }.joined() == Self.reference)

            // A second start within the second has a file of its own, later in the order of names.
            _ = try EventFile(folder: folder, purgingFrom: 4, time: Date(timeIntervalSince1970: 1.7e9))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().first == names[0])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
        }
    }

    /// RFC 3720, appendix B.4, and the usual check value.
    @Test func `The checksum has the values of the standard`() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
    }
}
