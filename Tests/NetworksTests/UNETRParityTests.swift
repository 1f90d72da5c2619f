import Layers
import NetworkTestSupport
import Networks
import TestSupport
import Testing
import Torch

/// UNETR against MONAI 1.6.1, which was run in float64.
@Suite(.serialized) struct UNETRParityTests {
    @Test("The outputs equal MONAI's within three times MONAI's own float32 error", arguments: [
        ("unetr", [96, 96, 96]), ("unetr_64x128x128", [64, 128, 128]),
    ])
    func outputs(name: String, patch: [Int]) throws {
        let manifest = try ParityManifest(name)
        var configuration = UNETRConfiguration()
        configuration.patchSize = patch
        let network = try UNETR(configuration, values: .unset)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network)
    }

    @Test("An embedding by convolution computes what the one by perceptron does with the same weights in its own order")
    func embeddings() throws {
        var configuration = Self.narrow
        configuration.inputChannels = 2
        let perceptron = try UNETR(configuration, dtype: .float64, values: .unset)
        try perceptron.store.fillByRule()
        configuration.embedding = .convolution
        let convolution = try UNETR(configuration, dtype: .float64, values: .unset)
        try convolution.store.fillByRule()
        let key = "vit.patch_embedding.patch_embeddings"
        try withoutGradients {
            let weight = try #require(perceptron.store["\(key).1.weight"])  // [C, p · q · r · channel]
            try #require(convolution.store["\(key).weight"])
                .copyInPlace(weight.reshaped([12, 16, 16, 16, 2]).permuted([0, 4, 1, 2, 3]))
            try #require(convolution.store["\(key).bias"]).copyInPlace(#require(perceptron.store["\(key).1.bias"]))
            let input = try ParityManifest.input([1, 2, 32, 16, 32], dtype: .float64)
            // Two orders of one float64 sum of 8192 terms.
            expectClose(
                try convolution(input)[0].array(of: Double.self), try perceptron(input)[0].array(of: Double.self), within: 1e-12, "logits")
        }
    }

    /// Small enough for tests of everything but the width.
    static let narrow: UNETRConfiguration = {
        var configuration = UNETRConfiguration()
        configuration.classes = 3
        configuration.patchSize = [32, 16, 32]
        configuration.featureSize = 2
        configuration.hiddenSize = 12
        configuration.feedForwardSize = 16
        configuration.heads = 3
        configuration.layers = 4
        return configuration
    }()
}
