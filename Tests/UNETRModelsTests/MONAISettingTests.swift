import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

@testable import UNETRModels

/// Networks and transforms of MONAI, each by its arguments: what they become here, and the whole sentence where they cannot.
struct MONAISettingTests {
    /// The configuration of a file with those members, in JSON.
    private func with<Result>(_ members: String, _ body: (MONAIConfiguration) throws -> Result) throws -> Result {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "inference.json")
            try Data("{\(members)}".utf8).write(to: url)
            return try body(try MONAIConfiguration(url))
        }
    }

    /// What follows the file's path in the sentence of an error.
    private func problem(_ body: () throws -> Void) -> String? {
        let error = #expect(throws: ModelImportError.self) { try body() }
        guard case .setting(_, let place, let problem) = error else { return error?.description }
        return "\(place): \(problem)"
    }

    private func network(_ name: String, _ arguments: String) throws -> any NetworkConfiguration {
        try with(#""network_def": {"_target_": "\#(name)", "in_channels": 2, "out_channels": 3, \#(arguments)}"#) { configuration in
            try MONAINetwork(try #require(try configuration.member("network_def")), of: configuration, window: [32, 64, 96]).description.configuration
        }
    }

    // The defaults are those of MONAI 1.5.
    @Test func `SwinUNETR is read with MONAI's defaults and with arguments of its own`() throws {
        var expected = SwinUNETRConfiguration()
        (expected.inputChannels, expected.classes, expected.patchSize) = (2, 3, [32, 64, 96])
        (expected.featureSize, expected.depths, expected.heads, expected.window) = (24, [2, 2, 2, 2], [3, 6, 12, 24], 7)
        (expected.feedForwardRatio, expected.merging, expected.v2) = (4, .monai, false)
        (expected.dropout, expected.attentionDropout, expected.pathDropout) = (0, 0, 0)
        let usual = #""img_size": 96, "use_checkpoint": true, "norm_name": "instance", "patch_size": 2, "qkv_bias": true, "normalize": true"#
        #expect(try network("SwinUNETR", usual) as? SwinUNETRConfiguration == expected)
        (expected.featureSize, expected.depths, expected.heads, expected.window) = (48, [2, 4, 6, 2], [4, 8, 16, 32], 5)
        (expected.feedForwardRatio, expected.merging, expected.v2) = (2.5, .lexicographic, true)
        (expected.dropout, expected.attentionDropout, expected.pathDropout) = (0.1, 0.2, 0.3)
        let own = #"""
            "feature_size": 48, "depths": [2, 4, 6, 2], "num_heads": [4, 8, 16, 32], "window_size": [5, 5, 5], "mlp_ratio": 2.5, "downsample": "mergingv2",
            "use_v2": true, "drop_rate": 0.1, "attn_drop_rate": 0.2, "dropout_path_rate": 0.3, "patch_norm": false, "spatial_dims": 3
            """#
        #expect(try network("monai.networks.nets.SwinUNETR", own) as? SwinUNETRConfiguration == expected)
    }

    @Test(
        arguments: [
            ("SwinUNETR", #""window_size": [7, 7, 5]"#, "its window_size is [7, 7, 5], but one size for all axes is needed here"),
            ("SwinUNETR", #""downsample": "x""#, "its downsample is x, which is not known here; merging and mergingv2 are"),
            ("SwinUNETR", #""norm_name": "batch""#, "its norm_name is batch, which is not known here; instance or INSTANCE is"),
            ("SwinUNETR", #""patch_size": 4"#, "its patch_size is 4, which is not known here; 2 is"),
            ("SwinUNETR", #""qkv_bias": false"#, "its qkv_bias is false, which is not known here; true is"),
            ("SwinUNETR", #""normalize": false"#, "its normalize is false, which is not known here; true is"),
            ("SwinUNETR", #""patch_norm": true"#, "its patch_norm is true, which is not known here; false is"),
            ("SwinUNETR", #""use_hyena": true"#, "its use_hyena is true, which is not known here; false is"),
            ("SwinUNETR", #""depths": [2, 2.5]"#, "its depths is [2, 2.5], expected a list of whole numbers"),
            ("SwinUNETR", #""mlp_ratio": "4""#, "its mlp_ratio is 4, expected a number"),
            ("SwinUNETR", #""use_v2": 1"#, "its use_v2 is 1, expected true or false"),
            ("SwinUNETR", #""feature_size": 2.5"#, "its feature_size is 2.5, expected a whole number"),
            ("SwinUNETR", #""downsample": 2"#, "its downsample is 2, expected text"),
            ("SwinUNETR", #""window_size": "7""#, "its window_size is 7, expected a whole number, or three"),
            ("UNETR", #""hidden_size": 12"#, "it has no img_size"),
            ("UNETR", #""img_size": [32, 64, 96], "conv_block": false"#, "its conv_block is false, which is not known here; true is"),
            ("UNETR", #""img_size": [32, 64, 96], "res_block": false"#, "its res_block is false, which is not known here; true is"),
            ("UNet", #""channels": [4, 8]"#, "it has no channels or no strides"),
            ("UNet", #""channels": [4, 8], "strides": [2], "bias": false"#, "its bias is false, which is not known here; true is"),
            ("UNet", #""channels": [4, 8], "strides": [2], "adn_ordering": "ADN""#, "its adn_ordering is ADN, which is not known here; NDA is"),
            (
                "UNet", #""channels": [4, 8], "strides": [2], "act": ["prelu", {"init": 0.2}]"#,
                "its act is prelu with options, which is not known here; prelu is"
            ),
            ("UNet", #""channels": [4, 8], "strides": [2], "act": []"#, "its act is [], expected a name, or a name and options"),
            (
                "UNet", #""channels": [4, 8], "strides": [2], "norm": ["batch", {"eps": 0.1, "affine": true}]"#,
                "its norm is batch with eps, which is not known here; batch and instance are"
            ),
            ("UNet", #""channels": [4, 8], "strides": [[2, 2]]"#, "its strides is [[2, 2]], expected a list of whole numbers, or of three each"),
            ("UNet", #""channels": [4, 8], "strides": 2"#, "its strides is 2, expected a list of whole numbers, or of three each"),
            ("DynUNet", #""kernel_size": [3, 3]"#, "it has no kernel_size or no strides"),
            (
                "DynUNet", #""kernel_size": [3, 3], "strides": [2, 2], "upsample_kernel_size": [2]"#,
                "its first stride is [2, 2, 2], but only networks that begin at full resolution are known here"
            ),
            (
                "DynUNet", #""kernel_size": [3, 3], "strides": [1, 2], "upsample_kernel_size": [4]"#,
                "its upsample_kernel_size are not its strides but the first, which are the only ones known here"
            ),
            (
                "DynUNet", #""kernel_size": [3, 3], "strides": [1, 2], "upsample_kernel_size": [2], "act_name": ["leakyrelu", {"negative_slope": 0.1}]"#,
                "its act_name is leakyrelu, slope 0.1; leakyrelu with 0.01 is known here"
            ),
            (
                "DynUNet", #""kernel_size": [3, 3], "strides": [1, 2], "upsample_kernel_size": [2], "act_name": "relu""#,
                "its act_name is relu, slope 0.01; leakyrelu with 0.01 is known here"
            ),
            ("SegResNet", #""norm_name": "batch""#, "its norm is batch, but group is the only one that is known here"),
            (
                "SegResNet", #""norm": ["group", {"num_groups": 8, "affine": false}]"#,
                "its norm is group with affine, of which only num_groups is known here"
            ),
            ("SegResNet", #""use_conv_final": false"#, "its use_conv_final is false, which is not known here; true is"),
            ("SegResNet", #""surprise": {"a": 1}"#, "its argument surprise (an object) is not known here"),
            ("SegResNet", #""surprise": [1, 2, 3, 4, 5, 6, 7, 8, 9]"#, "its argument surprise (a list of 9) is not known here"),
        ] as [(String, String, String)])
    func `An argument that would make another network is refused`(_ name: String, _ arguments: String, _ expected: String) {
        #expect(problem { _ = try network(name, arguments) } == "network_def, \(name): \(expected)")
    }

    @Test func `A network without channels, and one of no known class, are told`() throws {
        func problem(_ value: String) -> String? {
            self.problem {
                try with(#""network_def": \#(value)"#) { configuration in
                    _ = try MONAINetwork(try #require(try configuration.member("network_def")), of: configuration, window: [32, 32, 32])
                }
            }
        }
        #expect(problem(#"{"_target_": "SegResNet", "in_channels": 1}"#) == "network_def, SegResNet: it has no in_channels or no out_channels")
        #expect(problem("[1]") == "network_def: it has no _target_")
        #expect(problem(#"{"in_channels": 1}"#) == "network_def: it has no _target_")
        #expect(
            problem(#"{"_target_": "VNet"}"#)?.hasSuffix(": its network VNet (of MONAI UNet, SegResNet, SwinUNETR, UNETR, DynUNet are) is not known here")
                == true)
    }

    @Test func `SegResNet's groups stand in either form, and DynUNet's outputs of deep supervision count`() throws {
        for arguments in [#""norm": ["GROUP", {"num_groups": 4}]"#, #""norm_name": "group", "num_groups": 4"#] {
            let network = try #require(try network("SegResNet", #""init_filters": 8, \#(arguments)"#) as? SegResNetConfiguration)
            #expect(network.groups == 4 && network.featureSize == 8 && network.depths == [1, 2, 2, 4] && network.decoderDepths == [1, 1, 1])
        }
        let base = #""kernel_size": [3, 3, 3], "strides": [1, 2, 2], "upsample_kernel_size": [2, 2], "act_name": ["LEAKYRELU", {"inplace": true}]"#
        let plain = try #require(try network("DynUNet", base) as? DynUNetConfiguration)
        #expect(plain.coarseOutputs == 0 && plain.features == [32, 64, 128] && plain.norm == .affineInstance && !plain.residual && !plain.upsamplingBias)
        let supervised = try #require(
            try network("DynUNet", base + #", "deep_supervision": true, "res_block": true, "trans_bias": true, "norm_name": "batch", "dropout": 0.5"#)
                as? DynUNetConfiguration)
        #expect(supervised.coarseOutputs == 1 && supervised.residual && supervised.upsamplingBias && supervised.norm == .batch)
    }

    // MARK: Preprocessing

    private static let load = #"{"_target_": "LoadImaged", "keys": "image", "ensure_channel_first": true}"#
    private static let spacing = #"{"_target_": "Spacingd", "keys": "image", "pixdim": [1, 2]}"#

    private func preprocessing(_ steps: [String], channels: Int = 1) throws -> MONAIPreprocessing {
        try with(#""preprocessing": [\#(steps.joined(separator: ", "))]"#) { configuration in
            try MONAIPreprocessing(try #require(try configuration.member("preprocessing")), of: configuration, channels: channels)
        }
    }

    @Test func `A spacing's last number stands for axes without one, and the reader of ITK is noted`() throws {
        let plain = try preprocessing([Self.load, Self.spacing])
        #expect(plain.spacing == [1, 2, 2] && plain.orientation == nil && plain.steps.isEmpty && plain.notes.isEmpty)
        let itk = try preprocessing([
            Self.load.replacing("}", with: #", "reader": "ITKReader"}"#), Self.spacing.replacing("[1, 2]", with: "0.5"),
            #"{"_target_": "NormalizeIntensityd", "keys": "image", "nonzero": true}"#,
        ])
        #expect(itk.spacing == [0.5, 0.5, 0.5] && itk.steps == [.standardize(onlyNonZero: true)])
        #expect(
            itk.notes == [
                "Scans are read as by nibabel, also where the bundle names ITKReader: where a NIfTI file's two affines differ, that of the sform counts."
            ])
        let turned = try preprocessing([Self.load, #"{"_target_": "OrientationD", "keys": ["image"], "as_closest_canonical": true}"#, Self.spacing])
        #expect(turned.orientation?.text == "RAS")
    }

    @Test(
        arguments: [
            ([load], "preprocessing: it has no Spacingd, but a plan needs a spacing; add one with the spacing of the scans that the model was trained on"),
            ([spacing], "preprocessing: it has no LoadImaged with EnsureChannelFirstd"), ([], "preprocessing: it has no LoadImaged with EnsureChannelFirstd"),
            (
                [load.replacing("}", with: #", "reader": "PILReader"}"#), spacing],
                "preprocessing, transform 0, LoadImaged: its reader PILReader is not known here; NibabelReader and ITKReader are"
            ),
            (
                [load, spacing, #"{"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"}"#],
                "preprocessing, transform 2, Orientationd: it comes after Spacingd or another Orientationd; turning comes first, and once"
            ),
            (
                [load, spacing, spacing],
                "preprocessing, transform 2, Spacingd: it comes after another Spacingd or after the intensities have been scaled; "
                    + "resampling comes before that, and once"
            ),
            (
                [load, spacing.replacing("[1, 2]", with: "[1, 0]")],
                "preprocessing, transform 1, Spacingd: its pixdim is [1, 0], expected a spacing in mm for each axis"
            ),
            (
                [load, spacing.replacing("[1, 2]", with: "[]")],
                "preprocessing, transform 1, Spacingd: its pixdim is [], expected a spacing in mm for each axis"
            ),
            ([load, spacing.replacing(#", "pixdim": [1, 2]"#, with: "")], "preprocessing, transform 1, Spacingd: it has no pixdim"),
            ([load.replacing(#""keys": "image", "#, with: "")], "preprocessing, transform 0, LoadImaged: it has no keys"),
            (
                [load.replacing("true", with: #"true, "dtype": "$torch.float16""#)],
                "preprocessing, transform 0, LoadImaged: its dtype is $torch.float16, but computing is done in float32 here"
            ),
        ] as [([String], String)])
    func `A preparation that cannot be repeated here is refused`(_ steps: [String], _ expected: String) {
        #expect(problem { _ = try preprocessing(steps) } == expected)
    }

    @Test func `Numbers over all channels together are refused where there are several`() throws {
        for name in ["ScaleIntensityd", "NormalizeIntensityd"] {
            let step = #"{"_target_": "\#(name)", "keys": "image"}"#, apart = step.replacing("}", with: #", "channel_wise": true}"#)
            #expect(
                problem { _ = try preprocessing([Self.load, Self.spacing, step], channels: 2) }
                    == "preprocessing, transform 2, \(name): it takes its numbers over all 2 channels together (channel_wise is false); "
                    + "here each channel has its own")
            #expect(try preprocessing([Self.load, Self.spacing, apart], channels: 2).steps.count == 1)
            #expect(try preprocessing([Self.load, Self.spacing, step], channels: 1).steps.count == 1)
        }
    }

    // MARK: Postprocessing

    private func postprocessing(_ cleaning: [String]) throws -> MONAIPostprocessing {
        let decide = #"{"_target_": "AsDiscreted", "keys": "pred", "argmax": true}"#
        let invert = #"{"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing"}"#
        let steps = cleaning.map { $0 == "invert" ? invert : #"{"_target_": "KeepLargestConnectedComponentd", "keys": "pred", \#($0)}"# }
        return try with(#""postprocessing": [\#(([decide] + steps).joined(separator: ", "))]"#) { configuration in
            try MONAIPostprocessing(
                try #require(try configuration.member("postprocessing")), of: configuration, preprocessing: ["preprocessing"], labels: [1, 2])
        }
    }

    @Test func `Two clean-ups are one with both sets, if they are of one kind`() throws {
        let one = #""applied_labels": [1], "connectivity": 1"#, two = #""applied_labels": [2], "connectivity": 1"#
        #expect(try postprocessing(["invert", two, one]).cleaning == PostProcessing(keepLargest: [[2], [1]], connectivity: .faces, grid: .scan))
        for steps in [[one, "invert", two], ["invert", one, two.replacing("1", with: "2")]] {
            let sentence = problem { _ = try postprocessing(steps) }
            #expect(
                sentence
                    == "postprocessing, transform 3, KeepLargestConnectedComponentd: it comes twice, with another connectivity or on both sides of Invertd")
        }
        #expect(
            problem { _ = try postprocessing([#""connectivity": 4"#]) }
                == "postprocessing, transform 1, KeepLargestConnectedComponentd: its connectivity is 4, expected 1, 2 or 3")
        #expect(
            problem { _ = try postprocessing([#""is_onehot": true"#]) }
                == "postprocessing, transform 1, KeepLargestConnectedComponentd: its is_onehot is true, which is not known here; false is")
    }
}
