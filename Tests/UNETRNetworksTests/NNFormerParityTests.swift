import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch

/// nnFormer against its published code, which was run in float64.
@Suite(.serialized) struct NNFormerParityTests {
    @Test("All three outputs equal nnFormer's within three times its own float32 error, with the synapse settings", .enabled(if: runsLongTests))
    func outputs() throws {
        let manifest = try ParityManifest("nnformer")
        let network = try NNFormer(values: .unset)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network)
    }

    @Test(
        "Narrow networks of the other two variants equal nnFormer's: boxes with an odd number of slices, and two scans at once",
        arguments: [
            ("nnformer_acdc_narrow", NNFormerConfiguration.Variant.acdc), ("nnformer_tumor_narrow", .tumor),
        ])
    func variants(name: String, variant: NNFormerConfiguration.Variant) throws {
        let manifest = try ParityManifest(name)
        let network = try NNFormer(Self.narrow(variant), dtype: .float64, values: .unset)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network)
    }

    @Test(
        "The published settings give the published numbers of parameters",
        arguments: [
            (NNFormerConfiguration.Variant.synapse, 150_054_210), (.acdc, 37_197_072), (.tumor, 37_754_190),
        ])
    func sizes(variant: NNFormerConfiguration.Variant, parameters: Int) throws {
        #expect(try NNFormer(NNFormerConfiguration(variant), values: .unset).store.parameterCount == parameters)
    }

    static func narrow(_ variant: NNFormerConfiguration.Variant) -> NNFormerConfiguration {
        var configuration = NNFormerConfiguration(variant)
        configuration.embeddingSize = 24
        configuration.heads = [3, 6, 12, 24]
        switch variant {
        case .synapse: break
        case .acdc: configuration.classes = 3
        case .tumor: configuration.patchSize = [64, 64, 96]
        }
        return configuration
    }
}
