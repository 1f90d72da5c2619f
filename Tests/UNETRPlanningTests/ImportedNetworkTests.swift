import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRSupport

/// The networks that plans of nnU-Net describe.
struct ImportedNetworkTests {
    /// A plan of nnU-Net v2 with one more part in its configuration.
    private func network(_ part: String, planned: (Plan) throws -> Plan = { $0 }) throws -> NetworkDescription {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("plans.json")
            try Data(
                """
                {"dataset_name": "Dataset001_X", "transpose_forward": [0, 1, 2], "configurations": {"3d_fullres": {
                   "batch_size": 2, "patch_size": [16, 48, 48], "spacing": [3.0, 1.0, 1.0],
                   "normalization_schemes": ["ZScoreNormalization"], "use_mask_for_norm": [false], \(part)}}}
                """.utf8
            ).write(to: url)
            try Data(#"{"channel_names": {"0": "MRI"}, "labels": {"background": 0, "x": 1, "y": 2}, "file_ending": ".nii.gz"}"#.utf8)
                .write(to: folder.appendingPathComponent("dataset.json"))
            return try planned(Plan(importingV2: url)).networkDescription()
        }
    }

    private func expected(_ encoder: NNUNetConfiguration.Encoder) -> NNUNetConfiguration {
        var configuration = NNUNetConfiguration(encoder)
        configuration.classes = 3
        configuration.patchSize = [16, 48, 48]
        configuration.features = [24, 48, 96]
        configuration.kernels = [[1, 3, 3], [3, 3, 3], [3, 3, 3]]
        configuration.strides = [[1, 1, 1], [1, 2, 2], [2, 2, 2]]
        configuration.depths = [1, 3, 4]
        configuration.decoderDepths = [1, 2]
        configuration.supervisedOutputs = 1
        return configuration
    }

    private static let shape = #""kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]], "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]]"#

    @Test(
        "The U-Net of a plans.json is taken as it stands, with either encoder",
        arguments: [
            ("PlainConvUNet", "n_conv_per_stage", NNUNetConfiguration.Encoder.plain), ("ResidualEncoderUNet", "n_blocks_per_stage", .residual),
        ])
    func version2(name: String, depths: String, encoder: NNUNetConfiguration.Encoder) throws {
        let part = """
            "architecture": {"network_class_name": "dynamic_network_architectures.architectures.unet.\(name)", "arch_kwargs": {
              "n_stages": 3, "features_per_stage": [24, 48, 96], "conv_op": "torch.nn.modules.conv.Conv3d", \(Self.shape),
              "\(depths)": [1, 3, 4], "n_conv_per_stage_decoder": [1, 2], "conv_bias": true}}
            """
        #expect(try network(part) == .nnUNet(expected(encoder)))
        // Asked for by name it stays what the plan says; another architecture replaces it.
        let same = try network(part) { try $0.with(architecture: encoder == .plain ? .nnUNet : .nnUNetResidual) }
        #expect(same == .nnUNet(expected(encoder)))
        let other = try network(part) { try $0.with(architecture: .unetr) }
        #expect(other.architecture == .unetr)
    }

    @Test("So is that of releases before 2.4, which count the channels from the first stage on")
    func earlierVersion2() throws {
        let part = """
            "UNet_class_name": "PlainConvUNet", "UNet_base_num_features": 24, "unet_max_num_features": 80,
            "n_conv_per_stage_encoder": [1, 3, 4], "n_conv_per_stage_decoder": [1, 2],
            "pool_op_kernel_sizes": [[1, 1, 1], [1, 2, 2], [2, 2, 2]], "conv_kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]]
            """
        var configuration = expected(.plain)
        configuration.features = [24, 48, 80]
        #expect(try network(part) == .nnUNet(configuration))
    }

    // v1_unet_plans.pkl: v1_plans.pkl with the poolings and kernels that nnU-Net v1 writes for such a patch, pickled by Python 3.11.
    @Test("The U-Net of a plans.pkl is taken as it stands; where it is not all there, there is none")
    func version1() throws {
        let plan = try Plan(importingV1: Fixtures.url("preparation/plans/v1_unet_plans.pkl"))
        var configuration = NNUNetConfiguration(.plain)
        configuration.classes = 3
        configuration.patchSize = [64, 192, 160]
        configuration.kernels[0] = [1, 3, 3]
        configuration.strides[1] = [1, 2, 2]
        #expect(try plan.networkDescription() == .nnUNet(configuration))
        #expect(try Plan(importingV1: Fixtures.url("preparation/plans/v1_plans.pkl")).network == nil)
    }

    @Test(
        "A plan with another network, or with sizes that do not fit, gives no U-Net; asked for, nnU-Net's rule makes one",
        arguments: [
            #""architecture": {"network_class_name": "mine.MyNet", "arch_kwargs": {}}"#,
            #""architecture": {"network_class_name": "x.PlainConvUNet", "arch_kwargs": {"strides": [], "kernel_sizes": []}}"#,
            #""architecture": {"network_class_name": "x.PlainConvUNet", "arch_kwargs": {"strides": 7}}"#,
        ])
    func others(part: String) throws {
        var own: NetworkDescription?
        let usual = try network(part) { plan in
            own = plan.network
            return try plan.with(architecture: .nnUNet)
        }
        #expect(own == nil)
        #expect(usual.architecture == .nnUNet)
    }

    @Test("Strides that do not divide the patch are refused by name")
    func impossible() throws {
        let part = """
            "architecture": {"network_class_name": "x.PlainConvUNet", "arch_kwargs": {"features_per_stage": [8, 8],
              "kernel_sizes": [[3, 3, 3], [3, 3, 3]], "strides": [[1, 1, 1], [5, 5, 5]], "n_conv_per_stage": 2, "n_conv_per_stage_decoder": 2}}
            """
        let error = #expect(throws: ConfigurationError.self) { try network(part) }
        #expect(error?.field == "patchSize")
    }
}
