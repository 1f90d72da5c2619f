import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch

/// Networks made in one line.
struct SimpleNetworkTests {
    @Test("One line makes the published network for Synapse")
    func published() throws {
        let network = try UNETRPlusPlus(inputChannels: 1, outputChannels: 14)
        #expect(network.configuration == UNETRPlusPlusConfiguration(.synapse))
        #expect(network.store.parameterCount == 42_952_850)
    }

    @Test(
        "The usual stems are those of the published networks, and shorter for small patches",
        arguments: [
            ([64, 128, 128], [2, 4, 4]), ([16, 160, 160], [1, 4, 4]), ([32, 192, 192], [1, 4, 4]), ([128, 128, 128], [4, 4, 4]),
            ([48, 64, 48], [2, 4, 2]), ([16, 16, 16], [1, 1, 1]), ([96, 96, 96], [4, 4, 4]),
        ] as [(Size3, Size3)])
    func stems(patch: Size3, stem: Size3) {
        #expect(Stem.usual(spacing: Stem.cubicSpacing(of: patch), scan: patch) == stem)
    }

    @Test("Any size divisible by 8 has a network, whose outputs are of that size")
    func sizes() throws {
        // 40 is divisible by 8, not by 16 · 2; 80 by 16, not by 32.
        let network = try UNETRPlusPlus(
            inputChannels: 2, outputChannels: 3, imageSize: [40, 16, 80], featureSize: 2, heads: 2, depths: [1, 1, 1, 1], seed: 1)
        #expect(network.configuration.stem == [1, 1, 2])
        let logits = try withoutGradients { try network(Tensor.zeros([1, 2, 40, 16, 80]), deepSupervision: false) }
        #expect(logits.map(\.shape) == [[1, 3, 40, 16, 80]])
        let again = try UNETRPlusPlus(
            inputChannels: 2, outputChannels: 3, imageSize: [40, 16, 80], featureSize: 2, heads: 2, depths: [1, 1, 1, 1], seed: 1)
        #expect(try again.store.state().entries.map(\.array) == network.store.state().entries.map(\.array))
    }

    @Test(
        "Sizes and channels that no network has are refused by name",
        arguments: [
            ([60, 64, 64], 1, 3, "patchSize"), ([64, 64, 64], 0, 3, "inputChannels"), ([64, 64, 64], 1, 1, "classes"),
        ] as [(Size3, Int, Int, String)])
    func refusals(size: Size3, inputs: Int, outputs: Int, field: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try UNETRPlusPlus(inputChannels: inputs, outputChannels: outputs, imageSize: size)
        }
        #expect(error?.field == field)
    }
}
