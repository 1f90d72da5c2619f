import Foundation
import TestSupport
import Testing

@testable import UNETRArchives

/// What is written here was also read by `torch.load(weights_only=True)` of PyTorch 2.13; see check_written.py.
@Suite struct PyTorchWritingTests {
    static let arrays: [(name: String, array: StoredArray)] = [
        ("float64", StoredArray([1.5, -0.1])), ("float32", StoredArray([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])),
        ("int64", StoredArray([.min, .max] as [Int64])), ("int32", StoredArray([-7] as [Int32], shape: [1, 1])),
        ("int16", StoredArray([-7] as [Int16])), ("int8", StoredArray([-7] as [Int8])), ("uint8", StoredArray([200] as [UInt8])),
        ("bool", StoredArray([true, false])), ("scalar", StoredArray([2.5] as [Float], shape: [])),
        ("empty", StoredArray([] as [Float], shape: [0, 3])), ("half", typed(.float16, [0x3E00, 0xFBFF])),
        ("bfloat16", typed(.bfloat16, [0x3FC0])), ("uint16", typed(.uint16, [65535])), ("name.with.ü", StoredArray([1] as [Float])),
    ]

    static let extra: [String: PickleValue] = [
        "epoch": .int(1000), "wide": .int(1 << 40), "negative": .int(-3), "loss": .double(0.25), "note": .string("ünï\n"), "nothing": .none,
        "flags": .tuple([.bool(true), .bool(false)]), "raw": .bytes(StoredBytes([0, 127, 128, 255] as [UInt8])),
        "nested": .list([.list([]), .dictionary(PickleDictionary([(.int(3), .string("three"))]))]),
        "mean": .scalar(StoredArray([0.5] as [Float], shape: [])),
    ]

    private static func typed(_ type: ScalarType, _ bits: [UInt16]) -> StoredArray {
        StoredArray(type, [bits.count], unchecked: StoredBytes(bits))
    }

    private func written(
        _ arrays: [(name: String, array: StoredArray)] = arrays, under key: String? = nil, extra: [String: PickleValue] = [:],
        zip64From: Int = Int(UInt32.max), _ check: (PickleValue, URL) throws -> Void
    ) throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("new.pth")
            try PyTorchArchive.write(arrays, under: key, extra: extra, to: url, zip64From: zip64From)
            try check(try PyTorchArchive.read(url), url)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["new.pth"], "no temporary file stays")
        }
    }

    private func expectSame(_ value: PickleValue) throws {
        let state = try PyTorchArchive.stateDictionary(of: value)
        #expect(state.map(\.name) == Self.arrays.map(\.name))
        for (read, original) in zip(state, Self.arrays) { #expect(read.array == original.array, "\(read.name)") }
    }

    @Test func aBareStateDictionaryIsReadAsItWasWritten() throws {
        try written { value, _ in try expectSame(value) }
    }

    @Test func aCheckpointIsReadAsItWasWritten() throws {
        try written(extra: Self.extra) { value, _ in
            try expectSame(value)
            #expect(value["epoch"]?.intValue == 1000)
            #expect(value["wide"]?.intValue == 1 << 40)
            #expect(value["negative"]?.intValue == -3)
            #expect(value["loss"]?.doubleValue == 0.25)
            #expect(value["note"]?.stringValue == "ünï\n")
            #expect(value["nothing"]?.isNone == true)
            #expect(value["flags"]?.elements?.map(\.boolValue) == [true, false])
            #expect(value["nested"]?[0]?.elements?.isEmpty == true)
            #expect(value["nested"]?[1]?[3]?.stringValue == "three")
            #expect(value["mean"]?.doubleValue == 0.5)
            guard case .bytes(let raw) = value["raw"] else {
                Issue.record("not bytes")
                return
            }
            #expect(raw.array == [0, 127, 128, 255])
        }
        try written(under: "network_weights") { value, _ in #expect(value["network_weights"]?["scalar"]?.tensor != nil) }
    }

    @Test func storagesStartAtMultiplesOfSixtyFourBytes() throws {
        try written { _, url in
            let file = try MappedFile(url)
            let directory = try ZipDirectory(file.bytes)
            #expect(directory.records.count == 5 + Self.arrays.count)
            for record in directory.records {
                let bytes = try directory.bytes(of: record)
                #expect((bytes.range.lowerBound) % 64 == 0, "\(record.name)")
            }
            #expect(try directory.bytes(of: #require(directory["archive/version"])).array == Array("3\n".utf8))
        }
    }

    @Test func tiedWeightsShareAStorage() throws {
        let weight = StoredArray([1, 2, 3, 4] as [Float])
        let tied = [("E.weight", weight), ("F.weight", try weight.reshaped([2, 2])), ("own", StoredArray([1, 2, 3, 4] as [Float]))]
        try written(tied) { value, url in
            let records = try ZipDirectory(MappedFile(url).bytes).records
            #expect(records.count == 5 + 2)
            let read = try PyTorchArchive.stateDictionary(of: value).map(\.array)
            #expect(read == tied.map(\.1))
        }
    }

    @Test func wideNumbersAreUsedWhereTheyAreNeeded() throws {
        // As if 4 GB were 600 bytes: some records lie beyond, the long one is longer.
        let long = StoredArray((0..<500).map { Float($0) })
        try written(Self.arrays + [("long", long), ("last", long)], zip64From: 600) { value, url in
            let read = try PyTorchArchive.stateDictionary(of: value).map(\.array)
            #expect(read == Self.arrays.map(\.array) + [long, long])
            let directory = try ZipDirectory(MappedFile(url).bytes)
            for record in directory.records {
                let bytes = try directory.bytes(of: record)
                #expect(bytes.range.lowerBound % 64 == 0, "\(record.name)")
            }
        }
    }

    @Test func whatPyTorchWouldRefuseIsRefused() throws {
        let array = StoredArray([1] as [Float])
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("new.pth")
            func problem(_ names: [String], _ extra: [String: PickleValue] = [:]) throws -> ArchiveError.Problem? {
                do {
                    try PyTorchArchive.write(names.map { ($0, array) }, extra: extra, to: url)
                    return nil
                } catch let error as ArchiveError {
                    return error.problem
                }
            }
            #expect(try problem(["a", "a"]) == .cannotWrite("two arrays are named “a”"))
            guard case .cannotWrite = try problem(["a"], ["x": .array(array)]), case .cannotWrite = try problem(["a"], ["x": .set([])]),
                case .cannotWrite = try problem(["a"], ["state_dict": .none])
            else {
                Issue.record("not refused")
                return
            }
            #expect(!FileManager.default.fileExists(atPath: url.path))
        }
    }
}
