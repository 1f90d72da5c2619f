import Foundation
import TestSupport
import Testing
import UNETRArchives

/// Files that torch.save of PyTorch 2.13 wrote; the values are those of make_fixtures.py.
@Suite struct PyTorchReadingTests {
    private func read(_ name: String) throws -> PickleValue { try PyTorchArchive.read(Fixtures.url("archives/\(name)")) }

    private func array(_ value: PickleValue?) throws -> StoredArray { try #require(value?.tensor).materialized() }

    @Test(arguments: ["types.pth", "types_legacy.pth", "types_deflated.pth", "types_big_endian.pth", "types_without_checksums.pth"])
    func everyTypeIsRead(file: String) throws {
        let value = try read(file)
        #expect(try array(value["float64"]) == StoredArray([1.5, -0.1, .infinity]))
        #expect(try array(value["float32"]) == StoredArray([1.5, -0.1, 3e38] as [Float]))
        #expect(try array(value["float16"]).floats() == [1.5, -65504, 0x1p-24])
        // 3.0e38 rounded to 8 significant bits is 0xE2 × 2^120.
        #expect(try array(value["bfloat16"]).floats() == [1.5, -0xE2p120, 0x1p-120])
        #expect(try array(value["int64"]) == StoredArray([1 << 62, -1 << 62, 3] as [Int64]))
        #expect(try array(value["int32"]) == StoredArray([.max, .min, 3] as [Int32]))
        #expect(try array(value["int16"]) == StoredArray([.max, .min, 3] as [Int16]))
        #expect(try array(value["int8"]) == StoredArray([127, -128, 3] as [Int8]))
        #expect(try array(value["uint8"]) == StoredArray([255, 0, 3] as [UInt8]))
        #expect(try array(value["bool"]) == StoredArray([true, false, true]))
        #expect(value.dictionary?.pairs.count == 10)
    }

    @Test func theWideUnsignedTypesAreRead() throws {
        let value = try read("unsigned.pth")
        #expect(try array(value["uint16"]).ints() == [1, 2, 65535])
        #expect(try array(value["uint32"]).ints() == [1, 2, 1 << 32 - 1])
        #expect(try array(value["uint64"]).ints() == [1, 2, .max])
        #expect(try array(value["uint64"]).scalarType == .uint64)
    }

    @Test(arguments: ["views.pth", "views_legacy.pth"]) func everyKindOfViewIsLaidOutInCOrder(file: String) throws {
        let outer = try read(file)
        let views = try #require(outer["views"])
        let base = (0..<24).map { Float($0) }
        let transposed: [Float] = (0..<24).map { Float($0 % 4 * 6 + $0 / 4) }
        #expect(try array(views["whole"]) == StoredArray(base, shape: [4, 6]))
        #expect(try array(views["row"]) == StoredArray(Array(base[6..<12])))
        #expect(try array(views["transposed"]) == StoredArray(transposed, shape: [6, 4]))
        #expect(try array(views["strided"]) == StoredArray([1, 3, 5, 13, 15, 17] as [Float], shape: [2, 3]))
        // Element [k, i, j] is element [i, j, k] of 0 ..< 24 as [2, 3, 4].
        let permuted: [Int16] = [0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23]
        #expect(try array(views["permuted"]) == StoredArray(permuted, shape: [4, 2, 3]))
        #expect(try array(views["channels_last"]) == StoredArray((0..<24).map(Double.init), shape: [1, 2, 3, 4]))
        #expect(try array(views["zero_dimensional"]) == StoredArray([7.25] as [Float], shape: []))
        #expect(try array(views["empty"]).shape == [0, 3])
        #expect(try array(views["expanded"]) == StoredArray([2.5, 2.5, 2.5, 2.5, 2.5] as [Float]))
        #expect(try array(views["parameter"]) == StoredArray([1, 2] as [Float]))
        #expect(try array(views["from_within"]) == StoredArray([20, 21, 22, 23] as [Float]))
        #expect(views.dictionary?.pairs.first?.key.stringValue == "whole")
        #expect(outer["size"]?.ints == [3, 4])
        #expect(outer["device"]?.object?.arguments?[0].stringValue == "cpu")
        #expect(outer["dtype"]?.object?.name == "float32")
    }

    @Test func viewsShareTheirStorage() throws {
        let views = try #require(try read("views.pth")["views"])
        let (whole, row) = (try #require(views["whole"]?.tensor), try #require(views["row"]?.tensor))
        let addresses = [whole, row].map { tensor in tensor.storage.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }
        #expect(addresses[0] == addresses[1])
        let rowArray = try row.materialized()
        #expect(rowArray.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } == addresses[0] + 24, "a contiguous view is not copied")
        #expect(addresses[0] % 64 == 0 || addresses[0] % 8 == 0)
    }

    static let checkpoints = (2...5).flatMap { ["checkpoint_protocol\($0).model", "checkpoint_protocol\($0)_legacy.model"] }

    @Test(arguments: checkpoints) func aCheckpointOfTheReferenceIsRead(file: String) throws {
        let checkpoint = try read(file)
        #expect(checkpoint["epoch"]?.intValue == 1000)
        #expect(checkpoint["lr_scheduler_state_dict"]?.isNone == true)
        #expect(checkpoint["plot_stuff"]?.elements?.map(\.doubles) == [[0.5, 0.25], [1.5], [], [0.875, 0.75]])
        #expect(checkpoint["best_stuff"]?[0]?.doubleValue == -0.5)
        #expect(checkpoint["amp_grad_scaler"]?["scale"]?.doubleValue == 65536)
        #expect(checkpoint["optimizer_state_dict"]?["param_groups"]?[0]?["momentum"]?.doubleValue == 0.99)
        let momentum = try array(checkpoint["optimizer_state_dict"]?["state"]?[0]?["momentum_buffer"])
        #expect(momentum == StoredArray([Float](repeating: 1, count: 54), shape: [2, 1, 3, 3, 3]))
        let metadata = checkpoint["state_dict"]?.dictionary?.attributes.first
        #expect(metadata?.name == "_metadata" && metadata?.value["1"]?["version"]?.intValue == 2)

        let state = try PyTorchArchive.stateDictionary(of: checkpoint)
        #expect(
            state.map(\.name) == [
                "0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked", "2.weight", "2.bias",
            ])
        #expect(state[0].array == StoredArray((0..<54).map { Float($0) / 8 }, shape: [2, 1, 3, 3, 3]))
        #expect(state[5].array == StoredArray([0] as [Int64], shape: []))
        #expect(state[7].array == StoredArray([4, 4.125] as [Float]))
    }

    @Test func aBareStateDictionaryKeepsItsPrefixes() throws {
        let state = try PyTorchArchive.stateDictionary(of: try read("bare_state.pth"))
        #expect(state.count == 8 && state[0].name == "module.0.weight")
    }

    @Test func whatIsNotATensorOfNumbersIsNamed() throws {
        let value = try read("uncommon.pth")
        #expect(try array(value["tagged"]) == StoredArray([5, 6] as [Float]), "a tensor with an attribute")
        #expect(try array(value["plain"]) == StoredArray([9] as [Float]))
        #expect(value["complex"]?.object?.name == "_rebuild_tensor_v2")
        #expect(value["sparse"]?.object?.name == "_rebuild_sparse_tensor")
        #expect(try array(value["storage"]).count == 8, "an untyped storage: its bytes")
        #expect(throws: ArchiveError.Problem.notAStateDictionary("“complex” is an object of torch._utils._rebuild_tensor_v2, not a tensor")) {
            try PyTorchArchive.stateDictionary(of: value)
        }
    }

    @Test func aWholeModuleIsNamedAndRefusedAsAStateDictionary() throws {
        let value = try read("module.pth")
        #expect(value.object?.module == "torch.nn.modules.linear" && value.object?.name == "Linear")
        #expect(try array(value.object?.state?["_parameters"]?["weight"]).shape == [2, 2])
        #expect(
            throws: ArchiveError.Problem.notAStateDictionary(
                "the file holds an object of torch.nn.modules.linear.Linear, not a dictionary")
        ) { try PyTorchArchive.stateDictionary(of: value) }
    }
}
