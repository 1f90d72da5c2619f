import Foundation
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch

/// Sizes that nobody published, small enough to run at once.
struct NarrowNetworkTests {
    private static let configurations: [UNETRPlusPlusConfiguration] = {
        var flat = UNETRPlusPlusConfiguration(.acdc)  // a flat crop, a stem of 1, three channels, which do not divide the width
        flat.inputChannels = 3
        flat.patchSize = [8, 16, 32]
        flat.stem = [1, 2, 4]
        flat.featureSize = 2
        flat.heads = 2  // heads of width 1 would have nothing to choose among
        flat.depths = [2, 1, 1, 1]
        flat.decoderDepth = 1
        flat.projectedTokens = [4, 5, 6, 3]
        flat.decoderProjectedTokens = 7
        var matrix = UNETRPlusPlusConfiguration(.tumor)  // sum of branches, one matrix, three heads
        matrix.patchSize = [16, 8, 8]
        matrix.stem = [2, 1, 1]
        matrix.featureSize = 3
        matrix.heads = 3
        matrix.depths = [1, 1, 1, 2]
        matrix.decoderDepth = 2
        matrix.projectedTokens = [4, 4, 4, 4]
        matrix.decoderProjectedTokens = 4
        var preserving = UNETRPlusPlusConfiguration(.synapse)
        preserving.classes = 3
        preserving.patchSize = [16, 16, 16]
        preserving.stem = [2, 2, 2]
        preserving.featureSize = 2
        preserving.heads = 2
        preserving.depths = [1, 1, 1, 1]
        preserving.decoderDepth = 1
        preserving.projectedTokens = [4, 4, 4, 4]
        preserving.decoderProjectedTokens = 4
        preserving.spatialOrder = .positionPreserving
        var single = preserving  // no coarse outputs
        single.deepSupervision = false
        return [flat, matrix, preserving, single]
    }()

    private func values(_ tensor: Tensor) throws -> [Double] { try tensor.detached().array(of: Double.self) }

    @Test("Outputs have the derived sizes, and the coarse ones are computed only on demand", arguments: configurations)
    func outputs(configuration: UNETRPlusPlusConfiguration) throws {
        let network = try UNETRPlusPlus(configuration)
        let input = try Tensor.randn([2, configuration.inputChannels] + configuration.patchSize)
        try withoutGradients {
            let logits = try network(input)
            #expect(logits.map(\.shape) == configuration.outputSizes.map { [2, configuration.classes] + $0 })
            let fine = try network(input, deepSupervision: false)
            #expect(fine.count == 1)
            #expect(try fine[0].bytes() == logits[0].bytes())
            #expect(try logits.allSatisfy { try Int($0.isFinite().sum().item()) == $0.count })
        }
    }

    @Test("Samples of a batch do not see each other in evaluation", arguments: configurations)
    func batches(configuration: UNETRPlusPlusConfiguration) throws {
        let network = try UNETRPlusPlus(configuration, dtype: .float64)
        let input = try Tensor.randn([2, configuration.inputChannels] + configuration.patchSize, .float64)
        try withoutGradients {
            let both = try values(network(input)[0].selected(0, 1))
            let alone = try values(network(input.narrowed(0, 1..<2))[0].selected(0, 0))
            // Float64 sums in another order: 1e-16 times the few hundred terms and the divisions by small deviations.
            #expect(zip(both, alone).allSatisfy { abs($0 - $1) < 1e-9 })
        }
    }

    @Test("Every parameter has a part in the outputs", arguments: configurations)
    func gradients(configuration: UNETRPlusPlusConfiguration) throws {
        let network = try UNETRPlusPlus(configuration, dtype: .float64)
        // A layer scale of 1e-6 would leave the attention's gradients in the rounding.
        for entry in network.store.entries where entry.key.hasSuffix(".gamma") { try withoutGradients { try entry.tensor.fillInPlace(0.5) } }
        let input = try Tensor.randn([1, configuration.inputChannels] + configuration.patchSize, .float64)
        let logits = try network(input)
        let weights = try logits.map { try Tensor.randn($0.shape, .float64) }
        try zip(logits, weights).map { try ($0 * $1).sum() }.dropFirst().reduce((logits[0] * weights[0]).sum()) { try $0 + $1 }.backward()
        for entry in network.store.entries where entry.kind == .parameter {
            let gradient = try #require(entry.tensor.gradient, "\(entry.key) has no gradient")
            // Shift of all keys by one number leaves a soft-max as it is, so a bias of a normalized input may have gradient 0; none does here.
            #expect(try values(gradient).contains { $0 != 0 }, "\(entry.key)")
        }
    }

    @Test("An input of another size is refused with the size expected")
    func wrongInput() throws {
        let network = try UNETRPlusPlus(Self.configurations[2])
        for shape in [[1, 1, 16, 16, 8], [1, 2, 16, 16, 16], [1, 16, 16, 16], [16]] {
            let error = try #require(throws: InputShapeError.self) { try network(Tensor.zeros(shape)) }
            #expect(error.found == shape && error.expected == [1, 16, 16, 16])
            #expect("\(error)".contains("the network's input is \(shape), expected [N, 1, 16, 16, 16]"))
        }
    }

    @Test("Evaluation leaves the network as it is; training records batch statistics")
    func statistics() throws {
        let network = try UNETRPlusPlus(Self.configurations[2])
        func buffers() throws -> [[UInt8]] { try network.store.entries.filter { $0.kind == .buffer }.map { try $0.tensor.bytes() } }
        let input = try Tensor.randn([2, 1, 16, 16, 16])
        let before = try buffers()
        try withoutGradients { _ = try network(input, .evaluation) }
        #expect(try buffers() == before)
        try withoutGradients { _ = try network(input, .training) }
        let after = try buffers()
        #expect(zip(before, after).allSatisfy { $0 != $1 })
    }

    @Test("A network takes its weights from another through a state dictionary and gives the same logits")
    func sameWeights() throws {
        let configuration = Self.configurations[0]
        let (one, other) = (try UNETRPlusPlus(configuration), try UNETRPlusPlus(configuration, values: .unset))
        try other.store.load(one.store.state())
        let input = try Tensor.randn([1, 3, 8, 16, 32])
        let (first, second) = try withoutGradients { (try one(input)[0], try other(input)[0]) }
        #expect(try first.bytes() == second.bytes())
    }

    @Test("Weights of a variant with other projections are refused with the reason")
    func otherProjections() throws {
        let shared = Self.configurations[2]
        var separate = shared
        separate.projection = .separate
        let state = try UNETRPlusPlus(separate).store.state()
        let error = try #require(throws: StateError.self) { try UNETRPlusPlus(shared).store.load(state) }
        guard case .unequalAliases(let key, let original) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(key == "unetr_pp_encoder.stages.0.0.epa_block.F.weight")
        #expect(original == "unetr_pp_encoder.stages.0.0.epa_block.E.weight")
    }
}
