import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

@testable import UNETRNetworks

/// The blocks that networks have in common, in float64 with the rule's weights, against their formulas in plain operations.
struct BlockTests {
    private static let volume = [2, 4, 2, 3, 4]

    private func input(_ shape: [Int] = volume, _ name: String = "x") throws -> Tensor {
        try Tensor(ParityRule(name).values(shape.reduce(1, *), scale: 2), shape: shape).to(.float64)
    }

    private func expectEqual(_ found: Tensor, _ expected: Tensor, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(found.shape == expected.shape, "\(name)", sourceLocation: sourceLocation)
        expectClose(
            try found.detached().array(of: Double.self), try expected.detached().array(of: Double.self), within: 1e-12, name, sourceLocation: sourceLocation)
    }

    /// A store of float64 with what `make` puts into it, filled by the rule.
    private func made<Block>(_ make: (Scope) throws -> Block) throws -> (store: ParameterStore, block: Block) {
        let store = ParameterStore(dtype: .float64)
        let block = try make(store.root)
        try store.fillByRule()
        return (store, block)
    }

    @Test("Blocks of voxels become tokens, by a convolution or by a linear layer over each block's voxels")
    func patchEmbedding() throws {
        let x = try input([2, 3, 2, 4, 6]), block = [1, 2, 3]
        let (linear, perceptron) = try made { try PatchEmbedding(perceptron: $0, from: 3, to: 5, block: block) }
        // The linear layer reads [d, h, w, C] of a block, the convolution [C, d, h, w].
        let kernel = try linear["weight"]!.reshaped([5, 1, 2, 3, 3]).permuted([0, 4, 1, 2, 3])
        let expected = try x.convolution3d(kernel, bias: linear["bias"]!, stride: block).permuted([0, 2, 3, 4, 1])
        try expectEqual(perceptron(x), expected, "perceptron")
        #expect(expected.shape == [2, 2, 2, 2, 5])
        let (store, convolution) = try made { try PatchEmbedding(convolution: $0, from: 3, to: 5, block: block) }
        try expectEqual(
            convolution(x), x.convolution3d(store["weight"]!, bias: store["bias"]!, stride: block).permuted([0, 2, 3, 4, 1]), "convolution")
    }

    @Test("Two linear layers with a GELU between them")
    func feedForward() throws {
        let x = try input([2, 5, 4])
        let (store, block) = try made { try FeedForward($0, channels: 4, hidden: 6, names: ("a", "b"), dropout: 0.5) }
        let expected = try x.linear(store["a.weight"]!, bias: store["a.bias"]!).gelu().linear(store["b.weight"]!, bias: store["b.bias"]!)
        try expectEqual(block(x, .evaluation), expected, "feed-forward")
        // In training half of the inner values are dropped, so that the result is another.
        let dropped = try block(x, ForwardPass(training: true, generator: Generator(seed: 1))).detached().array(of: Double.self)
        #expect(try dropped != expected.detached().array(of: Double.self) && dropped.contains(0))
        var pass = ForwardPass.training
        pass.dropout = false
        try expectEqual(block(x, pass), expected, "training with all of the network")
    }

    @Test(
        "A residual block adds its input, or a shortcut of its own where size or channels change",
        arguments: [(4, [1, 1, 1]), (6, [1, 1, 1]), (4, [2, 1, 2])])
    func residual(outputs: Int, stride: [Int]) throws {
        let x = try input()
        let (store, block) = try made { try ResidualBlock($0, from: 4, to: outputs, stride: Size3(stride)!, norm: .affineInstance(scale: 1)) }
        func unit(_ x: Tensor, _ number: Int, stride: [Int] = [1, 1, 1], padding: [Int] = [1, 1, 1]) throws -> Tensor {
            try x.convolution3d(store["conv\(number).conv.weight"]!, stride: stride, padding: padding)
                .instanceNorm(weight: store["norm\(number).weight"]!, bias: store["norm\(number).bias"]!)
        }
        let hasShortcut = outputs != 4 || stride != [1, 1, 1]
        let padding = stride.map { (3 - $0 + 1) / 2 }
        let inner = try unit(unit(x, 1, stride: stride, padding: padding).leakyReLU(), 2)
        let shortcut = try hasShortcut ? unit(x, 3, stride: stride, padding: [0, 0, 0]) : x
        try expectEqual(block(x, .evaluation), (inner + shortcut).leakyReLU(), "residual")
        #expect((store["conv3.conv.weight"] != nil) == hasShortcut)
        let (plain, basic) = try made {
            try ResidualBlock($0, from: 4, to: outputs, stride: Size3(stride)!, norm: .affineInstance(scale: 1), isResidual: false)
        }
        try expectEqual(basic(x, .evaluation), inner.leakyReLU(), "two convolutions alone")
        #expect(plain["conv3.conv.weight"] == nil)
    }

    @Test("nnU-Net's residual block takes the mean of what a stride passes over, and starts as its shortcut")
    func nnUNetResidual() throws {
        let x = try input(), stride: Size3 = [2, 1, 2]
        let store = ParameterStore(dtype: .float64, generator: try Generator(seed: 4))
        let block = try ResidualBlock(nnUNet: store.root, from: 4, to: 6, kernel: [3, 3, 3], stride: stride)
        let pooled = try x.averagePooled(Array(stride))
        // The mean of voxels (0, 0, 0), (0, 0, 1), (1, 0, 0) and (1, 0, 1) of the first channel of [2, 3, 4].
        let values = try x.array(of: Double.self)
        #expect(abs(try pooled.array(of: Double.self)[0] - (values[0] + values[1] + values[12] + values[13]) / 4) < 1e-15)
        func shortcut() throws -> Tensor {
            try pooled.convolution3d(store["skip.1.conv.weight"]!).instanceNorm(weight: store["skip.1.norm.weight"]!, bias: store["skip.1.norm.bias"]!)
        }
        try expectEqual(block(x, .evaluation), shortcut().leakyReLU(), "as made")
        try store.fillByRule()
        func unit(_ x: Tensor, _ name: String, stride: [Int] = [1, 1, 1]) throws -> Tensor {
            try x.convolution3d(store["\(name).conv.weight"]!, bias: store["\(name).conv.bias"]!, stride: stride, padding: [1, 1, 1])
                .instanceNorm(weight: store["\(name).norm.weight"]!, bias: store["\(name).norm.bias"]!)
        }
        try expectEqual(
            block(x, .evaluation), (unit(unit(x, "conv1", stride: Array(stride)).leakyReLU(), "conv2") + shortcut()).leakyReLU(), "with the rule's weights")
    }

    @Test("A preactivation block normalizes and rectifies before each convolution and adds its input", arguments: [true, false])
    func preactivation(isTransBTS: Bool) throws {
        let x = try input()
        let (store, block) = try made {
            try isTransBTS ? PreactivationBlock(transBTS: $0, channels: 4, groups: 2) : PreactivationBlock($0, channels: 4, groups: 2)
        }
        func unit(_ x: Tensor, _ number: Int) throws -> Tensor {
            let norm = isTransBTS ? "bn\(number)" : "norm\(number)", conv = isTransBTS ? "conv\(number)" : "conv\(number).conv"
            return try x.groupNorm(2, weight: store["\(norm).weight"]!, bias: store["\(norm).bias"]!).relu()
                .convolution3d(store["\(conv).weight"]!, bias: store["\(conv).bias"], padding: [1, 1, 1])
        }
        try expectEqual(block(x, .evaluation), unit(unit(x, 1), 2) + x, "preactivation")
        #expect((store["conv1.bias"] != nil) == isTransBTS)
    }

    @Test("A MONAI convolution is followed by its normalization and its activation, and a transposed one fills up to the stride times the size")
    func monaiConvolution() throws {
        let x = try input()
        var settings = MONAIUNetConfiguration().unit(stride: [1, 2, 1])
        (settings.kernel, settings.norm) = ([3, 3, 1], .batch)
        let (store, block) = try made { try MONAIConvolution($0, from: 4, to: 3, settings) }
        let y = try x.convolution3d(store["conv.weight"]!, bias: store["conv.bias"]!, stride: [1, 2, 1], padding: [1, 1, 0])
        let normalized = try y.batchNorm(
            weight: store["adn.N.weight"]!, bias: store["adn.N.bias"]!, runningMean: store["adn.N.running_mean"]!, runningVariance: store["adn.N.running_var"]!,
            training: false)
        try expectEqual(block(x, .evaluation), normalized.parametricReLU(store["adn.A.weight"]!), "convolution")
        (settings.kernel, settings.stride, settings.isTransposed) = ([3, 3, 3], [2, 1, 2], true)
        (settings.norm, settings.activation) = (.instance, .leakyReLU(slope: 0.1))
        let (other, transposed) = try made { try MONAIConvolution($0, from: 4, to: 3, settings) }
        let raised = try x.transposedConvolution3d(
            other["conv.weight"]!, bias: other["conv.bias"]!, stride: [2, 1, 2], padding: [1, 1, 1], outputPadding: [1, 0, 1])
        #expect(raised.shape == [2, 3, 4, 3, 8])
        try expectEqual(transposed(x, .evaluation), raised.instanceNorm().leakyReLU(0.1), "transposed")
        let (bareStore, bare) = try made { try MONAIConvolution($0, from: 4, to: 3, settings.bare) }
        #expect(bareStore.entries.map(\.key) == ["conv.weight", "conv.bias"])
        try expectEqual(bare(x, .evaluation), raised, "nothing behind it")
    }

    @Test("An upsampling block joins what comes up with the skip")
    func upsampling() throws {
        let x = try input(), skip = try input([2, 3, 4, 3, 8], "skip")
        let (store, block) = try made { try UpsamplingBlock($0, from: 4, to: 3, stride: [2, 1, 2], bias: true) }
        let (inner, residual) = try made { try ResidualBlock($0 / "conv_block", from: 6, to: 3, norm: .instance) }
        #expect(inner.entries.map(\.key).allSatisfy { store[$0] != nil })
        let raised = try x.transposedConvolution3d(store["transp_conv.conv.weight"]!, bias: store["transp_conv.conv.bias"]!, stride: [2, 1, 2])
        try expectEqual(block(x, skip: skip, .evaluation), residual(Tensor.concatenated([raised, skip], axis: 1), .evaluation), "upsampling")
    }

    @Test("An attention gate weights the skip by a number between 0 and 1 for each voxel")
    func attentionGate() throws {
        let x = try input(), raised = try input(Self.volume, "raised")
        let (store, gate) = try made { try AttentionGate($0, channels: 4) }
        func map(_ x: Tensor, _ name: String) throws -> Tensor {
            try x.convolution3d(store["\(name).0.conv.weight"]!, bias: store["\(name).0.conv.bias"]!).batchNorm(
                weight: store["\(name).1.weight"]!, bias: store["\(name).1.bias"]!, runningMean: store["\(name).1.running_mean"]!,
                runningVariance: store["\(name).1.running_var"]!, training: false)
        }
        let weights = try map((map(raised, "W_g") + map(x, "W_x")).relu(), "psi").sigmoid()
        #expect(weights.shape == [2, 1, 2, 3, 4])
        try expectEqual(gate(x, gate: raised, .evaluation), x * weights, "gate")
    }

    @Test("Stochastic depth drops whole samples and keeps the mean, in training only")
    func droppedPath() throws {
        let x = try Tensor.ones([400, 2, 3])
        let pass = ForwardPass(training: true, generator: try Generator(seed: 7))
        let values = try pass.droppedPath(x, 0.25).array(of: Float.self)
        let samples = (0..<400).map { Array(values[(6 * $0)..<(6 * $0 + 6)]) }
        #expect(samples.allSatisfy { Set($0).count == 1 } && Set(values) == [0, Float(4) / 3])
        // Four standard deviations of a count: 4 · √(400 · 0.25 · 0.75) = 35. The seed is fixed.
        #expect(abs(samples.count { $0[0] == 0 } - 100) < 35)
        #expect(try ForwardPass.evaluation.droppedPath(x, 0.25) === x && pass.droppedPath(x, 0) === x)
        var whole = pass
        whole.dropout = false
        #expect(try whole.droppedPath(x, 0.25) === x)
    }

    @Test("Volumes of two slices are computed in full precision when training in half, others and those in use are not")
    func safePrecision() throws {
        let weight = try Tensor.ones([2, 2, 1, 1, 1])
        func type(depth: Int, training: Bool, _ precision: DType? = .bfloat16) throws -> DType {
            let x = try Tensor.ones([1, 2, depth, 4, 4])
            return try withAutocast(precision, on: .cpu) {
                try inSafePrecision(x, ForwardPass(training: training, mixedPrecision: precision), parameters: .float32) { try $0.convolution3d(weight) }.dtype
            }
        }
        #expect(try type(depth: 2, training: true) == .float32 && type(depth: 1, training: true) == .float32)
        #expect(try type(depth: 3, training: true) == .bfloat16 && type(depth: 2, training: false) == .bfloat16)
        #expect(try type(depth: 2, training: true, nil) == .float32)
    }

    @Test("Every head of a deformable attention begins with places of its own direction, 1, 2, 3 and 4 voxels away")
    func deformableStart() throws {
        let store = ParameterStore(dtype: .float64, generator: try Generator(seed: 3)), grids: [Size3] = [[2, 3, 4], [1, 2, 2]]
        let maps = try TokenMaps(grids: grids, dtype: .float64, device: .cpu)
        _ = try DeformableAttention(store.root, channels: 6, heads: 2, maps: maps)
        let offsets = try store["sampling_offsets.bias"]!.detached().array(of: Double.self)
        #expect(offsets.count == 2 * 2 * 4 * 3)
        for head in 0..<2 {
            let first = Array(offsets[(24 * head)..<(24 * head + 3)])
            #expect(abs(first.map(abs).max()! - 1) < 1e-15)
            for map in 0..<2 {
                for point in 0..<4 {
                    let place = 24 * head + 12 * map + 3 * point
                    for axis in 0..<3 { #expect(abs(offsets[place + axis] - Double(point + 1) * first[axis]) < 1e-14) }
                }
            }
        }
        // The heads look in opposite halves of the sphere.
        #expect(offsets[0] > 0 && offsets[24] < 0)
        // Centers of the voxels of both maps, in the order depth, column, row of the published code.
        let centers = try maps.centers.array(of: Double.self)
        #expect(centers.count == 3 * (24 + 4))
        // Token 5 of the first map is (0, 1, 1): (1 − 2) / 2, (2 · 1 + 1) / 4 − 1, (2 · 1 + 1) / 3 − 1.
        for (found, expected) in zip(centers[15..<18], [-0.5, -0.25, 0]) { #expect(abs(found - expected) < 1e-15) }
        for (found, expected) in zip(try maps.voxels.array(of: Double.self), [1, 0.5, 2.0 / 3, 2, 1, 1]) { #expect(abs(found - expected) < 1e-15) }
    }
}
