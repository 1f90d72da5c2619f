import Dispatch
import Foundation
import TestSupport
import Testing
import UNETRArchives

/// Pickles that are broken, lie, or mean harm. Each is refused where it goes wrong, or read without running anything.
@Suite struct HostilePickleTests {
    private func read(_ bytes: [UInt8]) throws -> PickleValue {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("hostile.pkl")
            try Data(bytes).write(to: url)
            return try PickleFile.read(url)
        }
    }

    private func read(_ text: String) throws -> PickleValue { try read(Array(text.utf8)) }

    private func problem(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws -> ArchiveError.Problem? {
        do {
            _ = try read(bytes)
            return nil
        } catch let error as ArchiveError {
            #expect("\(error)".contains("hostile.pkl: "), sourceLocation: sourceLocation)
            return error.problem
        }
    }

    private func problem(_ text: String) throws -> ArchiveError.Problem? { try problem(Array(text.utf8)) }

    @Test(arguments: ["trap.pkl", "trap.pth"]) func codeIsNamedAndNotRun(file: String) throws {
        let url = Fixtures.url("archives/\(file)")
        let value = file.hasSuffix("pkl") ? try PickleFile.read(url) : try PyTorchArchive.read(url)
        let trap = try #require(value["trap"]?.object)
        #expect(trap.module == "posix" && trap.name == "system")
        #expect(trap.arguments?.map(\.stringValue) == ["touch ARCHIVE_TEST_WAS_RUN"])
        if file == "trap.pkl" {
            #expect(value["nested"]?[0]?.object?.name == "eval")
            #expect(value["after"]?.intValue == 2)
        }
        #expect(!FileManager.default.fileExists(atPath: "ARCHIVE_TEST_WAS_RUN"))
    }

    @Test func callsOfResultsOfCallsAreNamedToo() throws {
        // getattr(__import__('os'), 'system')('true')
        let value = try read("c__builtin__\ngetattr\n(c__builtin__\n__import__\n(S'os'\ntRS'system'\ntR(S'true'\ntR.")
        #expect(value.object?.name == "(result of a call)")
        #expect(value.object?.arguments?[0].object?.name == "getattr")
        #expect(value.object?.arguments?[1].stringValue == "true")
    }

    @Test func aStackThatRunsEmptyIsRefused() throws {
        #expect(try problem(".") == .pickle(.emptyStack, byte: 0))
        #expect(try problem("Na.") == .pickle(.emptyStack, byte: 1))
        #expect(try problem("NR.") == .pickle(.emptyStack, byte: 1))
        #expect(try problem("0.") == .pickle(.emptyStack, byte: 0))
        #expect(try problem("2.") == .pickle(.emptyStack, byte: 0))
        #expect(try problem("N(R.") == .pickle(.emptyStack, byte: 2), "values below a mark are out of reach")
        #expect(try problem("(o.") == .pickle(.emptyStack, byte: 1))
        #expect(try problem("(Nd.") == .pickle(.emptyStack, byte: 2), "a key without a value")
        for code in ["t", "l", "d", "e", "u", "1", "o", "i\n\n"] {
            #expect(try problem("N" + code + ".") == .pickle(.noMark, byte: 1), "\(code)")
        }
    }

    @Test func valuesThatWereNeverKeptAreRefused() throws {
        #expect(try problem("g7\n.") == .pickle(.missingMemo(7), byte: 0))
        #expect(try problem([0x68, 9, 0x2E]) == .pickle(.missingMemo(9), byte: 0))
        #expect(try problem([0x6A, 0, 0, 0, 1, 0x2E]) == .pickle(.missingMemo(1 << 24), byte: 0))
        #expect(try problem("gx\n.") == .pickle(.badText("x"), byte: 0))
    }

    @Test func lengthsBeyondTheFileAreRefusedWithoutAllocating() throws {
        let tail = [UInt8](repeating: 0x61, count: 4)
        #expect(try problem([0x58, 0xFF, 0xFF, 0xFF, 0xFF] + tail) == .pickle(.truncated(needed: 0xFFFF_FFFF, left: 4), byte: 0))
        #expect(try problem([0x54, 0xFF, 0xFF, 0xFF, 0xFF] + tail) == .pickle(.negativeLength(-1), byte: 0))
        let huge: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0x40]
        for code: UInt8 in [0x8D, 0x8E, 0x96, 0x95] {
            #expect(try problem([code] + huge + tail) == .pickle(.truncated(needed: 1 << 62, left: 4), byte: 0), "\(code)")
        }
        let beyondInt = [UInt8](repeating: 0xFF, count: 8)
        #expect(try problem([0x8E] + beyondInt + tail) == .pickle(.truncated(needed: .max, left: 4), byte: 0))
        #expect(try problem([0x8B, 0, 0, 0, 0x40] + tail) == .pickle(.longInteger(bytes: 1 << 30), byte: 0))
        #expect(try problem([0x8B, 0xFF, 0xFF, 0xFF, 0xFF] + tail) == .pickle(.negativeLength(-1), byte: 0))
        #expect(try problem("Sabc") == .pickle(.truncated(needed: 4, left: 3), byte: 0), "a line without an end")
    }

    @Test func unknownAndRefusedInstructionsAreNamed() throws {
        #expect(try problem("N\u{7}.") == .pickle(.unknownOpcode(7), byte: 1))
        #expect(try problem([0x80, 6, 0x4E, 0x2E]) == .pickle(.unknownProtocol(6), byte: 0))
        #expect(try problem([0x82, 1, 0x2E]) == .pickle(.refusedOpcode("extension1"), byte: 0))
        #expect(try problem([0x97, 0x2E]) == .pickle(.refusedOpcode("nextBuffer"), byte: 0))
    }

    @Test func textThatIsNoNumberAndNoStringIsRefused() throws {
        #expect(try problem("I1x\n.") == .pickle(.badText("1x"), byte: 0))
        #expect(try problem("L-\n.") == .pickle(.badText("-"), byte: 0))
        #expect(try problem("F1..2\n.") == .pickle(.badText("1..2"), byte: 0))
        #expect(try problem("Sabc\n.") == .pickle(.badText("abc"), byte: 0))
        #expect(try problem("S'\n.") == .pickle(.badText("'"), byte: 0))
        #expect(try problem("S'\\x1'\n.") == .pickle(.badText("\\x"), byte: 0))
        #expect(try problem("V\\u12\n.") == .pickle(.badText("\\u"), byte: 0))
        #expect(try read("V\\u20ac\\U0001F600\n.").stringValue == "€😀")
    }

    @Test func thingsAreSetOnlyOnWhatCanHoldThem() throws {
        #expect(try problem("NNa.") == .pickle(.wrongTarget("elements"), byte: 2))
        #expect(try problem("NNNs.") == .pickle(.wrongTarget("entries"), byte: 3))
        #expect(try problem("NNb.") == .pickle(.wrongTarget("a state"), byte: 2))
        #expect(try problem("NNR.") == .pickle(.wrongTarget("a call's arguments"), byte: 2))
        #expect(try problem([0x4E, 0x4E, 0x93, 0x2E]) == .pickle(.wrongTarget("a name"), byte: 2))
    }

    @Test func deepNestingIsRefusedHoweverItIsBuilt() throws {
        let tuples = [0x4E] + [UInt8](repeating: 0x85, count: 200_000) + [0x2E]
        #expect(try problem(tuples) == .tooDeep(100))
        let lists = [UInt8](repeating: 0x5D, count: 200_000) + [UInt8](repeating: 0x61, count: 199_999) + [0x2E]
        #expect(try problem(lists) == .tooDeep(100))
        #expect(try problem([0x4E] + [UInt8](repeating: 0x85, count: 100) + [0x2E]) == nil)
        #expect(try problem([0x4E] + [UInt8](repeating: 0x85, count: 101) + [0x2E]) == .tooDeep(100))
    }

    @Test func theDeepestValueIsReadAndDroppedOnASmallStack() throws {
        // macOS gives its worker threads 512 KB.
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("deep.pkl")
            let bytes: [UInt8] = Array("N".utf8) + [UInt8](repeating: 0x85, count: 100) + [0x2E]
            try Data(bytes).write(to: url)
            let finished = DispatchSemaphore(value: 0)
            let thread = Thread {
                #expect((try? PickleFile.read(url))?.elements?.count == 1)
                finished.signal()
            }
            thread.stackSize = 512 << 10
            thread.start()
            finished.wait()
        }
    }

    @Test func aTreeOfSharedPartsStaysSmall() throws {
        // Forty lists, each holding the one before ten times: 10⁴⁰ leaves if they were written out.
        var bytes: [UInt8] = Array("]q".utf8) + [0]
        for level: UInt8 in 1...40 {
            bytes += Array("](".utf8) + (0..<10).flatMap { _ in [0x68, level - 1] } + [0x65, 0x71, level]
        }
        var value = try read(bytes + [0x2E])
        for _ in 0..<40 {
            #expect(value.elements?.count == 10)
            value = try #require(value[9])
        }
        #expect(value.elements?.isEmpty == true)
    }

    @Test func oneLargeThingCannotBeCopiedOverAndOver() throws {
        let many = 100_000
        let list: [UInt8] = Array("](".utf8) + [UInt8](repeating: 0x4E, count: many) + Array("eq\0".utf8)
        let pairs: [UInt8] = Array("](".utf8) + (0..<many).flatMap { _ in [0x4E, 0x4E, 0x86] as [UInt8] } + Array("eq\0".utf8)
        let text: [UInt8] = Array("V".utf8) + [UInt8](repeating: 0x61, count: many) + Array("\nq\0".utf8)
        func repeated(_ start: [UInt8], _ global: String, _ arguments: [UInt8]) -> [UInt8] {
            start + Array("c\(global)\nq\u{1}".utf8) + (0..<1000).flatMap { _ in [0x68, 1] + arguments + [0x52] } + [0x2E]
        }
        let one: [UInt8] = [0x68, 0, 0x85]  // (value,)
        func isRefused(_ bytes: [UInt8]) throws -> Bool {
            guard case .pickle(.tooMuchData, _) = try problem(bytes) else { return false }
            return true
        }
        #expect(try isRefused(repeated(list, "builtins\nset", one)))
        #expect(try isRefused(repeated(list, "builtins\ntuple", one)))
        #expect(try isRefused(repeated(text, "_codecs\nencode", one)))
        #expect(try isRefused(repeated(pairs, "collections\nOrderedDict", one)))
    }

    @Test func numPyArraysThatLieAboutTheirSizeAreRefused() throws {
        func array(_ shape: String, _ type: String, _ data: String) -> String {
            "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(\(shape)tcnumpy\ndtype\n"
                + "(S'\(type)'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'\(data)'\ntb."
        }
        #expect(try read(array("I2\n", "i2", "\\x01\\x00\\x02\\x00")).ints == [1, 2])
        let tooSmall = PickleProblem.badArguments("a NumPy array", "the shape [3] takes 6 bytes, not 4")
        guard case .pickle(tooSmall, _) = try problem(array("I3\n", "i2", "\\x01\\x00\\x02\\x00")) else {
            Issue.record("not refused")
            return
        }
        for shape in ["I-2\n", "I4611686018427387904\nI4611686018427387904\n"] {
            guard case .pickle(.shapeOverflow, _) = try problem(array(shape, "i2", "\\x01\\x00\\x02\\x00")) else {
                Issue.record("not refused: \(shape)")
                continue
            }
        }
    }

    @Test(arguments: (0...5).flatMap { ["plans_protocol\($0).pkl", "numpy_protocol\($0).pkl"] })
    func noTruncationAndNoFlippedByteCrashesTheReader(file: String) throws {
        let whole = [UInt8](try Data(contentsOf: Fixtures.url("archives/\(file)")))
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("broken.pkl")
            for length in stride(from: 0, to: whole.count, by: 211) {
                try Data(whole[..<length]).write(to: url)
                #expect(throws: ArchiveError.self, "cut to \(length) bytes") { try PickleFile.read(url) }
            }
            for index in stride(from: 1, to: whole.count, by: 97) {
                var broken = whole
                broken[index] ^= UInt8(1 + index % 255)
                try Data(broken).write(to: url)
                _ = try? PickleFile.read(url)
            }
        }
    }
}
