import Testing
import UNETRArchives
import UNETRLayers
import UNETRTorch

struct ParameterStoreTests {
    /// Two projections that are one tensor, a normalization with running statistics, and a position table.
    private func sample() throws -> ParameterStore {
        let store = ParameterStore()
        let block = store.root / "stages" / 0
        _ = try block.parameter("pos_embed", [1, 6, 4], .constant(0))
        _ = try block.parameter("temperature", [2, 1, 1], .constant(1))
        _ = try Linear(block / "E", from: 6, to: 3)
        block.alias("F.weight", of: "E.weight")
        block.alias("F.bias", of: "E.bias")
        _ = try BatchNorm(block / "norm1", channels: 4)
        return store
    }

    @Test("Keys are the path of the layer, in the order the layers were made")
    func keys() throws {
        #expect(
            try sample().entries.map(\.key) == [
                "stages.0.pos_embed", "stages.0.temperature", "stages.0.E.weight", "stages.0.E.bias", "stages.0.F.weight", "stages.0.F.bias",
                "stages.0.norm1.weight", "stages.0.norm1.bias", "stages.0.norm1.running_mean", "stages.0.norm1.running_var",
                "stages.0.norm1.num_batches_tracked",
            ])
    }

    @Test("A tensor with two keys is saved twice and trained once")
    func aliases() throws {
        let store = try sample()
        #expect(store.parameters.count == 6)
        #expect(store.parameterCount == 24 + 2 + 18 + 3 + 4 + 4)
        #expect(store["stages.0.F.weight"] === store["stages.0.E.weight"])
        let state = try store.state()
        #expect(state.entries.count == 11)
        #expect(state["stages.0.F.weight"] == state["stages.0.E.weight"])
        #expect(store.entries.filter { $0.aliasOf != nil }.map(\.aliasOf) == ["stages.0.E.weight", "stages.0.E.bias"])
    }

    @Test("Buffers are saved and not trained, parameters want gradients")
    func buffers() throws {
        let store = try sample()
        #expect(store.entries.filter { $0.kind == .buffer }.count == 3)
        for entry in store.entries { #expect(entry.tensor.requiresGradient == (entry.kind == .parameter), "\(entry.key)") }
        #expect(store["stages.0.norm1.num_batches_tracked"]?.dtype == .int64)
    }

    @Test("Weight decay pulls at matrices and kernels, not at norms, biases, scales and positions")
    func decaying() throws {
        let store = try sample()
        #expect(store.decaying == [false, false, true, false, false, false])
        #expect(store.decaying.count == store.parameters.count)
    }

    @Test("A store of float64 makes float64 parameters, and whole-number buffers all the same")
    func types() throws {
        let store = ParameterStore(dtype: .float64)
        _ = try BatchNorm(store.root / "n", channels: 2)
        #expect(store.entries.map(\.tensor.dtype) == [.float64, .float64, .float64, .float64, .int64])
    }

    #if compiler(>=6.2) && (os(Linux) || os(macOS))
        @Test("Two layers of one key are a programmer's mistake")
        func duplicateKeys() async {
            await #expect(processExitsWith: .failure) {
                let store = ParameterStore()
                _ = try store.root.parameter("weight", [1], .constant(0))
                _ = try store.root.parameter("weight", [1], .constant(0))
            }
        }
    #endif

    @Test("Batch norm counts its training batches, and only those")
    func batchCount() throws {
        let store = ParameterStore()
        let norm = try BatchNorm(store.root / "n", channels: 1)
        let x = try Tensor([1, 3] as [Float], shape: [2, 1, 1, 1, 1])
        _ = try norm(x, .training)
        _ = try norm(x, .training)
        _ = try norm(x, .evaluation)
        #expect(try store["n.num_batches_tracked"]?.item() == 2)
        // 0.9 · (0.9 · 0 + 0.1 · 2) + 0.1 · 2
        #expect(abs(try store["n.running_mean"]!.item() - 0.38) < 1e-6)
    }

    @Test("Instance norm of a batch treats each sample by itself")
    func instanceNorm() throws {
        let x = try Tensor([1, 3, 100, 104] as [Double], shape: [2, 1, 1, 1, 2])
        let found = try InstanceNorm()(x).array(of: Double.self)
        let (small, large) = (1 / (1 + 1e-5).squareRoot(), 2 / (4 + 1e-5).squareRoot())
        for (a, b) in zip(found, [-small, small, -large, large]) { #expect(abs(a - b) < 1e-12) }
    }
}
