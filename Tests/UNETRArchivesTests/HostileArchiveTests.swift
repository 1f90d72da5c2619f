import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRArchives

/// PyTorch and zip files that are broken, lie, or are something else.
@Suite struct HostileArchiveTests {
    /// Makes a zip file of a pickle and one storage, and reads it.
    private func problem(pickle: String, storageBytes: Int = 16, byteOrder: String = "little") throws -> ArchiveError.Problem? {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("hostile.pth")
            let zip = ZipWriter(try OutputFile(url))
            try zip.write("archive/data.pkl", pickle)
            try zip.write("archive/byteorder", byteOrder)
            try zip.write("archive/data/0", StoredBytes([UInt8](repeating: 1, count: storageBytes)))
            try zip.finish()
            return try problem(url)
        }
    }

    private func problem(_ url: URL) throws -> ArchiveError.Problem? {
        do {
            let value = try PyTorchArchive.read(url)
            if let tensor = value.tensor { _ = try tensor.materialized() }
            return nil
        } catch let error as ArchiveError {
            #expect("\(error)".hasPrefix(url.path + ": "))
            return error.problem
        } catch let problem as ArchiveError.Problem {
            return problem
        }
    }

    private func problem(bytes: [UInt8]) throws -> ArchiveError.Problem? {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("hostile.pth")
            try Data(bytes).write(to: url)
            return try problem(url)
        }
    }

    /// The pickle of one float tensor; byte numbers in the tests below are those of its REDUCE.
    private func tensor(
        _ shape: [Int], _ strides: [Int], offset: Int = 0, count: Int = 4, key: String = "0", type: String = "FloatStorage"
    ) -> String {
        func tuple(_ numbers: [Int]) -> String { "(" + numbers.map { "I\($0)\n" }.joined() + "t" }
        return "ctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\n\(type)\nS'\(key)'\nS'cpu'\nI\(count)\ntQI\(offset)\n"
            + tuple(shape) + tuple(strides) + "I00\nccollections\nOrderedDict\n)RtR."
    }

    private func isBeyondStorage(_ pickle: String) throws -> Bool {
        guard case .pickle(.tensorBeyondStorage, let byte) = try problem(pickle: pickle) else { return false }
        #expect(byte == pickle.utf8.count - 2, "the position of the REDUCE")
        return true
    }

    @Test func aTensorOnItsStorageIsRead() throws {
        #expect(try problem(pickle: tensor([2, 2], [2, 1])) == nil)
        #expect(try problem(pickle: tensor([2, 2], [1, 2])) == nil)
        #expect(try problem(pickle: tensor([0, 9], [9, 1], offset: 4)) == nil)
    }

    @Test func tensorsThatLeaveTheirStorageAreRefused() throws {
        #expect(try isBeyondStorage(tensor([5], [1])))
        #expect(try isBeyondStorage(tensor([4], [1], offset: 1)))
        #expect(try isBeyondStorage(tensor([4], [1], offset: -1)))
        #expect(try isBeyondStorage(tensor([2, 2], [3, 1])))
        #expect(try isBeyondStorage(tensor([2], [-1], offset: 1)))
        #expect(try isBeyondStorage(tensor([0], [1], offset: 5)))
        #expect(try isBeyondStorage(tensor([3], [1 << 62])))
        #expect(try isBeyondStorage(tensor([1], [1], offset: .max)))
    }

    @Test func shapesThatCannotBeCountedAreRefused() throws {
        for shape in [[1 << 32, 1 << 32], [-1], [1 << 62]] {
            guard case .pickle(.shapeOverflow(shape), _) = try problem(pickle: tensor(shape, shape.map { _ in 0 })) else {
                Issue.record("not refused: \(shape)")
                continue
            }
        }
        guard case .pickle(.badArguments, _) = try problem(pickle: tensor([1, 1], [1])) else {
            Issue.record("sizes and strides of different lengths")
            return
        }
        guard case .pickle(.badArguments, _) = try problem(pickle: tensor([1], [1], count: -4)) else {
            Issue.record("a negative storage")
            return
        }
    }

    @Test func aTensorThatRepeatsOneNumberBeyondMeasureIsRefused() throws {
        #expect(try problem(pickle: tensor([1 << 40], [0])) == .expandedTensor(shape: [1 << 40], storageBytes: 16))
        #expect(try problem(pickle: tensor([1000], [0])) == nil)
    }

    @Test func manyScatteredViewsOfOneStorageAreRefusedTogether() throws {
        // Twenty views of 1 MB each into 16 bytes; one alone is allowed.
        let view = String(tensor([1 << 18], [0]).dropLast())
        let pickle = "(" + (0..<20).map { "S'\($0)'\n" + view }.joined() + "d."
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("views.pth")
            let zip = ZipWriter(try OutputFile(url))
            try zip.write("a/data.pkl", pickle)
            try zip.write("a/data/0", StoredBytes([UInt8](repeating: 1, count: 16)))
            try zip.finish()
            let value = try PyTorchArchive.read(url)
            #expect(try #require(value["0"]?.tensor).materialized().count == 1 << 18)
            #expect(throws: ArchiveError.Problem.expandedTensor(shape: [1 << 18], storageBytes: 16)) {
                try PyTorchArchive.stateDictionary(of: value)
            }
        }
    }

    @Test func storagesThatAreMissingOrShortAreRefused() throws {
        #expect(try problem(pickle: tensor([1], [1], key: "1")) == .missingStorage(key: "1"))
        #expect(try problem(pickle: tensor([5], [1], count: 5)) == .shortStorage(key: "0", expected: 20, got: 16))
        #expect(try problem(pickle: tensor([1], [1]), storageBytes: 15) == .shortStorage(key: "0", expected: 16, got: 15))
        #expect(try problem(pickle: tensor([1], [1]), byteOrder: "middle") == .unknownByteOrder("middle"))
        #expect(try problem(pickle: tensor([1], [1], type: "OddStorage")) == nil, "an unknown storage is named, not read")
    }

    @Test func otherFilesAreToldApart() throws {
        #expect(try problem(bytes: []) == .notPyTorch)
        #expect(try problem(bytes: Array("hello".utf8)) == .notPyTorch)
        #expect(try problem(Fixtures.url("archives/plans_protocol2.pkl")) == .notPyTorch)
        #expect(try problem(Fixtures.url("archives/every_type.safetensors")) == .notPyTorch)
        var tar = [UInt8](repeating: 0, count: 1024)
        tar.replaceSubrange(257..<262, with: Array("ustar".utf8))
        #expect(try problem(bytes: tar) == .tarForm)
        #expect(try problem(bytes: Array("PK\u{3}\u{4}".utf8)) == .zip(.noDirectory))
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("other.zip")
            let zip = ZipWriter(try OutputFile(url))
            try zip.write("some/deep/data.pkl", "N.")
            try zip.finish()
            #expect(try problem(url) == .noPickleRecord)
        }
    }

    @Test func legacyFilesThatLieAboutTheirStoragesAreRefused() throws {
        let whole = [UInt8](try Data(contentsOf: Fixtures.url("archives/types_legacy.pth")))
        let magic: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
        #expect(Array(whole.prefix(15)) == magic)
        guard case .unknownLegacyProtocol = try problem(bytes: magic + Array("I7\n.".utf8)) else {
            Issue.record("another protocol is not refused")
            return
        }
        let start = magic + Array("I1001\n.}.".utf8)
        let value = Array(tensor([4], [1]).utf8)
        let storage = [4, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 1, count: 16)
        let list = Array("(lp0\nS'0'\na.".utf8)
        #expect(try problem(bytes: start + value + list + storage) == nil)
        #expect(try problem(bytes: start + value + Array("N.".utf8)) == .badStorageList(byte: start.count + value.count + 2))
        #expect(try problem(bytes: start + value + Array("(l.".utf8)) == .missingStorage(key: "0"))
        #expect(try problem(bytes: start + value + list + storage.dropLast()) == .shortStorage(key: "0", expected: 16, got: 15))
        let huge: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0x40]
        #expect(try problem(bytes: start + value + list + huge) == .shortStorage(key: "0", expected: .max, got: 0))
        #expect(
            try problem(bytes: start + value + Array("(lp0\nS'9'\na.".utf8) + storage)
                == .unknownStorageType(key: "9", type: "(none is named)"))
    }

    @Test func aDamagedWeightIsNoticedByItsChecksum() throws {
        var bytes = [UInt8](try Data(contentsOf: Fixtures.url("archives/types.pth")))
        let payload = withUnsafeBytes(of: (1.5, -0.1)) { Array($0) }
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: payload) })
        #expect(place % 64 == 0)
        bytes[place + 3] ^= 1
        #expect(try problem(bytes: bytes) == .zip(.wrongChecksum("types/data/0")))
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("damaged.pth")
            try Data(bytes).write(to: url)
            let value = try PyTorchArchive.read(url, verifyingChecksums: false)
            #expect(try #require(value["float64"]?.tensor).materialized().doubles()[1] == -0.1)
        }
    }

    @Test func aLyingZipDirectoryIsRefused() throws {
        let whole = [UInt8](try Data(contentsOf: Fixtures.url("archives/types.pth")))
        let entry = try #require(whole.indices.first { whole[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
        func changed(at offset: Int, _ bytes: [UInt8]) throws -> ArchiveError.Problem? {
            var copy = whole
            copy.replaceSubrange(entry + offset..<entry + offset + bytes.count, with: bytes)
            return try problem(bytes: copy)
        }
        func isBadRecord(_ problem: ArchiveError.Problem?, _ reason: String) -> Bool {
            guard case .zip(.badRecord("types/data.pkl", let text)) = problem else { return false }
            return text.contains(reason)
        }
        #expect(isBadRecord(try changed(at: 8, [9]), "encrypted"))
        #expect(isBadRecord(try changed(at: 10, [12]), "method 12"))
        #expect(isBadRecord(try changed(at: 42, [1]), "not where"))
        #expect(isBadRecord(try changed(at: 20, [0, 0, 0, 0x7F, 0, 0, 0, 0x7F]), "beyond the end"))
        #expect(isBadRecord(try changed(at: 24, [1]), "differ"))
        #expect(isBadRecord(try changed(at: 20, [255, 255, 255, 255]), "zip64"))
        #expect(isBadRecord(try changed(at: 10, [8]), "damaged"))
        guard case .zip(.badDirectory) = try changed(at: 28, [255, 255]) else {
            Issue.record("a name longer than the directory")
            return
        }
        // A record that claims to unpack to 2 GB.
        guard case .zip(.badRecord(_, let reason)) = try changed(at: 10, [8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x7F]) else {
            Issue.record("an absurd size is not refused")
            return
        }
        #expect(reason.contains("unpack"))
    }

    @Test(arguments: ["types.pth", "types_legacy.pth", "types_deflated.pth", "views.pth", "checkpoint_protocol4.model"])
    func noTruncationAndNoFlippedByteCrashesTheReader(file: String) throws {
        let whole = [UInt8](try Data(contentsOf: Fixtures.url("archives/\(file)")))
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("broken.pth")
            for length in stride(from: 0, to: whole.count, by: 101) {
                try Data(whole[..<length]).write(to: url)
                #expect(throws: ArchiveError.self, "cut to \(length) bytes") { try PyTorchArchive.read(url) }
            }
            for index in stride(from: 1, to: whole.count, by: 43) {
                var broken = whole
                broken[index] ^= UInt8(1 + index % 255)
                try Data(broken).write(to: url)
                if let value = try? PyTorchArchive.read(url, verifyingChecksums: false) { visit(value) }
            }
        }
    }

    private func visit(_ value: PickleValue) {
        if let tensor = value.tensor { _ = try? tensor.materialized() }
        for element in value.elements ?? [] { visit(element) }
        for pair in value.dictionary?.pairs ?? [] { visit(pair.value) }
    }
}
