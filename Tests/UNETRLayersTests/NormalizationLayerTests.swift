import TestSupport
import Testing
import UNETRLayers
import UNETRTorch

/// Normalizing layers with the rule's weights, against PyTorch 2.13's functional calls on the same numbers; p(key) is the parameter.
struct NormalizationLayerTests {
    private static let volume = [2, 4, 4, 5, 3]

    private func store<Layer>(_ make: (Scope) throws -> Layer) throws -> (store: ParameterStore, layer: Layer) {
        let store = ParameterStore(dtype: .float64)
        let layer = try make(store.root)
        try store.fillByRule()
        return (store, layer)
    }

    @Test("Layer normalization with an epsilon of one's own")
    func layerNorm() throws {
        // F.layer_norm(x, (5,), p("n.weight"), p("n.bias"), 1e-3)
        let found = try store { try LayerNorm($0 / "n", channels: 5, epsilon: 1e-3) }.layer(ruleInput([2, 3, 5]))
        try expectValues(
            found, [2, 3, 5], sum: -1.13459186058, squares: 34.31217511779, [0: -1.028569796087, 7: 1.210815651531, 29: -1.336276866551])
    }

    @Test("Where all voxels are the same, group normalization gives numbers", arguments: [0.1, 1000.1, 12345.678])
    func groupNormOfConstants(value: Double) throws {
        let shape = [1, 4, 7, 8, 9], x = try Tensor.full(shape, value, .float32)
        let norm = try GroupNorm(ParameterStore(dtype: .float32).root / "n", channels: 4, groups: 2, sumsPairwise: true)
        let found = try withoutGradients { try norm(x).array(of: Float.self) }
        // The mean is the value but for rounding, which 1 / sqrt(1e-5) enlarges.
        #expect(found.allSatisfy { abs($0) <= 320 * 4 * Float(value).ulp + 3 })
    }

    @Test("Group normalization", arguments: [false, true])
    func groupNorm(sumsPairwise: Bool) throws {
        // F.group_norm(x, 2, p("n.weight"), p("n.bias"))
        let found = try store { try GroupNorm($0 / "n", channels: 4, groups: 2, sumsPairwise: sumsPairwise) }.layer(ruleInput(Self.volume))
        try expectValues(
            found, Self.volume, sum: -17.94853066752, squares: 532.5187633408, [0: -1.16540800349, 7: 1.760587631766, 31: -1.443152304211])
    }

    @Test("Group normalization whose statistics are summed pairwise gives the same in float32, for one sample and for two", arguments: [1, 2])
    func pairwiseGroups(samples: Int) throws {
        let store = ParameterStore()
        let norm = try GroupNorm(store.root / "n", channels: 4, groups: 2, sumsPairwise: true)
        try store.fillByRule()
        let x = try ruleInput([samples] + Self.volume.dropFirst(), .float32)
        let found = try withoutGradients { try norm(x).array(of: Double.self) }
        let exact = try self.store { try GroupNorm($0 / "n", channels: 4, groups: 2) }.layer(x.to(.float64)).detached().array(of: Double.self)
        expectClose(found, exact, within: 5 * 0x1p-23, "\(samples) samples")
    }

    @Test("Batch normalization by the running statistics, by the batch, and by the statistics that the batch has changed")
    func batchNorm() throws {
        let (store, norm) = try self.store { try BatchNorm($0 / "b", channels: 4) }
        let x = try ruleInput(Self.volume)
        // torch.nn.BatchNorm3d(4) with these parameters and statistics: .eval(), .train() and .eval() again.
        try expectValues(
            norm(x, .evaluation), Self.volume, sum: 12.06396952333, squares: 549.1439391267, [0: -1.493129115167, 7: 2.143449759917, 31: -1.8383241129])
        #expect(try store["b.num_batches_tracked"]?.item() == 0)
        try expectValues(
            norm(x, .training), Self.volume, sum: 20.76719753444, squares: 515.3778061286, [0: -1.527428875774, 7: 1.89540289303, 31: -1.852334355693])
        let mean = try #require(store["b.running_mean"]).array(of: Double.self)
        expectClose(mean, [-0.0698749566078, -0.0273691460242, 0.0115964308009, -0.0811562264462], within: 1e-11, "running mean")
        let variance = try #require(store["b.running_var"]).array(of: Double.self)
        expectClose(variance, [1.14733194135, 1.36050117385, 1.15915422529, 1.2169785505], within: 1e-11, "running variance")
        try expectValues(
            norm(x, .evaluation), Self.volume, sum: 12.88303693772, squares: 544.6414233048, [0: -1.495762054072, 7: 2.115931276227, 31: -1.838594841092])
        #expect(try store["b.num_batches_tracked"]?.item() == 1)
    }

    @Test("Instance normalization with scale and shift, recorded for gradients or not")
    func instanceNorm() throws {
        let (_, norm) = try store { try InstanceNorm($0 / "i", channels: 4) }
        // F.instance_norm(x, weight=p("i.weight"), bias=p("i.bias"))
        let probes = [0: -1.211528213554, 7: 1.582082909236, 31: -1.476706178428]
        try expectValues(norm(ruleInput(Self.volume)), Self.volume, sum: 5.301103591919, squares: 486.8860927503, probes)
        let recorded = try norm(ruleInput(Self.volume).requiringGradient())
        try expectValues(recorded, Self.volume, sum: 5.301103591919, squares: 486.8860927503, probes)
        #expect(recorded.requiresGradient)
        // In float32 without gradients the statistics are sums of their own.
        let single = ParameterStore()
        let other = try InstanceNorm(single.root / "i", channels: 4)
        try single.fillByRule()
        let found = try withoutGradients { try other(ruleInput(Self.volume, .float32)) }
        #expect(found.dtype == .float32)
        try expectValues(found, Self.volume, sum: 5.301103591919, squares: 486.8860927503, probes, within: 2e-6)
    }

    @Test("A scale may start from another number than 1, and the shift starts from 0")
    func firstScale() throws {
        let store = ParameterStore()
        _ = try InstanceNorm(store.root / "i", channels: 2, scale: 0.25)
        #expect(try store["i.weight"]?.detached().array(of: Float.self) == [0.25, 0.25])
        #expect(try store["i.bias"]?.detached().array(of: Float.self) == [0, 0])
    }

    /// Σ of the output weighted by fixed numbers.
    private func weighted(_ output: Tensor) throws -> Tensor {
        try (output * Tensor(ParityRule("weights").values(output.count, scale: 1).map(Double.init), shape: output.shape)).sum()
    }

    @Test("Gradients of the layers' parameters equal central differences", arguments: ["group", "instance", "batch", "transposed"])
    func gradients(kind: String) throws {
        let (store, layer): (ParameterStore, (Tensor) throws -> Tensor) = try self.store { scope -> (Tensor) throws -> Tensor in
            switch kind {
            case "group": return try GroupNorm(scope, channels: 4, groups: 2, sumsPairwise: true).callAsFunction
            case "instance": return try InstanceNorm(scope, channels: 4).callAsFunction
            case "batch":
                let norm = try BatchNorm(scope, channels: 4)
                return { try norm($0, .training) }
            default:
                let up = try TransposedConvolution(scope, from: 4, to: 2, stride: [2, 1, 1], bias: true)
                return { try up($0, missing: [1, 0, 1]) }
            }
        }
        let x = try ruleInput([2, 4, 2, 3, 2])
        try weighted(layer(x)).backward()
        // The loss is linear in these parameters, so that central differences are wrong by rounding only: 1e-16 · |f| / h.
        let step = 1e-3
        for (parameter, entry) in zip(store.parameters, store.entries) {
            let gradient = try #require(parameter.gradient).array(of: Double.self), values = try parameter.detached().array(of: Double.self)
            for index in stride(from: 0, to: values.count, by: max(1, values.count / 7)) {
                let ends = try [step, -step].map { shift in
                    var moved = values
                    moved[index] += shift
                    return try withoutGradients {
                        try parameter.copyInPlace(Tensor(moved, shape: parameter.shape))
                        return try weighted(layer(x)).item()
                    }
                }
                #expect(abs(gradient[index] - (ends[0] - ends[1]) / (2 * step)) < 1e-10, "\(kind) \(entry.key) \(index)")
            }
            try withoutGradients { try parameter.copyInPlace(Tensor(values, shape: parameter.shape)) }
        }
    }
}
