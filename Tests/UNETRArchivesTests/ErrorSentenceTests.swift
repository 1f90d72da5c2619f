import Testing
import UNETRArchives

/// What is said about files that cannot be read: one sentence each, with the file and the numbers that contradict each other.
@Suite struct ErrorSentenceTests {
    @Test(
        arguments: [
            (.tooDeep(100), "its values are nested deeper than 100"),
            (.tooCostly, "reading it would take far more memory than a file of its size needs; it is damaged, or made to do harm"),
            (.notPyTorch, "not a PyTorch file: neither the zip form nor the older form of torch.save"),
            (.tarForm, "a PyTorch file of the tar form, written before version 0.1.10 (2017); load and save it again with a newer PyTorch"),
            (.noPickleRecord, "a zip file, but not one of PyTorch: it has no record NAME/data.pkl"),
            (.unknownByteOrder("middle"), "its byteorder record says “middle”; known are little and big"),
            (.unknownLegacyProtocol("7"), "a PyTorch file of the older form with protocol version 7; known is 1001"),
            (.badStorageList(byte: 99), "the list of storages before byte 99 is not a list of keys"),
            (.missingStorage(key: "3"), "it names a storage “3” whose bytes are not in the file"),
            (.shortStorage(key: "3", expected: 20, got: 16), "the storage “3” should have 20 bytes, but the file has 16 for it: cut short, or it lies"),
            (.unknownStorageType(key: "3", type: "OddStorage"), "the storage “3” is of the type OddStorage, whose size is not known"),
            (.notAStateDictionary("the dictionary is empty"), "no state dictionary: the dictionary is empty"),
            (
                .expandedTensor(shape: [1 << 40, 2], storageBytes: 16),
                "a tensor of shape [1099511627776, 2] repeats a storage of only 16 bytes; such tensors are not filled out"
            ),
            (.cannotWrite("two arrays are named “a”"), "cannot be written: two arrays are named “a”"),
            (.zip(.noDirectory), "a zip file without its directory at the end: cut short, or not a zip file"),
            (.zip(.badDirectory("an entry is cut short")), "its zip directory is broken: an entry is cut short"),
            (.zip(.badRecord("a/data.pkl", "it is encrypted")), "the record “a/data.pkl” cannot be read: it is encrypted"),
            (
                .zip(.wrongChecksum("a/data/0")),
                "the record “a/data/0” is damaged: its bytes do not have the checksum that was written with them"
            ),
        ] as [(ArchiveError.Problem, String)])
    func `What is wrong with an archive is a sentence, behind the file's name`(_ problem: ArchiveError.Problem, _ sentence: String) {
        #expect(problem.description == sentence)
        #expect(ArchiveError(path: "/a/b.pth", problem: problem).description == "/a/b.pth: " + sentence)
    }

    @Test(
        arguments: [
            (.truncated(needed: 8, left: 3), "8 more bytes are needed, but 3 are left: the file is cut short"),
            (.unknownOpcode(7), "unknown instruction 7"), (.refusedOpcode("extension1"), "the instruction extension1 is not supported"),
            (.unknownProtocol(6), "protocol 6 is not known; known are 0 to 5"), (.emptyStack, "an instruction needs a value that is not there"),
            (.noMark, "an instruction needs a mark that is not there"), (.missingMemo(4), "the value number 4 is fetched before it was kept"),
            (.badText("1x"), "“1x” is not what should stand here"), (.negativeLength(-1), "a length of -1"),
            (.longInteger(bytes: 1000), "an integer of 1000 bytes; up to 256 are read"), (.tooManyObjects(16), "more than 16 objects"),
            (.wrongTarget("elements"), "elements on a value that has none"),
            (.badArguments("a.b", "text is expected"), "a.b with arguments that do not fit: text is expected"),
            (.shapeOverflow([-1]), "the shape [-1] has a negative size or more elements than can be counted"),
            (
                .tensorBeyondStorage(shape: [5], strides: [1], offset: 0, storageCount: 4),
                "a tensor of shape [5], strides [1] and offset 0 leaves its storage of 4 elements"
            ),
        ] as [(PickleProblem, String)])
    func `What is wrong in a pickle is said with the byte of its instruction`(_ problem: PickleProblem, _ sentence: String) {
        #expect(
            ArchiveError(path: "plans.pkl", problem: .pickle(problem, byte: 12)).description == "plans.pkl: broken pickle at byte 12: " + sentence)
    }

    @Test(
        arguments: [
            (.tooShort(3), "not a safetensors file: it has 3 bytes, and the header's length alone takes 8"),
            (
                .headerBeyondFile(length: 900, fileBytes: 10),
                "not a safetensors file, or cut short: its header should take 900 bytes, but the whole file has 10"
            ),
            (.headerTooLong(100_000_001), "its header should take 100000001 bytes; the format allows 100000000"),
            (.headerNotObject, "not a safetensors file: its header is not a JSON object"),
            (.headerNotJSON("a colon is expected after a key", byte: 4), "its header is not valid JSON: a colon is expected after a key at byte 4"),
            (.duplicateKey("a"), "its header has the key “a” twice"),
            (.metadataNotText("k"), "its metadata entry “k” is not text; metadata must map text to text"),
            (.badEntry("a", "it has no shape"), "the header's entry for “a” is broken: it has no shape"),
            (
                .unknownType("a", type: "F8_E4M3"),
                "the array “a” has the type F8_E4M3, which is not supported; known are F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL"
            ),
            (.negativeSize("a", key: "shape", "-2"), "the shape of the array “a” holds the negative number -2"),
            (.sizeOverflow("a", shape: [1 << 62]), "the array “a” has the shape [4611686018427387904], which has more elements than can be counted"),
            (.endBeforeBegin("a", begin: 8, end: 0), "the array “a” ends at byte 0, before it begins at byte 8"),
            (
                .outOfRange("a", end: 12, dataBytes: 8),
                "the array “a” should end at byte 12 of the data, but there are 8: the file is cut short or its header lies"
            ),
            (.wrongByteCount("a", expected: 12, got: 8), "the shape and type of the array “a” take 12 bytes, but its offsets span 8"),
            (.overlap("b", "a"), "the arrays “a” and “b” share bytes"), (.hole(begin: 8, end: 12), "bytes 8 to 12 of the data belong to no array"),
            (.trailingBytes(4), "4 bytes after the last array belong to no array"),
            (.noSuchArray("x", known: []), "there is no array “x”; there are none at all"),
            (.noSuchArray("x", known: ["a", "b"]), "there is no array “x”; there are a, b"),
            (.noSuchArray("x", known: (0..<11).map { "k\($0)" }), "there is no array “x”; there are k0, k1, k2, k3, k4, k5, k6, k7 and 3 more"),
            (.duplicateName("a"), "cannot be written: two arrays are named “a”"),
            (.reservedName("__metadata__"), "cannot be written: the name “__metadata__” is reserved by the format"),
        ] as [(SafetensorsError.Problem, String)])
    func `What is wrong with a safetensors file is a sentence, behind the file's name`(_ problem: SafetensorsError.Problem, _ sentence: String) {
        #expect(problem.description == sentence)
        #expect(SafetensorsError(path: "m.safetensors", problem: problem).description == "m.safetensors: " + sentence)
    }

    @Test(
        arguments: [
            (.duplicateKey("a"), "the key a stands twice in the weights"),
            (.missing(["a"]), "the weights lack 1 tensors of this network: a; do they belong to this configuration?"),
            (
                .unexpected(["a", "b", "c", "d"]),
                "the weights hold 4 tensors that this network does not have: a, b, c and 1 more; do they belong to this configuration?"
            ),
            (
                .shape(key: "k", found: [1, 2], expected: [3]),
                "the tensor k of the weights is [1, 2], this network's is [3]; do the patch size, width and classes agree?"
            ),
            (.type(key: "k", found: "bool"), "the tensor k of the weights has elements of type bool, numbers are expected"),
            (
                .unequalAliases(key: "F", original: "E"),
                "F and E are one tensor in this variant, but the weights hold different values for them; a variant with separate projections (acdc, lung) "
                    + "was perhaps meant"
            ),
        ] as [(StateError, String)])
    func `What does not fit between weights and network is a sentence`(_ error: StateError, _ sentence: String) {
        #expect(error.description == sentence)
    }

    @Test func `Bytes that do not fill a shape are told with both numbers`() {
        #expect(
            StoredArrayError.wrongByteCount(shape: [2, 3], type: .int16, expected: 12, got: 3).description
                == "an array of shape [2, 3] and type int16 takes 12 bytes, but there are 3")
        #expect(StoredArrayError.impossibleShape([-3]).description == "the shape [-3] has a negative size or more elements than can be counted")
    }
}
