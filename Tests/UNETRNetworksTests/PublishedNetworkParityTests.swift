import ArchitectureTestSupport
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch

/// The networks of `ReferenceNetworks` against their published code, which was run in float64.
@Suite(.serialized) struct PublishedNetworkParityTests {
    private static func network(_ manifest: ParityManifest, dtype: DType) throws -> any SegmentationNetwork {
        let patch = try #require(manifest.inputShape.flatMap { Size3($0.dropFirst(2)) })
        return try ReferenceNetworks.description(manifest.name, patch: patch).makeNetwork(dtype: dtype, values: .unset)
    }

    static let narrow = [
        "unet_monai_narrow", "unet_monai_plain_narrow", "segresnet_narrow", "swin_unetr_v2_narrow", "basic_unet_narrow", "attention_unet_narrow",
        "stunet_narrow", "mednext_narrow", "mednext_narrow_k5", "mednext_narrow_grn", "transbts_narrow", "setr3d_nup_narrow", "setr3d_pup_narrow",
        "setr3d_mla_narrow", "basic_unet_odd_narrow", "dynunet_plain_narrow", "dynunet_residual_narrow",
        "transunet3d_narrow", "cotr_narrow", "transunet_narrow", "swin_unet_narrow", "missformer_narrow",
    ]

    @Test("A narrow network equals the published one in float64, and in float32 within three times its own error", arguments: narrow)
    func narrowNetworks(name: String) throws {
        let manifest = try ParityManifest(name)
        let exact = try Self.network(manifest, dtype: .float64)
        manifest.expectState(of: exact.store)
        let isSoftMax = name.hasPrefix("transbts")
        try manifest.expectOutputs(of: exact, smallPositions: false, isSoftMax: isSoftMax)
        try manifest.expectOutputs(of: Self.network(manifest, dtype: .float32), smallPositions: false, isSoftMax: isSoftMax)
    }

    static let wide = [
        "unet_monai", "unet_monai_plain", "segresnet", "swin_unetr_v2", "basic_unet", "attention_unet", "stunet", "mednext_s_k3", "mednext_s_k5",
        "mednext_b_k3", "mednext_b_k5", "mednext_m_k3", "mednext_m_k5", "mednext_l_k3", "mednext_l_k5", "transbts", "setr3d_nup", "setr3d_pup",
        "setr3d_mla", "transunet3d", "cotr", "transunet", "swin_unet", "missformer",
    ]

    @Test(
        "A network of published width equals the published one within three times its own float32 error",
        arguments: runsLongTests ? wide : ["unet_monai", "unet_monai_plain", "swin_unet"])
    func publishedWidth(name: String) throws {
        let manifest = try ParityManifest(name)
        let network = try Self.network(manifest, dtype: .float32)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network, smallPositions: false, isSoftMax: name.hasPrefix("transbts"))
    }

    @Test("The state dict of every size has the published keys and shapes in their order", arguments: wide)
    func states(name: String) throws {
        let manifest = try ParityManifest(name)
        manifest.expectState(of: try Self.network(manifest, dtype: .float32).store)
    }

    @Test("Kernels of 3 become kernels of 5 as in the published code, whose resampled network gives the same")
    func upKern() throws {
        let manifest = try ParityManifest("mednext_upkern"), source = try ParityManifest("mednext_narrow")
        let small = try Self.network(source, dtype: .float64)
        try small.store.fillByRule()
        let large = try Self.network(manifest, dtype: .float64)
        manifest.expectState(of: large.store)
        let patch = try #require(manifest.inputShape.flatMap { Size3($0.dropFirst(2)) })
        let state = try ReferenceNetworks.description(manifest.name, patch: patch).weights(resamplingKernelsOf: small.store.state())
        for name in manifest.tensors.keys where name.hasPrefix("w.") {
            let probe = try manifest.probe(name), kernel = try #require(state[String(name.dropFirst(2))]).doubles()
            expectClose(probe.indices.map { kernel[$0] }, probe.values, within: 1e-11, name)
        }
        try large.store.load(state)
        try manifest.expectOutputs(of: large, filling: false)
    }

    @Test("Weights of a network of another width are not resampled")
    func otherWidth() throws {
        var small = MedNeXtConfiguration()
        (small.featureSize, small.patchSize) = (2, [16, 16, 16])
        var large = small
        (large.featureSize, large.kernel) = (4, 5)
        let state = try MedNeXt(small).store.state()
        let error = try #require(throws: StateError.self) { try NetworkDescription.medNeXt(large).weights(resamplingKernelsOf: state) }
        #expect(error == .shape(key: "stem.weight", found: [2, 1, 1, 1, 1], expected: [4, 1, 1, 1, 1]))
    }
}
