import Foundation
import TestSupport
import Testing
import UNETRArchives

/// A network's state as it stands in a file.
struct StateDictionaryTests {
    private let one = StoredArray([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])

    @Test("A key that stands twice is refused")
    func duplicate() {
        #expect(throws: StateError.duplicateKey("a")) { try StateDictionary([("a", one), ("b", one), ("a", one)]) }
    }

    @Test("A prefix is taken off only where all keys have it")
    func prefix() throws {
        let all = try StateDictionary([("module.a", one), ("module.b.c", one)])
        #expect(try all.removingCommonPrefix("module.").entries.map(\.key) == ["a", "b.c"])
        let some = try StateDictionary([("module.a", one), ("b", one)])
        #expect(try some.removingCommonPrefix("module.").entries.map(\.key) == ["module.a", "b"])
        #expect(try StateDictionary([]).removingCommonPrefix("module.").entries.isEmpty)
    }

    @Test("Values come as float32 where key and shape are right")
    func floats() throws {
        let state = try StateDictionary([("a", one), ("whole", StoredArray([7, -8] as [Int64]))])
        #expect(try state.floats("a", [2, 3]) == [1, 2, 3, 4, 5, 6] && state.floats("whole", [2]) == [7, -8])
        #expect(throws: StateError.missing(["b"])) { try state.floats("b", [1]) }
        #expect(throws: StateError.shape(key: "a", found: [2, 3], expected: [6])) { try state.floats("a", [6]) }
    }

    @Test("A file brings keys, order and values back")
    func file() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "w.safetensors")
            let state = try StateDictionary([("z", one), ("a", StoredArray([1, 2] as [Int64]))])
            try state.write(to: url, metadata: ["format": "pt"])
            let read = try StateDictionary(safetensors: url)
            #expect(read.entries.map(\.key) == ["z", "a"] && read["z"] == one && read["a"]?.shape == [2] && read["b"] == nil)
        }
    }

    @Test("Long lists of keys are cut in the sentence")
    func sentences() {
        #expect("\(StateError.missing(["a", "b", "c", "d", "e"]))".contains("lack 5 tensors of this network: a, b, c and 2 more;"))
        #expect("\(StateError.shape(key: "k", found: [1, 2], expected: [3]))".contains("k of the weights is [1, 2], this network's is [3]"))
        #expect("\(StateError.unequalAliases(key: "F.weight", original: "E.weight"))".contains("separate projections (acdc, lung)"))
    }
}
