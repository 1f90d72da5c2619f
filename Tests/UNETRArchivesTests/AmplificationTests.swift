import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRArchives

/// Small files that would become large: every one is refused before the memory is taken, and honest ones of the same forms are read.
@Suite struct AmplificationTests {
    private static func text(_ string: String) -> [UInt8] { [0x58] + LittleEndian.bytes(UInt32(string.utf8.count)) + string.utf8 }

    private static func oldString(_ count: Int) -> [UInt8] { [0x54] + LittleEndian.bytes(Int32(count)) + [UInt8](repeating: 0x61, count: count) }

    private static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] { (0..<count).flatMap { _ in bytes } }

    /// What is wrong with a zip file of that pickle and one storage, or with the state dictionary in it.
    private func problem(_ pickle: [UInt8], storage: Int = 16) throws -> ArchiveError.Problem? {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("hostile.pth")
            let zip = ZipWriter(try OutputFile(url))
            try zip.write("archive/data.pkl", StoredBytes(pickle))
            try zip.write("archive/data/0", StoredBytes([UInt8](repeating: 1, count: storage)))
            try zip.finish()
            do {
                _ = try PyTorchArchive.stateDictionary(of: PyTorchArchive.read(url))
                return nil
            } catch let error as ArchiveError {
                return error.problem
            } catch let problem as ArchiveError.Problem {
                return problem
            }
        }
    }

    private func isTooCostly(_ pickle: [UInt8]) throws -> Bool {
        switch try problem(pickle) {
        case .pickle(.tooMuchData, _), .tooCostly: true
        default: false
        }
    }

    private static let start: [UInt8] = [0x80, 2]
    private static let end: [UInt8] = [0x2E]

    // MARK: depth

    @Test(arguments: [1000, 20_000]) func `tensors of subclasses nested in each other are refused without recursion`(depth: Int) throws {
        var bytes = Self.start + Array("ctorch._tensor\n_rebuild_from_type_v2\nq\0cx\nT\nq\u{1}h\0".utf8)
        bytes += Self.repeated([0x68, 0, 0x68, 1], depth) + [0x29] + [UInt8](repeating: 0x87, count: depth) + [0x52] + Self.end
        guard case .pickle(.badArguments("torch._tensor._rebuild_from_type_v2", _), _) = try problem(bytes) else {
            Issue.record("not refused")
            return
        }
    }

    // MARK: one instruction, much memory

    @Test(arguments: [UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ")"), 0x8F])
    func `millions of empty containers are refused`(code: UInt8) throws {
        let bytes = Self.start + [0x28] + [UInt8](repeating: code, count: 1_000_000) + [0x6C] + Self.end
        #expect(try isTooCostly(bytes))
    }

    @Test(arguments: [UInt8(ascii: "2"), UInt8(ascii: "(")]) func `a stack and marks without end are refused`(code: UInt8) throws {
        // As part of a file of nothing, so that a million instructions are enough.
        let bytes = StoredBytes([0x4E] + [UInt8](repeating: code, count: 2_000_000) + Self.end)
        let error = #expect(throws: ArchiveError.Problem.self) { try PickleMachine.run(bytes, budget: ReadingBudget(fileBytes: 0)) }
        guard case .pickle(.tooMuchData, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a deflated pickle is charged by its file, not by what it unpacks to`() throws {
        // 16 KB that unpack to sixteen million empty dictionaries.
        let url = Fixtures.url("archives/hostile/deflated_dictionaries.pth")
        let error = #expect(throws: ArchiveError.self) { try PyTorchArchive.read(url) }
        guard case .pickle(.tooMuchData, _) = error?.problem else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    // MARK: shared parts

    @Test func `parts of an unknown storage are not copied for every mention`() throws {
        let parts = Self.text("storage") + Array("ctorch\nNoSuchStorage\n".utf8) + Self.text("k") + Self.text("cpu") + [0x4B, 0]
        let shared = Self.start + [0x28] + parts + [UInt8](repeating: 0x4E, count: 20_000) + [0x74, 0x71, 0]
        #expect(try isTooCostly(shared + [0x5D, 0x28] + Self.repeated([0x68, 0, 0x51], 2000) + [0x65] + Self.end))
    }

    @Test func `arguments of an unknown function are not copied for every call`() throws {
        let shared = [0x28] + [UInt8](repeating: 0x4E, count: 20_000) + [0x74, 0x71, 0]
        let calls = Array("csome\nthing\nq\u{1}](".utf8) + Self.repeated([0x68, 1, 0x68, 0, 0x52], 2000) + [0x65]
        #expect(try isTooCostly(Self.start + shared + calls + Self.end))
    }

    @Test func `attributes shared by many dictionaries are not copied for each`() throws {
        var shared: [UInt8] = [0x7D, 0x71, 0, 0x28]
        for index in 0..<20_000 { shared += Self.text("\(index)") + [0x4E] }
        shared.append(0x75)
        let dictionaries: [UInt8] = [0x5D, 0x28] + Self.repeated([0x7D, 0x68, 0, 0x62], 2000) + [0x65]
        #expect(try isTooCostly(Self.start + shared + dictionaries + Self.end))
    }

    @Test func `a long Python 2 string is turned into text once`() throws {
        let string = Self.start + Self.oldString(1 << 20) + [0x71, 0]
        #expect(try isTooCostly(string + Self.repeated([0x68, 0, 0x68, 0, 0x93], 1000) + [0x4E] + Self.end), "names")
        let persistent =
            [0x28] + Self.text("storage") + Array("ctorch\nFloatStorage\n".utf8) + [0x68, 0] + Self.text("cpu") + [0x4B, 0, 0x74, 0x71, 1]
        let keys = string + persistent + Self.repeated([0x68, 1, 0x51, 0x30], 1000) + [0x4E] + Self.end
        guard case .pickle(.badArguments("a storage", "its key has 1048576 characters"), _) = try problem(keys) else {
            Issue.record("a key of a megabyte is not refused")
            return
        }
    }

    @Test func `a long key or name is not gone through again and again`() throws {
        let key = Self.start + Self.text(String(repeating: "a", count: 100_000)) + [0x71, 0]
        #expect(try isTooCostly(key + [0x7D] + Self.repeated([0x68, 0, 0x4E, 0x73], 10_000) + Self.end), "keys")
        // A type of NumPy with that name is kept as a name.
        let types = Array("cnumpy\ndtype\nq\u{1}](".utf8) + Self.repeated([0x68, 1, 0x68, 0, 0x85, 0x52], 10_000) + [0x65]
        #expect(try problem(key + types + Self.end) == .notAStateDictionary("the file holds a list, not a dictionary"))
        let wide = Array("cnumpy.core.multiarray\nscalar\nq\u{1}cnumpy\ndtype\nX\u{2}\0\0\0U1\u{85}Rq\u{2}".unicodeScalars.map { UInt8($0.value) })
        let bytes = Self.start + Self.oldString(1 << 20) + [0x71, 0]
        #expect(try isTooCostly(bytes + wide + Self.repeated([0x68, 1, 0x68, 2, 0x68, 0, 0x86, 0x52], 1000) + Self.end), "wide text")
    }

    // MARK: axes

    /// A byte tensor named w with these sizes and strides.
    private func tensor(_ shape: [Int], _ strides: [Int], storage: Int) -> [UInt8] {
        func tuple(_ numbers: [Int]) -> [UInt8] { [0x28] + numbers.flatMap { [0x4A] + LittleEndian.bytes(Int32($0)) } + [0x74] }
        let identifier = Self.text("storage") + Array("ctorch\nByteStorage\n".utf8) + Self.text("0") + Self.text("cpu")
        var bytes = Self.start + [0x7D, 0x28] + Self.text("w") + Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8) + identifier
        bytes += [0x4A] + LittleEndian.bytes(Int32(storage)) + [0x74, 0x51, 0x4B, 0]
        return bytes + tuple(shape) + tuple(strides) + [0x89, 0x4E, 0x74, 0x52, 0x75] + Self.end
    }

    @Test func `more axes than any array has are refused`() throws {
        let ones = [Int](repeating: 1, count: 10_000)
        guard case .pickle(.badArguments, _) = try problem(tensor([8] + ones, [2] + ones, storage: 16)) else {
            Issue.record("not refused")
            return
        }
        let some = [Int](repeating: 1, count: 63)
        #expect(try problem(tensor([8] + some, [2] + some, storage: 16)) == nil)
    }

    @Test func `axes of size one do not slow a copy down, nor change it`() throws {
        let bytes = StoredBytes((0..<24).map { UInt8($0) })
        let plain = StridedCopy.gather(bytes, shape: [2, 3, 4], strides: [1, 8, 2], offset: 0, elementSize: 1)
        let padded = StridedCopy.gather(
            bytes, shape: [1, 2, 1, 3, 4, 1], strides: [7, 1, 9, 8, 2, 5], offset: 0, elementSize: 1)
        #expect(plain.array == padded.array)
        #expect(plain.array.prefix(5) == [0, 2, 4, 6, 8])
        #expect(StridedCopy.gather(bytes, shape: [1, 1], strides: [3, 3], offset: 5, elementSize: 1).array == [5])
        #expect(StridedCopy.gather(bytes, shape: [], strides: [], offset: 7, elementSize: 1).array == [7])
    }

    @Test func `safetensors headers have bounded depth and axes`() throws {
        func problem(_ header: String, data: Int = 0) throws -> SafetensorsError.Problem? {
            try Fixtures.withTemporaryFolder { folder in
                let url = folder.appendingPathComponent("hostile.safetensors")
                let bytes = LittleEndian.bytes(UInt64(header.utf8.count)) + header.utf8 + [UInt8](repeating: 0, count: data)
                try Data(bytes).write(to: url)
                do {
                    _ = try SafetensorsFile(contentsOf: url)
                    return nil
                } catch let error as SafetensorsError {
                    return error.problem
                }
            }
        }
        let ones = { (count: Int) in [String](repeating: "1", count: count).joined(separator: ",") }
        let entry = { (axes: Int) in #"{"a":{"dtype":"U8","shape":[\#(ones(axes))],"data_offsets":[0,1]}}"# }
        #expect(try problem(entry(64), data: 1) == nil)
        #expect(try problem(entry(65), data: 1) == .badEntry("a", "its shape has 65 axes; up to 64 are read"))
        let deep = #"{"a":"# + String(repeating: "[", count: 100_000)
        #expect(try problem(deep) == .headerNotJSON("nesting deeper than 32", byte: 8 + 5 + 32))
    }

    // MARK: zip and views

    @Test func `records that lie on each other are refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("overlap.pth")
            let zip = ZipWriter(try OutputFile(url))
            try zip.write("a/data.pkl", "N.")
            try zip.write("a/data/0", StoredBytes([UInt8](repeating: 1, count: 1000)))
            try zip.write("a/data/1", StoredBytes([UInt8](repeating: 1, count: 1000)))
            try zip.finish()
            var bytes = [UInt8](try Data(contentsOf: url))
            // The directory's entry of the third record points to the second.
            let entries = bytes.indices.filter { bytes[$0...].starts(with: [0x50, 0x4B, 1, 2]) }
            bytes.replaceSubrange(entries[2] + 42..<entries[2] + 46, with: bytes[entries[1] + 42..<entries[1] + 46])
            try Data(bytes).write(to: url)
            #expect(throws: ArchiveError(path: url.path, problem: .zip(.badRecord("a/data/1", "it overlaps with another record")))) {
                try PyTorchArchive.read(url)
            }
        }
    }

    @Test func `copies of views of many small storages are counted together`() throws {
        // Each view of 1 MB is allowed by itself, as a view of sixteen bytes of its own.
        var views: [UInt8] = []
        for index in 0..<40 {
            views += Self.text("\(index)") + Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8) + Self.text("storage")
            views += Array("ctorch\nByteStorage\n".utf8) + Self.text("0") + Self.text("cpu") + [0x4B, 16, 0x74, 0x51, 0x4B, 0, 0x4A]
            views += LittleEndian.bytes(Int32(1 << 20)) + [0x85, 0x4B, 0, 0x85, 0x89, 0x4E, 0x74, 0x52]
        }
        #expect(try problem(Self.start + [0x7D, 0x28] + views + [0x75] + Self.end) == .expandedTensor(shape: [1 << 20], storageBytes: 16))
    }

    // MARK: honest files

    @Test func `a checkpoint of thousands of tensors is read`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("large.pth")
            let arrays = (0..<5000).map { (name: "encoder.stages.\($0).convolution.weight", array: StoredArray([Float($0)], shape: [1, 1, 1, 1])) }
            try PyTorchArchive.write(arrays, under: "state_dict", to: url)
            let read = try PyTorchArchive.stateDictionary(of: PyTorchArchive.read(url))
            #expect(read.count == 5000)
            #expect(read[4321].array.floats() == [4321])
        }
    }

    @Test func `a plan with tens of thousands of cases is read`() throws {
        // As Python's protocol 2 writes {'case_00001': {'size': (1.0, 2.0, 3.0), 'spacings': [..]}, ..}, every object kept in the memo.
        var memo: UInt32 = 0
        func kept(_ bytes: [UInt8]) -> [UInt8] {
            defer { memo += 1 }
            return bytes + [0x72] + LittleEndian.bytes(memo)
        }
        func numbers() -> [UInt8] { Self.repeated([0x47, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0], 3) }
        var bytes = Self.start + kept([0x7D]) + [0x28]
        for index in 0..<30_000 {
            for part in [Self.text("case_\(index)"), [0x7D]] { bytes += kept(part) }
            bytes.append(0x28)
            for part in [Self.text("size"), numbers() + [0x87], Self.text("spacings"), [0x5D]] { bytes += kept(part) }
            bytes += [0x28] + numbers() + [0x65, 0x75]
        }
        bytes += [0x75] + Self.end
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("plans.pkl")
            try Data(bytes).write(to: url)
            let value = try PickleFile.read(url)
            #expect(value.dictionary?.pairs.count == 30_000)
            #expect(value["case_29999"]?["size"]?.doubles?.first == 1)
        }
    }

    @Test func `long integers have the digits that Python gives them`() throws {
        func digits(_ bytes: [UInt8]) throws -> String {
            guard case .bigInt(let digits) = BigInteger.item(littleEndian: bytes) else { return "" }
            return digits
        }
        #expect(try digits([0, 0, 0, 0, 0, 0, 0, 0, 1]) == "18446744073709551616")
        #expect(try digits([UInt8](repeating: 0, count: 16) + [1]) == "340282366920938463463374607431768211456")
        #expect(try digits([1] + [UInt8](repeating: 0, count: 15) + [0xFF]) == "-340282366920938463463374607431768211455")
        // 10³² has sixteen zeros in each of its groups.
        #expect(try digits([0, 0, 0, 0, 0x81, 0xEF, 0xAC, 0x85, 0x5B, 0x41, 0x6D, 0x2D, 0xEE, 0x04]) == "100000000000000000000000000000000")
    }
}
