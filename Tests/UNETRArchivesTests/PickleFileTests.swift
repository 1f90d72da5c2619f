import Foundation
import TestSupport
import Testing
import UNETRArchives

/// Plans as nnU-Net v1 pickles them, in every protocol; the values are those of make_fixtures.py.
@Suite struct PickleFileTests {
    private func plans(_ protocolVersion: Int) throws -> PickleValue {
        try PickleFile.read(Fixtures.url("archives/plans_protocol\(protocolVersion).pkl"))
    }

    @Test(arguments: 0...5) func numbersListsAndDictionariesAreRead(version: Int) throws {
        let plans = try plans(version)
        #expect(plans["num_stages"]?.intValue == 1)
        #expect(plans["num_modalities"]?.intValue == 1, "a NumPy integer")
        #expect(plans["modalities"]?[0]?.stringValue == "CT", "a dictionary with integer keys")
        #expect(plans["again"]?[0]?.stringValue == "CT", "the same dictionary fetched from the memo")
        #expect(plans["keep_only_largest_region"]?.isNone == true)
        #expect(plans["transpose_forward"]?.ints == [0, 1, 2])
        #expect(plans["list_of_npz_files"]?.elements?.compactMap(\.stringValue) == ["a/b.npz", "a/ü.npz"])
        #expect(plans["use_mask_for_norm"]?[0]?.boolValue == false)
        #expect(plans["truth"]?.elements?.map(\.boolValue) == [true, false])
        #expect(plans["missing"] == nil)
        let stage = try #require(plans["plans_per_stage"]?[0])
        #expect(stage["patch_size"]?.ints == [64, 128, 128])
        #expect(stage["current_spacing"]?.doubles == [3.0, 0.76, 0.76])
        #expect(stage["do_dummy_2D_data_aug"]?.boolValue == false)
        #expect(stage["pool_op_kernel_sizes"]?.elements?.map(\.ints) == [[1, 2, 2], [2, 2, 2]])
        #expect(plans.dictionary?.pairs.first?.key.stringValue == "num_stages")
        #expect(plans.dictionary?.pairs.count == 30)
    }

    @Test(arguments: 0...5) func intensityStatisticsAreRead(version: Int) throws {
        let channel = try #require(try plans(version)["dataset_properties"]?["intensityproperties"]?[0])
        #expect(channel["median"]?.doubleValue == 99.5)
        #expect(channel["mean"]?.doubleValue == 98.25)
        #expect(channel["mn"]?.doubleValue == -991)
        #expect(channel["local_props"]?["case"]?["n"]?.intValue == 1 << 40)
        #expect(channel["median"]?.array?.scalarType == .float32)
        let keys = channel.dictionary?.pairs.compactMap(\.key.stringValue)
        #expect(keys == ["median", "mean", "sd", "mn", "mx", "percentile_99_5", "percentile_00_5", "local_props"], "in order")
        #expect(try plans(version)["dataset_properties"]?["all_sizes"]?[1]?.ints == [89, 512, 512])
        #expect(try plans(version)["dataset_properties"]?["all_spacings"]?[0]?.doubles == [3.0, 0.7, 0.7])
    }

    @Test(arguments: 0...5) func everyKindOfNumberAndTextIsExact(version: Int) throws {
        let plans = try plans(version)
        #expect(
            plans["numbers"]?.ints == [0, 255, 256, 65535, 65536, -1, 1 << 31 - 1, -1 << 31, 1 << 31, 1 << 62, .min, .max])
        let floats = try #require(plans["floats"]?.doubles)
        #expect(floats.dropLast() == [0.1, -1e300, .infinity, -.infinity] && floats[4].isNaN)
        guard case .bigInt("1180591620717411303424") = plans["big"], case .bigInt("-1180591620717411303429") = plans["negative_big"] else {
            Issue.record("big integers: \(String(describing: plans["big"])), \(String(describing: plans["negative_big"]))")
            return
        }
        #expect(plans["text"]?.stringValue == "line\nfeed \\u € 😀 'quoted'")
        guard case .bytes(let bytes) = plans["bytes"], case .bytes(let mutable) = plans["bytearray"] else {
            Issue.record("bytes: \(String(describing: plans["bytes"])), \(String(describing: plans["bytearray"]))")
            return
        }
        #expect(bytes.array == (0...255).map { UInt8($0) })
        #expect(mutable.array == [0, 255])
        #expect(plans["set"]?.elements?.compactMap(\.intValue).sorted() == [1, 2])
        #expect(plans["frozen"]?.ints == [3])
        #expect(plans["counts"]?["a"]?.ints == [1])
        #expect(plans["empty"]?.elements?.count == 5)
        #expect(plans["empty"]?[2]?.dictionary?.pairs.isEmpty == true)
    }

    @Test(arguments: 0...5) func whatIsNotKnownIsNamedWithItsParts(version: Int) throws {
        let plans = try plans(version)
        let instance = try #require(plans["preprocessor"]?.object)
        #expect(instance.module == "nnunet.preprocessing.preprocessing" && instance.name == "GenericPreprocessor")
        #expect(instance.state?["target"]?.doubles == [1, 2])
        #expect(instance.state?["name"]?.stringValue == "generic")
        let type = try #require(plans["preprocessor_class"]?.object)
        #expect(type.name == "GenericPreprocessor" && type.arguments == nil, "the class itself")
        #expect(plans["dtype"]?.object?.arguments?[0].stringValue == "f4")
        #expect(plans["complex"]?.object?.arguments?.compactMap(\.doubleValue) == [1, 2])
        #expect(plans["slice"]?.object?.name == "slice")
    }

    @Test func aPickleOfAnotherProgramIsReadTheSameWithPythonTwoNames() throws {
        // Protocol 2 as Python 2 wrote it: texts are byte strings, NumPy's data too, INST and OBJ make instances.
        let text: [UInt8] = Array("(dp0\nS'plain \\'x\\' \\x41\\n'\np1\nI7\nsS'raw'\nS'\\xff'\nsS'long'\nL123456789012345678901L\ns".utf8)
        let array: [UInt8] =
            Array("S'array'\ncnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I3\ntcnumpy\ndtype\n".utf8)
            + Array("(S'<i2'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nU".utf8) + [6, 1, 0, 2, 0, 255, 255] + Array("tbs".utf8)
        let objects = Array("S'instance'\n(I5\nios\nsystem\nsS'object'\n(cos\nsystem\nI6\nos.".utf8)
        let value = try read(text + array + objects)
        #expect(value["plain 'x' A\n"]?.intValue == 7)
        guard case .bytes(let raw) = value["raw"] else {
            Issue.record("not bytes")
            return
        }
        #expect(raw.array == [255], "a Python 2 string that is not UTF-8 stays bytes")
        #expect(value["array"]?.ints == [1, 2, -1])
        #expect(value["instance"]?.object?.arguments?[0].intValue == 5)
        #expect(value["object"]?.object?.arguments?[0].intValue == 6)
        #expect(value["object"]?.object?.name == "system")
    }

    @Test func aValueThatContainsItselfIsReadOnce() throws {
        // a = []; a.append(a)
        let value = try read([0x80, 2] + Array("]q\0h\0a.".utf8))
        #expect(value[0]?.object?.name == "(reference to a value that contains it)")
    }

    @Test func ofTwoEqualKeysTheLaterValueStands() throws {
        let value = try read(Array("(S'a'\nI1\nS'b'\nI2\nS'a'\nI3\nd.".utf8))
        #expect(value["a"]?.intValue == 3)
        #expect(value.dictionary?.pairs.map(\.key.stringValue) == ["a", "b"])
    }

    private func read(_ bytes: [UInt8]) throws -> PickleValue {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("made.pkl")
            try Data(bytes).write(to: url)
            return try PickleFile.read(url)
        }
    }
}
