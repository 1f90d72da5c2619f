import Foundation
import TestSupport
import Testing
import UNETRPlanning

/// Plans of nnU-Net v2: what they say about preparation and prediction is taken over, or refused by name.
@Suite struct ImportedPlanTests {
    /// A plan with these members in its configuration, and the data set's description beside it.
    private func importing<Result>(_ members: String, schemes: String = #"["ZScoreNormalization"]"#, _ body: (URL) throws -> Result) throws -> Result {
        try Fixtures.withTemporaryFolder { folder in
            try Data(#"{"channel_names": {"0": "MRI"}, "labels": {"background": 0, "a": 1}, "file_ending": ".nii.gz"}"#.utf8)
                .write(to: folder.appending(path: "dataset.json"))
            let url = folder.appending(path: "plans.json")
            try Data(
                """
                {"dataset_name": "D", "transpose_forward": [0, 1, 2], "configurations": {"3d_fullres": {"spacing": [1, 1, 1],
                 "patch_size": [32, 32, 32], "batch_size": 2, "normalization_schemes": \(schemes), "use_mask_for_norm": [true]\(members)}}}
                """.utf8
            ).write(to: url)
            return try body(url)
        }
    }

    private static let torch = "\"resampling_fn_data\": \"resample_torch_fornnunet\", \"resampling_fn_probabilities\": \"resample_torch_fornnunet\""
    private static let modern = "\"resampling_fn_data\": \"resample_data_or_seg_to_shape\", \"resampling_fn_probabilities\": \"resample_data_or_seg_to_shape\""

    @Test(arguments: [
        ("", Compatibility.nnUNetV2),
        (#", \#(modern), "resampling_fn_data_kwargs": {"is_seg": false, "order": 3, "order_z": 0, "force_separate_z": null}"#, .nnUNetV2),
        (", \(torch)", .nnUNetV2LinearBySlices),
        (
            #", \#(torch), "resampling_fn_data_kwargs": {"force_separate_z": false}, "resampling_fn_probabilities_kwargs": {"force_separate_z": false}"#,
            .nnUNetV2Linear
        ),
    ])
    func `The way of resampling is the plan's`(members: String, expected: Compatibility) throws {
        let plan = try importing(members) { try Plan(importingV2: $0) }
        #expect(plan.compatibility == expected)
    }

    @Test(arguments: [
        (#", \#(modern), "resampling_fn_data_kwargs": {"order": 2}"#, "its resampling_fn_data is resample_data_or_seg_to_shape with order 2"),
        (
            #", \#(modern), "resampling_fn_probabilities_kwargs": {"order": 1, "force_separate_z": true}"#,
            "its resampling_fn_probabilities is resample_data_or_seg_to_shape with force_separate_z true"
        ),
        (#", \#(torch), "resampling_fn_data_kwargs": {"mode": "nearest"}"#, #"with mode "nearest", which is not known here"#),
        (#", \#(torch), "resampling_fn_data_kwargs": {"force_separate_z": false}"#, "treat a coarse axis differently"),
        (
            #", "resampling_fn_data": "no_resampling_data_or_seg_to_shape""#,
            "its resampling_fn_data is no_resampling_data_or_seg_to_shape and its resampling_fn_probabilities resample_data_or_seg_to_shape; known here are"
        ),
        (#", "preprocessor_name": "MyPreprocessor""#, "is prepared by MyPreprocessor, which is not known here"),
    ])
    func `Other ways are refused by name`(members: String, expected: String) throws {
        try importing(members) { url in
            let error = try #require(throws: PlanError.self) { try Plan(importingV2: url) }
            #expect(error.description.contains(expected), "\(error)")
        }
    }

    @Test(arguments: [
        ("ZScoreNormalization", IntensityNormalization.Scheme.zScore, true), ("NoNormalization", .noNorm, false),
        ("RescaleTo01Normalization", .rescaleTo01, false), ("RGBTo01Normalization", .rgbTo01, false),
    ])
    func `Normalizations have their names, and only the z-score its mask`(name: String, scheme: IntensityNormalization.Scheme, useMask: Bool) throws {
        let plan = try importing("", schemes: "[\"\(name)\"]") { try Plan(importingV2: $0) }
        #expect(plan.normalization == [IntensityNormalization(scheme: scheme, useMask: useMask)])
    }

    @Test func `Mirrored axes are the caller's, and what is averaged survives the file`() throws {
        try importing("") { url in
            let plan = try Plan(importingV2: url, mirrorAxes: [0, 1])
            #expect(plan.inference.mirrorAxes == [0, 1] && plan.inference.aggregation == .logits)
            let copy = url.deletingLastPathComponent().appending(path: "plan.json")
            try plan.write(to: copy)
            #expect(try Plan(contentsOf: copy) == plan)
        }
        // A file of before the field averages probabilities.
        let settings = try JSONDecoder().decode(InferenceSettings.self, from: Data(#"{"mirrorAxes": [], "stepFraction": 0.5}"#.utf8))
        #expect(settings.aggregation == .probabilities)
    }
}
