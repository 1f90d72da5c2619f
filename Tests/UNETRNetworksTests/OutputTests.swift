import ArchitectureTestSupport
import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRLayers
import UNETRSupport
import UNETRTorch

@testable import UNETRArchitectures
@testable import UNETRNetworks

/// What networks that are described by name give, and what they drop in training.
@Suite struct OutputTests {
    /// What published networks hold and compute nothing from.
    private static let unused =
        ["norm_cross_attn", "vit.norm", "dummy_tensor", "linear_encoding", "pre_head_ln", "decoder_3.concat_linear", "decoder_3.layer_former"]
        + ["mlp", "mixffn1", "mixffn2", "mixffn3", "mixffn4"].flatMap { ["\($0).norm2", "\($0).norm3"] }

    @Test("Training runs: every output has the size it announces, and every parameter in use gets a gradient", arguments: NarrowNetworks.names)
    func outputs(name: String) throws {
        let description = NarrowNetworks.description(name)
        let network = try description.makeNetwork()
        let input = try Tensor.randn([2, description.inputChannels] + description.patchSize)
        let logits = try network(input, .training, deepSupervision: true)
        #expect(logits.map(\.shape) == description.outputSizes.map { [2, description.classes] + $0 })
        #expect(try network(input, .evaluation, deepSupervision: false).map(\.shape) == [[2, description.classes] + description.patchSize])
        var total = try logits[0].square().mean()
        for tensor in logits.dropFirst() { total = try total + tensor.square().mean() }
        try total.backward()
        let unused = network.store.entries.filter { $0.kind == .parameter && $0.aliasOf == nil && $0.tensor.gradient == nil }.map(\.key)
        #expect(unused.allSatisfy { key in Self.unused.contains { key.contains($0) } }, "\(unused)")
    }

    @Test("Stochastic depth drops whole samples with its probability and keeps the mean of the others' scale")
    func stochasticDepth() throws {
        try Runtime.seed(7)
        let ones = try Tensor.ones([1000, 2, 3])
        let values = try ForwardPass.training.droppedPath(ones, 0.2).array(of: Float.self)
        let samples = stride(from: 0, to: values.count, by: 6).map { Array(values[$0..<($0 + 6)]) }
        #expect(samples.allSatisfy { $0 == Array(repeating: 0, count: 6) || $0 == Array(repeating: 1.25, count: 6) })
        // 1000 draws: the deviation of the count is √(1000 · 0.2 · 0.8) = 12.6; five of them.
        #expect(abs(samples.filter { $0[0] == 0 }.count - 200) < 63)
        #expect(try ForwardPass.evaluation.droppedPath(ones, 0.2).array(of: Float.self) == ones.array(of: Float.self))
    }

    @Test(
        "What training drops follows its generator: equal seeds, equal outputs; evaluation draws nothing",
        arguments: NarrowNetworks.namesWithDropout)
    func dropout(name: String) throws {
        let description = NarrowNetworks.description(name + " dropping")
        let network = try description.makeNetwork(generator: Generator(seed: 1))
        // A layer scale of 1e-6 would hide what the attention drops.
        for entry in network.store.entries where entry.key.hasSuffix(".gamma") { try withoutGradients { try entry.tensor.fillInPlace(0.5) } }
        let input = try Tensor.randn([2, description.inputChannels] + description.patchSize)
        func run(training: Bool, seed: UInt64) throws -> [Float] {
            let pass = ForwardPass(training: training, generator: try Generator(seed: seed))
            return try withoutGradients { try network(input, pass, deepSupervision: false)[0].array(of: Float.self) }
        }
        #expect(try run(training: true, seed: 3) == run(training: true, seed: 3))
        #expect(try run(training: true, seed: 3) != run(training: true, seed: 4))
        #expect(try run(training: false, seed: 3) == run(training: false, seed: 4))
    }

    @Test(
        "Networks without dropout and batch statistics train as they evaluate, as published: nothing is dropped",
        arguments: ["nnunet", "nnunet-resenc", "stunet", "mednext", "dynunet", "missformer"])
    func nothingDropped(name: String) throws {
        let description = NarrowNetworks.description(name)
        let network = try description.makeNetwork(dtype: .float64, generator: Generator(seed: 1))
        let input = try Tensor.randn([2, description.inputChannels] + description.patchSize, .float64)
        func run(_ pass: ForwardPass) throws -> [Double] {
            try withoutGradients { try network(input, pass, deepSupervision: false)[0].array(of: Double.self) }
        }
        #expect(try run(.evaluation) == run(.training))
    }

    @Test("A block whose two branches are dropped leaves its sample as it is, and the two are dropped independently")
    func droppedBranches() throws {
        let store = ParameterStore(dtype: .float64, generator: try Generator(seed: 1))
        let block = try WindowTransformerBlock(
            store.root, channels: 4, .init(heads: 2, window: [2, 2, 2], pathDropout: 0.5))
        let windows = WindowGrid(grid: [2, 2, 2], window: [2, 2, 2], shift: [0, 0, 0])
        let samples = 400
        let x = try Tensor.randn([1, 2, 2, 2, 4], .float64).expanded([samples, 2, 2, 2, 4]).contiguous()
        let pass = ForwardPass(training: true, generator: try Generator(seed: 5))
        let y = try withoutGradients { try block(x, in: windows, pass).array(of: Double.self) }
        let outcomes = Dictionary(grouping: (0..<samples).map { Array(y[$0 * 32..<($0 + 1) * 32]) }, by: { $0.map { ($0 * 1e9).rounded() } })
        #expect(outcomes.count == 4, "attention or not, linear layers or not")
        // Each a quarter: the deviation of a count is √(400 · ¼ · ¾) = 8.7; five of them.
        #expect(outcomes.values.allSatisfy { abs($0.count - samples / 4) < 44 })
        let same = try x.narrowed(0, 0..<1).array(of: Double.self)
        #expect(outcomes.values.contains { $0[0] == same })
    }
}

/// Checkpoints of other versions.
@Suite struct PublishedKeyTests {
    @Test("An nnU-Net of version 1 fills the network, its missing biases being zero")
    func version1() throws {
        let description = NarrowNetworks.description("nnunet")
        let network = try description.makeNetwork()
        let names = [
            "encoder.stages.0.0.convs.0": "conv_blocks_context.0.blocks.0", "encoder.stages.0.0.convs.1": "conv_blocks_context.0.blocks.1",
            "encoder.stages.1.0.convs.0": "conv_blocks_context.1.blocks.0", "encoder.stages.1.0.convs.1": "conv_blocks_context.1.blocks.1",
            "encoder.stages.2.0.convs.0": "conv_blocks_context.2.0.blocks.0",
            "encoder.stages.2.0.convs.1": "conv_blocks_context.2.1.blocks.0",
            "decoder.stages.0.convs.0": "conv_blocks_localization.0.0.blocks.0",
            "decoder.stages.0.convs.1": "conv_blocks_localization.0.1.blocks.0",
            "decoder.stages.1.convs.0": "conv_blocks_localization.1.0.blocks.0",
            "decoder.stages.1.convs.1": "conv_blocks_localization.1.1.blocks.0",
            "decoder.transpconvs.0": "tu.0", "decoder.transpconvs.1": "tu.1",
            "decoder.seg_layers.0": "seg_outputs.0", "decoder.seg_layers.1": "seg_outputs.1",
        ]
        let old = try StateDictionary(
            network.store.entries.filter { $0.aliasOf == nil }.compactMap { entry in
                let place = try #require(names.keys.first { entry.key.hasPrefix($0 + ".") }, "\(entry.key)")
                let old = try #require(names[place]) + entry.key.dropFirst(place.count).replacing(".norm.", with: ".instnorm.")
                if old.hasSuffix(".bias"), old.hasPrefix("tu.") || old.hasPrefix("seg_outputs.") { return nil }
                return (old, try entry.tensor.detached().stored())
            })
        let other = try description.makeNetwork()
        try description.load(old, into: other)
        let input = try Tensor.randn([1, 1] + description.patchSize)
        // New biases are zero, as those that version 1 does not have.
        #expect(
            try network(input, .evaluation, deepSupervision: false)[0].array(of: Float.self)
                == other(input, .evaluation, deepSupervision: false)[0].array(of: Float.self))
    }

    @Test("What is loaded comes back under the network's keys, in its order, with or without second keys, and in the file's own types")
    func translation() throws {
        let description = NarrowNetworks.description("nnunet")
        let network = try description.makeNetwork()
        let state = try network.store.state(as: .float16)
        let checkpoint = try StateDictionary(
            state.entries.filter { $0.key.hasPrefix("decoder.s") || !$0.key.contains("all_modules") }
                .filter { !$0.key.hasPrefix("decoder.encoder.") }.reversed().map { ("module." + $0.key, $0.array) })
        let other = try description.makeNetwork()
        let all = try description.load(checkpoint, into: other)
        #expect(all.entries.map(\.key) == state.entries.map(\.key) && all.entries.map(\.array) == state.entries.map(\.array))
        let once = try description.load(checkpoint, into: other, aliases: false)
        #expect(once.entries.map(\.key) == network.store.entries.filter { $0.aliasOf == nil }.map(\.key))
    }

    @Test("A UNETR of older MONAI versions loads, with and without the attention to a second image")
    func olderUNETR() throws {
        let description = NarrowNetworks.description("unetr")
        let network = try description.makeNetwork()
        let state = try network.store.state()
        let extra = try Tensor.ones([4]).stored()
        let later = try StateDictionary(state.entries.map { ("module." + $0.key, $0.array) } + [("module.vit.blocks.0.cross_attn.to_q.weight", extra)])
        let earlier = try StateDictionary(state.entries.filter { !$0.key.contains("norm_cross_attn") })
        for checkpoint in [later, earlier] {
            let other = try description.makeNetwork()
            try description.load(checkpoint, into: other)
            #expect(try other.store.state().entries.map(\.array) == state.entries.map(\.array))
        }
        let damaged = try StateDictionary(state.entries.dropLast())
        #expect(throws: StateError.missing(["out.conv.conv.bias"])) { try description.load(damaged, into: network) }
    }

    @Test("Tensors with several keys load from a file that holds them once, and are refused where the copies differ")
    func aliases() throws {
        let description = NarrowNetworks.description("nnunet-resenc")
        let network = try description.makeNetwork()
        let once = try network.store.state(aliases: false), all = try network.store.state()
        #expect(once.entries.count < all.entries.count)
        let other = try description.makeNetwork()
        try other.store.load(once)
        #expect(try other.store.state().entries.map(\.array) == all.entries.map(\.array))
        let key = "decoder.encoder.stem.convs.0.conv.bias"
        let unequal = try StateDictionary(
            all.entries.map { entry in
                (entry.key, entry.key == key ? try Tensor.ones([4]).stored() : entry.array)
            })
        #expect(throws: StateError.unequalAliases(key: key, original: "encoder.stem.convs.0.conv.bias")) { try other.store.load(unequal) }
    }
}
