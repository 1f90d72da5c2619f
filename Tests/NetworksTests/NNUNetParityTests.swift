import Layers
import NetworkTestSupport
import Networks
import Testing
import Torch

/// nnU-Net's networks against its published code, which was run in float64.
@Suite(.serialized) struct NNUNetParityTests {
    @Test("All five outputs equal nnU-Net's within three times its own float32 error", arguments: [
        ("nnunet_plain", NNUNetConfiguration.Encoder.plain), ("nnunet_resenc", .residual),
    ])
    func outputs(name: String, encoder: NNUNetConfiguration.Encoder) throws {
        let manifest = try ParityManifest(name)
        let network = try NNUNet(Self.published(encoder), values: .unset)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network)
    }

    /// A plan for anisotropic scans.
    static func published(_ encoder: NNUNetConfiguration.Encoder) -> NNUNetConfiguration {
        var configuration = NNUNetConfiguration(encoder)
        configuration.patchSize = [48, 128, 128]
        configuration.kernels[0] = [1, 3, 3]
        configuration.strides[1] = [1, 2, 2]
        configuration.strides[5] = [1, 2, 2]
        configuration.supervisedOutputs = 5
        return configuration
    }
}
