import ArchitectureTestSupport
import Foundation
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch

/// Weights of a network as a start for the same network on other data.
struct WeightTransferTests {
    /// A network of a description with random weights, and its state.
    private static func model(_ description: NetworkDescription) throws -> (network: any SegmentationNetwork, state: StateDictionary) {
        let network = try description.makeNetwork(generator: Generator(seed: 3))
        return (network, try network.store.state(aliases: false))
    }

    private static func network(_ description: NetworkDescription, _ state: StateDictionary) throws -> any SegmentationNetwork {
        let network = try description.makeNetwork(values: .unset)
        try network.store.load(state)
        return network
    }

    private static func logits(_ network: any SegmentationNetwork, _ input: Tensor) throws -> Tensor {
        try withoutGradients { try network(input, .evaluation, deepSupervision: false)[0] }
    }

    private static func input(_ description: NetworkDescription) throws -> Tensor {
        let shape = [1, description.inputChannels] + description.patchSize
        return try Tensor((0..<shape.reduce(1, *)).map { Float(sin(0.37 * Double($0))) }, shape: shape)
    }

    private static func difference(_ one: Tensor, _ other: Tensor) throws -> Double {
        let (a, b) = (try one.contiguous().array(of: Float.self), try other.contiguous().array(of: Float.self))
        let largest = b.reduce(Float(1e-3)) { max($0, abs($1)) }
        return zip(a, b).reduce(0) { max($0, Double(abs($1.0 - $1.1) / largest)) }
    }

    @Test(arguments: NarrowNetworks.names) func `For the same data nothing changes, and nothing is told`(name: String) throws {
        let description = NarrowNetworks.description(name), (_, state) = try Self.model(description)
        let result = try WeightTransfer(from: description, to: description, outputs: Array(0..<description.classes))
            .apply(to: state, generator: Generator(seed: 9))
        #expect(result.state.entries.map(\.key) == state.entries.map(\.key) && result.notes.isEmpty, "\(result.notes)")
        for (one, other) in zip(result.state.entries, state.entries) { #expect(one.array == other.array, "\(one.key)") }
    }

    @Test(arguments: NarrowNetworks.names) func `More channels give the same logits where all are equal`(name: String) throws {
        let old = NarrowNetworks.description(name)
        // Powers of two, so that the scaling is exact. A residual block from as many channels as it makes has no convolution beside it: two in this UNETR.
        let times = name == "unetr" ? 4 : 2
        let new = old.adapted(inputChannels: times * old.inputChannels, classes: old.classes, patchSize: old.patchSize)
        let (network, state) = try Self.model(old)
        let result = try WeightTransfer(from: old, to: new, outputs: Array(0..<old.classes)).apply(to: state, generator: Generator(seed: 9))
        #expect(result.notes.first?.contains("for \(old.inputChannels) channels are repeated and scaled for \(new.inputChannels)") == true, "\(result.notes)")
        let input = try Self.input(old)
        let found = try Self.logits(Self.network(new, result.state), Tensor.concatenated(Array(repeating: input, count: times), axis: 1))
        // Sums of float32 in another order, through some tens of layers with normalizations.
        let difference = try Self.difference(found, Self.logits(network, input))
        #expect(difference < 5e-3, "\(difference)")
    }

    @Test func `Fewer channels get the mean, scaled to the same sum`() throws {
        var configuration = NNUNetConfiguration()
        (configuration.inputChannels, configuration.classes, configuration.patchSize) = (4, 2, [8, 8, 8])
        (configuration.features, configuration.depths, configuration.decoderDepths) = ([4, 8], [1, 1], [1])
        (configuration.kernels, configuration.strides) = ([[3, 3, 3], [3, 3, 3]], [[1, 1, 1], [2, 2, 2]])
        configuration.supervisedOutputs = 1
        let old = NetworkDescription(configuration), new = old.adapted(inputChannels: 3, classes: 2, patchSize: [8, 8, 8])
        let (_, state) = try Self.model(old)
        let result = try WeightTransfer(from: old, to: new, outputs: [0, 1]).apply(to: state, generator: Generator(seed: 9))
        let key = "encoder.stages.0.0.convs.0.conv.weight"
        let before = try Tensor.from(#require(state[key])), after = try Tensor.from(#require(result.state[key]))
        #expect(after.shape == [4, 3, 3, 3, 3])
        #expect(try Self.difference(after.sum([1]), before.sum([1])) < 1e-6)
        #expect(try Self.difference(after.selected(1, 0), after.selected(1, 2)) == 0)
        #expect(result.notes == ["1 tensor (\(key)) for 4 channels are averaged and scaled for 3"])
    }

    @Test(arguments: NarrowNetworks.names.filter { $0 != "monai-unet" })
    func `Outputs that go on give the same logits in their new places`(name: String) throws {
        let old = NarrowNetworks.description(name)
        let new = old.adapted(inputChannels: old.inputChannels, classes: old.classes + 1, patchSize: old.patchSize)
        let (network, state) = try Self.model(old)
        let outputs: [Int?] = [old.classes - 1, nil] + (0..<(old.classes - 1)).map { $0 }
        let result = try WeightTransfer(from: old, to: new, outputs: outputs).apply(to: state, generator: Generator(seed: 9))
        #expect(result.notes.isEmpty, "\(result.notes)")
        let input = try Self.input(old)
        let (found, expected) = (try Self.logits(Self.network(new, result.state), input), try Self.logits(network, input))
        for (place, former) in outputs.enumerated() {
            guard let former else { continue }
            #expect(try Self.difference(found.selected(1, place), expected.selected(1, former)) < 1e-4, "output \(place)")
        }
    }

    @Test func `MONAI's U-Net ends with convolutions from classes to classes, which begin anew and are told`() throws {
        let old = NarrowNetworks.description("monai-unet")
        let new = old.adapted(inputChannels: old.inputChannels, classes: old.classes + 1, patchSize: old.patchSize)
        let result = try WeightTransfer(from: old, to: new, outputs: [0, 1, 2, nil]).apply(to: Self.model(old).state, generator: Generator(seed: 9))
        #expect(result.notes.count == 1 && result.notes[0].hasSuffix("of another shape are drawn anew"), "\(result.notes)")
    }

    @Test func `Positions are interpolated on the grid of tokens, projections keep their sum over it`() throws {
        let old = NarrowNetworks.description("unetr-plus-plus"), new = old.adapted(inputChannels: 1, classes: 3, patchSize: [32, 32, 32])
        #expect(new.patchSize == [32, 32, 32])
        let (_, state) = try Self.model(old)
        // Positions that count the slices, projections of ones: of twice as many tokens each then has half the weight.
        let prepared = try StateDictionary(
            state.entries.map { key, array in
                let shape = array.shape
                if key == "unetr_pp_encoder.stages.0.0.pos_embed" {
                    let slice = shape[1] / 8
                    return (key, StoredArray((0..<shape[1]).flatMap { Array(repeating: Float($0 / slice), count: shape[2]) }, shape: shape))
                }
                if key == "unetr_pp_encoder.stages.0.0.epa_block.E.weight" {
                    return (key, StoredArray([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape))
                }
                return (key, array)
            })
        let result = try WeightTransfer(from: old, to: new, outputs: [0, 1, 2]).apply(to: prepared, generator: Generator(seed: 9))
        #expect(
            result.notes.count == 1 && result.notes[0].contains("for the tokens of a patch of \(old.patchSize) are interpolated to those of \(new.patchSize)"),
            "\(result.notes)")
        let positions = try #require(result.state["unetr_pp_encoder.stages.0.0.pos_embed"])
        let first = stride(from: 0, to: positions.shape[1] * positions.shape[2], by: positions.shape[1] / 16 * positions.shape[2]).map {
            positions.floats()[$0]
        }
        #expect(first.prefix(5) == [0, 0.25, 0.75, 1.25, 1.75] && first.last == 7)
        let projection = try #require(result.state["unetr_pp_encoder.stages.0.0.epa_block.E.weight"])
        #expect(projection.shape[1] == 2 * prepared["unetr_pp_encoder.stages.0.0.epa_block.E.weight"]!.shape[1])
        #expect(Set(projection.floats()) == [0.5])
        _ = try Self.network(new, result.state)
    }

    @Test(arguments: NarrowNetworks.names) func `The encoder's stages are in the network, apart, and hold no head`(name: String) throws {
        let description = NarrowNetworks.description(name), configuration = description.configuration
        let store = try description.makeNetwork(values: .unset).store
        let keys = store.entries.filter { $0.kind == .parameter && $0.aliasOf == nil }.map(\.key)
        let prefixes = configuration.encoderStages.flatMap { $0 }
        for stage in configuration.encoderStages.indices { #expect(keys.contains { configuration.encoderStage(of: $0) == stage }, "stage \(stage)") }
        for key in keys { #expect(prefixes.count { key == $0 || key.hasPrefix("\($0).") } <= 1, "\(key)") }
        func changed(_ other: NetworkDescription) throws -> [String] {
            let shapes = try other.makeNetwork(values: .unset).store
            return keys.filter { shapes[$0]?.shape != store[$0]?.shape }
        }
        let heads = try changed(
            description.adapted(inputChannels: description.inputChannels, classes: description.classes + 1, patchSize: description.patchSize))
        #expect(!heads.isEmpty && heads.allSatisfy { configuration.encoderStage(of: $0) == nil }, "\(heads)")
        let stems = try changed(
            description.adapted(inputChannels: description.inputChannels + 3, classes: description.classes, patchSize: description.patchSize))
        #expect(!stems.isEmpty && stems.contains { configuration.encoderStage(of: $0) == 0 }, "\(stems)")
        #expect(stems.allSatisfy { configuration.encoderStage(of: $0) ?? 0 == 0 }, "\(stems)")
    }

    @Test(arguments: NarrowNetworks.names) func `A network is adapted to a patch that it takes, and stays as wide`(name: String) throws {
        let old = NarrowNetworks.description(name), asked = Size3(old.patchSize.depth == 1 ? 1 : 33, 47, 70)
        let new = old.adapted(inputChannels: 1, classes: 2, patchSize: asked)
        try new.configuration.validate()
        #expect(zip(new.patchSize, asked).allSatisfy { $0 >= $1 && $0 < $1 + 64 }, "\(new.patchSize)")
        #expect(new.classes == 2 && new.adapted(inputChannels: old.inputChannels, classes: old.classes, patchSize: old.patchSize) == old)
    }
}
