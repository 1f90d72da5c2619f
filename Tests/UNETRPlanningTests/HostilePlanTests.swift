import Foundation
import TestSupport
import Testing
import UNETRVolumes

@testable import UNETRPlanning

/// Numbers in plans that would leave every integer's range.
@Suite struct HostilePlanTests {
    private static let plan = PlanTests.text

    private func problem(_ field: String, _ value: String) throws -> String {
        let pattern = "\"\(field)\": "
        let start = try #require(Self.plan.range(of: pattern)).upperBound
        // The value ends where the next field or the plan does.
        let rest = Self.plan[start...]
        let end = rest.hasPrefix("[") ? rest.index(after: rest.firstIndex(of: "]")!) : rest.firstIndex { $0 == "," || $0 == "}" }!
        let text = Self.plan.replacingCharacters(in: start..<end, with: value)
        return try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "plan.json")
            try Data(text.utf8).write(to: url)
            return try #require(throws: PlanError.self) { try Plan(contentsOf: url) }.description
        }
    }

    @Test(arguments: [
        ("targetSpacing", "[1, 1e-300, 1]", "targetSpacing is [1.0, 1e-300, 1.0], but each number must be from 0.0001 to 1000.0 mm"),
        ("targetSpacing", "[1, 1, 1e300]", "each number must be from 0.0001 to 1000.0 mm"),
        ("patchSize", "[4096, 4096, 4096]", "all together may be at most 2²⁷ voxels"),
        ("patchSize", "[48, 64, 1e300]", "patchSize[2] is 1e+300, but a whole number is expected"),
        ("patchSize", "[48, 64.5, 48]", "patchSize[1] is 64.5, but a whole number is expected"),
        ("batchSize", "1099511627776", "batchSize is 1099511627776, but must be from 1 to 4096"),
        ("stepFraction", "1e-300", "stepFraction is 1e-300, but must be from 0.01 to 1.0"),
        ("values", "[9223372036854775807]", "first label must be the background"),
    ])
    func `A plan's numbers have ranges`(_ field: String, _ value: String, _ expected: String) throws {
        #expect(try problem(field, value).contains(expected))
    }

    @Test func `Statistics beyond float32 are refused whatever the scheme`() throws {
        let plan = try JSONDecoder().decode(Plan.self, from: Data(Self.plan.utf8))
        for (change, expected) in [
            ({ $0.mean = 1e300 }, "-1e30 to 1e30"), ({ $0.standardDeviation = 1e-300 }, "at least 1e-30"), ({ $0.median = .nan }, "finite numbers"),
        ] as [((inout IntensityStatistics) -> Void, String)] {
            var statistics = IntensityStatistics(
                mean: 1, standardDeviation: 1, median: 1, minimum: 0, maximum: 2, percentile005: 0, percentile995: 2)
            change(&statistics)
            var broken = plan
            broken.normalization = [IntensityNormalization(scheme: .ct, statistics: statistics)]
            #expect(try #require(throws: PlanError.self) { try broken.validate() }.description.contains(expected))
        }
    }

    @Test func `Imported plans with numbers that are none are refused, not trapped on`() throws {
        for (name, expected) in [("v1_nan", "patch_size"), ("v1_big", "patch_size")] {
            let url = Fixtures.url("preparation/plans/\(name).pkl")
            let error = try #require(throws: PlanError.self) { try Plan(importingV1: url) }
            #expect(error.description.contains(expected) && error.description.contains("whole numbers are expected"), "\(error)")
        }
        try Fixtures.withTemporaryFolder { folder in
            try Data(#"{"channel_names": {"0": "MRI"}, "labels": {"background": 0, "a": 1}, "file_ending": ".nii.gz"}"#.utf8)
                .write(to: folder.appending(path: "dataset.json"))
            let url = folder.appending(path: "plans.json")
            func problem(_ spacing: String, _ patch: String) throws -> String {
                try Data(
                    """
                    {"dataset_name": "D", "transpose_forward": [0, 1, 2], "configurations": {"3d_fullres": {"spacing": \(spacing),
                     "patch_size": \(patch), "batch_size": 2, "normalization_schemes": ["ZScoreNormalization"], "use_mask_for_norm": [false]}}}
                    """.utf8
                ).write(to: url)
                return try #require(throws: PlanError.self) { try Plan(importingV2: url) }.description
            }
            #expect(try problem("[1, 1, 1]", "[32, 32, 1e300]").contains("its patch_size is [32.0, 32.0, 1e+300], but whole numbers are expected"))
            // What the fuzzer found: 32 digits, beyond what a Double can be turned into an integer of.
            #expect(try problem("[1, 1, 1]", "[32, 32222222222222222222222222222222, 32]").contains("3.2222222222222224e+31, 32.0], but whole numbers"))
            #expect(try problem("[1, 1, 1]", "[32, 32, 4611686018427387904]").contains("each number must be from 1 to 4096"))
            #expect(try problem("[1, 1e-300, 1]", "[32, 32, 32]").contains("each number must be from 0.0001 to 1000.0 mm"))
        }
    }

    /// A scan of 8³ voxels with some contrast.
}
