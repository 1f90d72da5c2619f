import Foundation
import TestSupport
import Testing
import UNETRArchives

@Suite struct SafetensorsWritingTests {
    private func roundTrip(
        _ arrays: [(name: String, array: StoredArray)], metadata: [String: String] = [:], _ check: (SafetensorsFile, URL) throws -> Void
    ) throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("new.safetensors")
            try Safetensors.write(arrays, metadata: metadata, to: url)
            try check(try SafetensorsFile(contentsOf: url), url)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["new.safetensors"], "no temporary file stays")
        }
    }

    @Test func whatIsWrittenIsReadInTheSameOrder() throws {
        let arrays: [(name: String, array: StoredArray)] = [
            ("z", StoredArray([1, 2, 3] as [UInt8])),
            ("image", StoredArray((0..<6).map { Float($0) }, shape: [1, 2, 3])),
            ("label", StoredArray([-1, 2] as [Int16], shape: [2, 1])),
            ("locations", StoredArray([5, -6] as [Int32])),
            ("flags", StoredArray([true, false])),
            ("wide", StoredArray([Int64.min])),
            ("signed", StoredArray([-3] as [Int8])),
            ("exact", StoredArray([0.1])),
            ("nothing", StoredArray([] as [Float], shape: [0, 4])),
            ("one", StoredArray([7.5] as [Float], shape: [])),
        ]
        let metadata = ["text": "line\nwith \"quotes\", \\ and \u{1}", "ü": "é"]
        try roundTrip(arrays, metadata: metadata) { file, _ in
            #expect(file.names == arrays.map(\.name))
            #expect(file.metadata == metadata)
            for (name, array) in arrays { #expect(file[name] == array, "\(name)") }
        }
    }

    @Test func headerAndArraysAreAligned() throws {
        try roundTrip([("odd", StoredArray([1, 2, 3] as [UInt8])), ("double", StoredArray([0.5]))]) { file, url in
            let bytes = [UInt8](try Data(contentsOf: url))
            let dataStart = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
            #expect(dataStart % 8 == 0)
            // The wider array comes first in the data though second in the header.
            #expect(Array(bytes[dataStart..<dataStart + 8]) == [0, 0, 0, 0, 0, 0, 0xE0, 0x3F])
            #expect(file.names == ["odd", "double"])
        }
    }

    @Test func anArrayReadFromAFileCanBeWrittenOn() throws {
        let source = try SafetensorsFile(contentsOf: Fixtures.url("archives/every_type.safetensors"))
        let arrays = source.names.map { ($0, source[$0]!) }
        try roundTrip(arrays) { file, _ in
            for name in source.names { #expect(file[name] == source[name], "\(name)") }
        }
    }

    @Test func namesThatCannotStandAreRefused() throws {
        let array = StoredArray([1] as [Float])
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("new.safetensors")
            #expect(throws: SafetensorsError(path: url.path, problem: .duplicateName("a"))) {
                try Safetensors.write([("a", array), ("a", array)], to: url)
            }
            #expect(throws: SafetensorsError(path: url.path, problem: .reservedName("__metadata__"))) {
                try Safetensors.write([("__metadata__", array)], to: url)
            }
            #expect(!FileManager.default.fileExists(atPath: url.path))
        }
    }

    @Test func aTypeShapeAndByteCountMustBelongTogether() throws {
        let bytes = StoredBytes([0, 0, 0] as [UInt8])
        #expect(throws: StoredArrayError.wrongByteCount(shape: [2], type: .int16, expected: 4, got: 3)) {
            try StoredArray(scalarType: .int16, shape: [2], bytes: bytes)
        }
        #expect(throws: StoredArrayError.impossibleShape([-3])) { try StoredArray(scalarType: .uint8, shape: [-3], bytes: bytes) }
        #expect(try StoredArray(scalarType: .uint8, shape: [3], bytes: bytes).reshaped([1, 3]).shape == [1, 3])
    }
}
