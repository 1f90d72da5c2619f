import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRArchives

/// The few functions of Python that the reader imitates, and texts of protocol 0 with their escapes. What is expected is what `pickle.loads` gives.
struct PickleCallTests {
    private func read(_ bytes: [UInt8]) throws -> PickleValue {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "made.pkl")
            try Data(bytes).write(to: url)
            return try PickleFile.read(url)
        }
    }

    private func read(_ text: String) throws -> PickleValue { try read(Array(text.utf8)) }

    private func problem(_ text: String) throws -> PickleProblem? {
        let error = #expect(throws: ArchiveError.self) { try read(text) }
        guard case .pickle(let problem, _) = error?.problem else { return nil }
        return problem
    }

    private static func bytes(_ value: PickleValue?) -> [UInt8]? { if case .bytes(let bytes) = value { bytes.array } else { nil } }

    @Test(arguments: ["builtins", "__builtin__"])
    func `Lists, tuples, sets and dictionaries are made from others`(module: String) throws {
        #expect(try read("c\(module)\nlist\n((lI1\naI2\natR.").ints == [1, 2])
        #expect(try read("c\(module)\ntuple\n((lI1\naI2\natR.").ints == [1, 2])
        #expect(try read("c\(module)\nset\n((I3\nI4\nttR.").ints == [3, 4])
        #expect(try read("c\(module)\nfrozenset\n((I5\nttR.").ints == [5])
        for name in ["list", "tuple", "set", "frozenset"] {
            #expect(try read("c\(module)\n\(name)\n)R.").elements?.count == 0, "\(name)()")
            // What cannot be gone through stays a note of the call.
            #expect(try read("c\(module)\n\(name)\n(I7\ntR.").object?.arguments?.map(\.intValue) == [7], "\(name)(7)")
        }
        let dictionary = try read("c\(module)\ndict\n((l(S'a'\nI1\nta(S'b'\nI2\ntatR.")
        #expect(dictionary["a"]?.intValue == 1 && dictionary["b"]?.intValue == 2 && dictionary.dictionary?.pairs.count == 2)
        #expect(try read("c\(module)\ndict\n((S'a'\nI1\ndtR.")["a"]?.intValue == 1, "of a dictionary")
        #expect(try read("c\(module)\ndict\n)R.").dictionary?.pairs.isEmpty == true)
        // A set of a set, a list of it, and a tuple of that.
        #expect(try read("c\(module)\ntuple\n(c\(module)\nlist\n(c\(module)\nset\n((I8\nttRtRtR.").ints == [8])
    }

    @Test func `Sizes, ordered and defaulting dictionaries are what they hold`() throws {
        #expect(try read("ctorch\nSize\n((I2\nI3\nttR.").ints == [2, 3])
        #expect(try read("ccollections\nOrderedDict\n((l(S'k'\nI9\ntatR.")["k"]?.intValue == 9)
        #expect(try read("ccollections\ndefaultdict\n(c__builtin__\nlist\n(S'k'\nI9\ndtR.")["k"]?.intValue == 9)
        #expect(try read("ccollections\ndefaultdict\n(c__builtin__\nlist\ntR.").dictionary?.pairs.isEmpty == true)
    }

    @Test(arguments: ["(lI1\nat", "(l(I1\ntat", "(l(I1\nI2\nI3\ntat", "I1\nt"])
    func `A dictionary is made of pairs alone`(arguments: String) throws {
        for name in ["builtins\ndict", "collections\nOrderedDict"] {
            let path = name.replacing("\n", with: ".")
            #expect(try problem("c\(name)\n(\(arguments)R.") == .badArguments(path, "a list of pairs is expected"))
        }
    }

    @Test func `Bytes are encoded again from the text that Python 3 writes for protocols 0 to 2`() throws {
        func encoded(_ text: String, _ encoding: String) throws -> [UInt8]? { Self.bytes(try read("c_codecs\nencode\n(V\(text)\nV\(encoding)\ntR.")) }
        for encoding in ["latin1", "latin-1", "LATIN_1", "iso-8859-1", "iso8859-1", "ISO_8859_1"] {
            #expect(try encoded("\\u00e9a\\u00ff", encoding) == [0xE9, 0x61, 0xFF], "\(encoding)")
        }
        #expect(try encoded("az", "ascii") == [0x61, 0x7A])
        for encoding in ["utf-8", "UTF_8", "utf8"] { #expect(try encoded("\\u00e9\\u20ac", encoding) == [0xC3, 0xA9, 0xE2, 0x82, 0xAC]) }
        #expect(Self.bytes(try read("c_codecs\nencode\n(V\\u20ac\ntR.")) == [0xE2, 0x82, 0xAC], "UTF-8 where nothing is said")
        for name in ["bytes", "bytearray"] {
            #expect(Self.bytes(try read("cbuiltins\n\(name)\n)R.")) == [])
            #expect(Self.bytes(try read("c__builtin__\n\(name)\n(V\\u00e9\nVlatin-1\ntR.")) == [0xE9])
            #expect(Self.bytes(try read(Array("cbuiltins\n\(name)\n(".utf8) + [0x43, 3, 0, 1, 255] + Array("tR.".utf8))) == [0, 1, 255])
        }
    }

    @Test func `Bytes that cannot be encoded are refused`() throws {
        func problem(_ arguments: String) throws -> PickleProblem? { try self.problem("c_codecs\nencode\n(\(arguments)tR.") }
        #expect(try problem("V\\u20ac\nVlatin1\n") == .badArguments("_codecs.encode", "a character beyond latin1"))
        #expect(try problem("Va\nVutf-16\n") == .badArguments("_codecs.encode", "the encoding “utf-16” is not known"))
        #expect(try problem("Va\nI5\n") == .badArguments("_codecs.encode", "the encoding “” is not known"))
        #expect(try problem("Va\nV\(String(repeating: "x", count: 41))\n") == .badArguments("_codecs.encode", "the name of the encoding is too long"))
        #expect(try problem("I1\n") == .badArguments("_codecs.encode", "text is expected"))
        #expect(try problem("") == .badArguments("_codecs.encode", "text is expected"))
        #expect(try self.problem("cbuiltins\nbytes\n(I5\ntR.") == .badArguments("builtins.bytes", "text is expected"))
    }

    @Test func `Escapes of Python 2's strings are undone`() throws {
        #expect(try read("S'\\101\\0\\78x\\\\\\'\\\"'\n.").stringValue == "A\0\u{7}8x\\'\"")
        #expect(try read("S\"\\a\\b\\f\\n\\r\\t\\v\"\n.").stringValue == "\u{7}\u{8}\u{C}\n\r\t\u{B}")
        #expect(try read("S'\\q\\x41\\x7e'\n.").stringValue == "\\qA~", "an escape that is none stays")
        #expect(Self.bytes(try read("S'\\377\\200'\n.")) == [255, 128])
        for (text, shown) in [("S'\\x4'\n.", "\\x"), ("S'\\xg0'\n.", "\\x"), ("S'a\n.", "'a"), ("Sa'\n.", "a'"), ("S'\n.", "'"), ("S\n.", "")] {
            #expect(try problem(text) == .badText(shown), "\(text)")
        }
    }

    @Test func `A call with keywords keeps class, arguments and keywords`() throws {
        let object = try #require(
            try read(Array("cmodule\nThing\n(I1\nI2\nt(S'key'\nI3\nS'other'\nI4\nd".utf8) + [0x92] + Array(".".utf8)).object)
        #expect(object.module == "module" && object.name == "Thing" && object.arguments?.map(\.intValue) == [1, 2])
        #expect(object.entries["key"]?.intValue == 3 && object.entries["other"]?.intValue == 4 && object.entries.pairs.count == 2)
        let bare = try #require(try read(Array("cmodule\nThing\n)N".utf8) + [0x92] + Array(".".utf8)).object)
        #expect(bare.arguments?.count == 0 && bare.entries.pairs.isEmpty)
    }

    /// A tensor of two numbers at the start of the part of a storage of four floats that `view` is, as releases before 0.4 wrote it.
    private func tensor(view: String) throws -> StoredTensor? {
        let pickle =
            "ctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI4\n\(view)tQI0\n(I2\nt(I1\ntI00\n"
            + "ccollections\nOrderedDict\n)RtR."
        return try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "made.pth"), zip = ZipWriter(try OutputFile(url))
            try zip.write("archive/data.pkl", pickle)
            try zip.write("archive/byteorder", "little")
            try zip.write("archive/data/0", StoredBytes([Float]([1, 2, 3, 4]).flatMap { value in withUnsafeBytes(of: value) { Array($0) } }))
            try zip.finish()
            return try PyTorchArchive.read(url).tensor
        }
    }

    @Test(
        arguments: [
            ("I5\nI0\n", nil), ("I4\nI1\n", nil), ("I-1\nI2\n", nil), ("I0\nI-1\n", nil), ("I0\nI5\n", nil), ("I9223372036854775807\nI1\n", nil),
            ("S'a'\nI1\n", nil),
            ("I0\nI4\n", [1, 2]), ("I2\nI2\n", [3, 4]), ("I1\nI3\n", [2, 3]),
        ] as [(String, [Float]?)])
    func `A view of a storage lies within it, and tensors lie within the view`(_ numbers: String, _ expected: [Float]?) throws {
        guard let expected else {
            let error = #expect(throws: ArchiveError.self) { try tensor(view: "(S'v'\n\(numbers)t") }
            guard case .pickle(.badArguments("a storage", "its view does not lie within it"), _) = error?.problem else {
                Issue.record("\(String(describing: error))")
                return
            }
            return
        }
        #expect(try tensor(view: "(S'v'\n\(numbers)t")?.materialized().floats() == expected)
        #expect(try tensor(view: "N")?.materialized().floats() == [1, 2], "without a view")
    }
}
