import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch

/// nnU-Net's networks against its published code, which was run in float64.
@Suite(.serialized) struct NNUNetParityTests {
    @Test(
        "All five outputs equal nnU-Net's within three times its own float32 error", .enabled(if: runsLongTests),
        arguments: [
            ("nnunet_plain", NNUNetConfiguration.Encoder.plain), ("nnunet_resenc", .residual),
        ])
    func outputs(name: String, encoder: NNUNetConfiguration.Encoder) throws {
        let manifest = try ParityManifest(name)
        // A plan for anisotropic scans.
        var configuration = NNUNetConfiguration(encoder)
        configuration.patchSize = [48, 128, 128]
        configuration.kernels[0] = [1, 3, 3]
        configuration.strides[1] = [1, 2, 2]
        configuration.strides[5] = [1, 2, 2]
        configuration.supervisedOutputs = 5
        let network = try NNUNet(configuration, values: .unset)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network)
    }

    @Test(
        "Narrow networks of four uneven stages equal nnU-Net's on two scans of two channels",
        arguments: [("nnunet_plain_narrow", NNUNetConfiguration.Encoder.plain), ("nnunet_resenc_narrow", .residual)])
    func narrow(name: String, encoder: NNUNetConfiguration.Encoder) throws {
        let manifest = try ParityManifest(name)
        let network = try NNUNet(Self.narrow(encoder), dtype: .float64, values: .unset)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network)
    }

    static func narrow(_ encoder: NNUNetConfiguration.Encoder) -> NNUNetConfiguration {
        var configuration = NNUNetConfiguration(encoder)
        configuration.inputChannels = 2
        configuration.classes = 3
        configuration.patchSize = [16, 32, 32]
        configuration.features = [4, 6, 6, 8]
        configuration.kernels = [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]]
        configuration.strides = [[1, 1, 1], [1, 2, 2], [2, 2, 2], [1, 2, 2]]
        (configuration.depths, configuration.decoderDepths) = encoder == .plain ? ([2, 1, 2, 3], [1, 2, 2]) : ([1, 2, 2, 1], [1, 1, 2])
        configuration.supervisedOutputs = 3
        return configuration
    }
}
