import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRSupport

@Suite struct SafetensorsReadingTests {
    /// The file is made by the format's own Python library; see make_safetensors.py.
    let file: SafetensorsFile

    init() throws { file = try SafetensorsFile(contentsOf: Fixtures.url("archives/every_type.safetensors")) }

    @Test func floatingPointTypesHaveTheValuesPythonWrote() throws {
        let doubles = try file.array("doubles")
        #expect(doubles.scalarType == .float64 && doubles.shape == [2, 3])
        #expect(doubles.doubles() == [1.5, -2.25, 1e300, 0.1, .infinity, -0.0])
        #expect(doubles.floats()[2] == .infinity)
        let floats = try file.array("floats")
        #expect(floats.scalarType == .float32 && floats.shape == [2, 3, 4] && floats.count == 24)
        #expect(floats.floats() == (0..<24).map { Float($0) / 8 })
        let halves = try file.array("halves")
        #expect(halves.scalarType == .float16)
        // 6e-8 is the smallest subnormal half, 2^-24.
        #expect(halves.floats() == [1, -2, 65504, 0x1p-24, 0.333251953125, .infinity])
    }

    @Test func integerTypesHaveTheValuesPythonWrote() throws {
        #expect(try file.array("int64").ints() == [1 << 62, -1 << 62, 7])
        #expect(try file.array("int32").ints() == [Int(Int32.max), Int(Int32.min)])
        #expect(try file.array("int16").ints() == [32767, -32768])
        #expect(try file.array("int8").ints() == [127, -128, 5])
        #expect(try file.array("uint64").ints() == [Int.max], "beyond Int: its end")
        #expect(try file.array("uint64").doubles() == [0x1p64])
        #expect(try file.array("uint32").ints() == [Int(UInt32.max)])
        #expect(try file.array("uint16").ints() == [65535])
        #expect(try file.array("uint8").floats() == [0, 255, 128])
        #expect(try file.array("bools").ints() == [1, 0, 1])
        #expect(try file.array("bools").scalarType == .bool)
    }

    @Test func emptyArraysScalarsAndMetadataAreRead() throws {
        #expect(try file.array("empty").shape == [0, 3])
        #expect(try file.array("empty").floats() == [])
        #expect(try file.array("scalar").shape == [])
        #expect(try file.array("scalar").floats() == [42.5])
        #expect(file.metadata == ["format": "pt", "note": "a \"quoted\" line\nand ü"])
        #expect(file.names.count == 14)
        #expect(Set(file.names).isSuperset(of: ["doubles", "bools"]))
    }

    @Test func arraysAreSlicesOfTheFileAndNotCopies() throws {
        // make_safetensors.py: the header lists uint64 at bytes 0 to 8, int64 from 8 on.
        func address(_ name: String) throws -> Int { try file.array(name).withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }
        #expect(try address("int64") - address("uint64") == 8)
        #expect(try address("uint64") % 8 == 0)
    }

    @Test func aMissingArrayIsNilOrAnErrorThatListsWhatThereIs() throws {
        #expect(file["nothing"] == nil)
        #expect {
            try file.array("nothing")
        } throws: {
            "\($0)".contains("no array “nothing”") && "\($0)".contains("doubles")
        }
    }

    @Test func aMissingFileAndAFolderAreRefused() {
        #expect(throws: FileError.self) { try SafetensorsFile(contentsOf: Fixtures.url("archives/nothing.safetensors")) }
        #expect(throws: FileError.self) { try SafetensorsFile(contentsOf: Fixtures.url("archives")) }
    }

    @Test func conversionsToIntegersNeverTrap() {
        let values = StoredArray([Double.nan, .infinity, -.infinity, 1e19, -2.9, 2.9])
        #expect(values.ints() == [0, .max, .min, .max, -2, 2])
    }
}
