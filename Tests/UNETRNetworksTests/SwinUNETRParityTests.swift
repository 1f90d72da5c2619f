import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRNetworks
import UNETRTorch

/// Swin UNETR against MONAI 1.6.1, which was run in float64.
@Suite(.serialized) struct SwinUNETRParityTests {
    @Test("The output equals MONAI's within three times MONAI's own float32 error", .enabled(if: runsLongTests))
    func outputs() throws {
        let manifest = try ParityManifest("swin_unetr")
        let network = try SwinUNETR(values: .unset)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network)
    }

    @Test("A narrow network equals MONAI's on two scans whose sides differ, with windows cut short and windows shifted")
    func narrow() throws {
        let manifest = try ParityManifest("swin_unetr_narrow")
        let network = try SwinUNETR(Self.narrow, dtype: .float64, values: .unset)
        manifest.expectState(of: network.store)
        try manifest.expectOutputs(of: network)
    }

    @Test("An input whose sides are not divisible by 32 is refused with a sentence that says so")
    func refusal() throws {
        let network = try SwinUNETR(Self.narrow)
        let error = #expect(throws: InputShapeError.self) { try network(Tensor.zeros([1, 2, 32, 48, 32])) }
        #expect(error?.description.hasSuffix("with sizes divisible by 32") == true)
    }

    /// Small enough for tests of everything but the width; another patch than what the tests give it.
    static let narrow: SwinUNETRConfiguration = {
        var configuration = SwinUNETRConfiguration()
        configuration.inputChannels = 2
        configuration.classes = 3
        configuration.featureSize = 12
        configuration.heads = [3, 3, 6, 12]
        return configuration
    }()
}
