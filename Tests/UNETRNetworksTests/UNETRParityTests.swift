import ArchitectureTestSupport
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch

/// UNETR against MONAI 1.6.1, which was run in float64.
@Suite(.serialized) struct UNETRParityTests {
    @Test(
        "The output equals MONAI's within three times MONAI's own float32 error", .enabled(if: runsLongTests),
        arguments: [
            ("unetr", [96, 96, 96]), ("unetr_64x128x128", [64, 128, 128]),
        ] as [(String, Size3)])
    func outputs(name: String, patch: Size3) throws {
        let manifest = try ParityManifest(name)
        var configuration = UNETRConfiguration()
        configuration.patchSize = patch
        let network = try UNETR(configuration, values: .unset)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network)
    }

    @Test(
        "Narrow networks with 12 layers equal MONAI's, with either embedding, on two scans of two channels",
        arguments: [
            UNETRConfiguration.Embedding.perceptron, .convolution,
        ])
    func narrow(embedding: UNETRConfiguration.Embedding) throws {
        let manifest = try ParityManifest("unetr_narrow_\(embedding.rawValue)")
        var configuration = NarrowNetworks.unetr
        configuration.inputChannels = 2
        configuration.layers = 12
        configuration.embedding = embedding
        let network = try UNETR(configuration, dtype: .float64, values: .unset)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network)
    }
}
