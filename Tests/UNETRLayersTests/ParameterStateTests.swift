import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRLayers
import UNETRTorch

struct ParameterStateTests {
    /// E and F are one tensor; a norm brings a whole-number buffer.
    private func network() throws -> ParameterStore {
        let store = ParameterStore()
        _ = try Linear(store.root / "E", from: 3, to: 2)
        store.root.alias("F.weight", of: "E.weight")
        store.root.alias("F.bias", of: "E.bias")
        _ = try BatchNorm(store.root / "norm", channels: 2)
        return store
    }

    private func bytes(_ store: ParameterStore) throws -> [[UInt8]] { try store.entries.map { try $0.tensor.detached().bytes() } }

    /// Loads what `change` makes of a matching state; expects that error and an unchanged network.
    private func expectRefusal(
        _ expected: StateError, sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout [(key: String, array: StoredArray)]) -> Void
    ) throws {
        let store = try network()
        var entries = try network().state().entries
        change(&entries)
        let before = try bytes(store)
        let state = try StateDictionary(entries)
        #expect(throws: expected, sourceLocation: sourceLocation) { try store.load(state) }
        #expect(try bytes(store) == before, "the network is changed", sourceLocation: sourceLocation)
    }

    @Test("A matching state sets every tensor")
    func loading() throws {
        let (store, other) = (try network(), try network())
        #expect(try bytes(store) != bytes(other))
        try store.load(other.state())
        #expect(try bytes(store) == bytes(other))
    }

    @Test("Loading does not depend on the order, and parameters still want gradients after it")
    func order() throws {
        let (store, other) = (try network(), try network())
        try store.load(StateDictionary(other.state().entries.reversed()))
        #expect(try bytes(store) == bytes(other))
        #expect(store.parameters.allSatisfy { $0.requiresGradient })
    }

    @Test("A missing tensor is refused by name")
    func missing() throws {
        // F.bias is a second key of E.bias, which a file may leave out.
        try expectRefusal(.missing(["norm.running_var"])) { $0.removeAll { ["F.bias", "norm.running_var"].contains($0.key) } }
    }

    @Test("A tensor the network does not have is refused by name")
    func unexpected() throws {
        try expectRefusal(.unexpected(["out2.weight"])) { $0.append(("out2.weight", StoredArray([1] as [Float]))) }
    }

    @Test("Another shape is refused with both shapes, even with as many values")
    func shape() throws {
        try expectRefusal(.shape(key: "E.weight", found: [3, 2], expected: [2, 3])) {
            $0[0].array = StoredArray([0, 1, 2, 3, 4, 5] as [Float], shape: [3, 2])
        }
    }

    @Test("Elements that are not numbers of a tensor are refused")
    func type() throws {
        try expectRefusal(.type(key: "norm.weight", found: "bool")) { entries in
            let index = entries.firstIndex { $0.key == "norm.weight" }!
            entries[index].array = StoredArray([true, false])
        }
    }

    @Test("Two names of one tensor with different values are refused with the reason")
    func unequalAliases() throws {
        try expectRefusal(.unequalAliases(key: "F.weight", original: "E.weight")) { entries in
            let index = entries.firstIndex { $0.key == "F.weight" }!
            entries[index].array = StoredArray([9, 9, 9, 9, 9, 9] as [Float], shape: [2, 3])
        }
    }

    @Test("Storage in float16 rounds the floating-point values once, and leaves whole numbers")
    func float16() throws {
        let (store, other) = (try network(), try network())
        let state = try store.state(as: .float16)
        #expect(state["E.weight"]?.scalarType == .float16)
        #expect(state["norm.num_batches_tracked"]?.scalarType == .int64)
        try other.load(state)
        for (a, b) in zip(store.entries, other.entries) {
            #expect(b.tensor.dtype == a.tensor.dtype)
            let rounded = a.tensor.dtype.isFloatingPoint ? try a.tensor.detached().to(.float16) : a.tensor
            #expect(try b.tensor.detached().array(of: Double.self) == rounded.array(of: Double.self), "\(a.key)")
        }
        #expect(try other.state(as: .float16)["E.weight"] == state["E.weight"], "the second time nothing is lost")
    }

    @Test("Values of other types are converted to the network's")
    func conversion() throws {
        let store = try network()
        var entries = try store.state().entries
        entries[0].array = StoredArray([0.1, 0.2, 0.3, 0.4, 0.5, 0.6] as [Double], shape: [2, 3])
        entries[2].array = entries[0].array
        try store.load(StateDictionary(entries))
        #expect(try store["E.weight"]?.detached().array(of: Float.self) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    }

    @Test("A safetensors file brings back the same bits, keys and order")
    func safetensors() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "state.safetensors")
            let (store, other) = (try network(), try network())
            try withoutGradients {
                try store["E.weight"]!.copyInPlace(Tensor([.nan, -0.0, .leastNonzeroMagnitude, .infinity, 1, 2] as [Float], shape: [2, 3]))
            }
            try store.state().write(to: url, metadata: ["made": "by a test"])
            let read = try StateDictionary(safetensors: url)
            #expect(read.entries.map(\.key) == store.entries.map(\.key))
            try other.load(read)
            #expect(try bytes(other) == bytes(store))
        }
    }

    @Test("Tensors become arrays of files and come back, in every type", arguments: DType.allCases)
    func arrays(dtype: DType) throws {
        let tensor = try Tensor([0, 1, 1, 0, 1, 0] as [Double], shape: [2, 3]).to(dtype)
        let array = try tensor.stored()
        #expect(array.shape == [2, 3] && DType(array.scalarType) == dtype)
        #expect(array.doubles() == [0, 1, 1, 0, 1, 0])
        let again = try Tensor.from(array)
        #expect(again.dtype == dtype && again.shape == [2, 3])
        #expect(try again.bytes() == tensor.bytes())
        #expect(try tensor.transposed(0, 1).stored().doubles() == [0, 0, 1, 1, 1, 0], "views are stored in C-order")
    }

    @Test("Types that tensors cannot have are refused")
    func foreignTypes() throws {
        let array = try StoredArray(scalarType: .uint16, shape: [1], bytes: StoredBytes([1, 0] as [UInt8]))
        #expect(DType(ScalarType.uint16) == nil)
        #expect(throws: TorchError.self) { try Tensor.from(array) }
    }
}
