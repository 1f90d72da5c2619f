import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRSupport
import UNETRVolumes

@testable import UNETRPlanning

@Suite struct UNETRPlannerTests {
    private static func labels(_ count: Int) -> LabelSet {
        LabelSet(definitions: (0..<count).map { LabelDefinition(name: $0 == 0 ? "background" : "organ \($0)", value: $0) })
    }

    /// Scans of equal size and spacing.
    private static func fingerprint(_ size: Size3, _ spacing: [Double], cases: Int = 100, channels: [String] = ["MRI"]) -> Fingerprint {
        let statistics = IntensityStatistics(
            mean: 80, standardDeviation: 100, median: 80, minimum: -900, maximum: 900, percentile005: -500, percentile995: 500)
        return Fingerprint(
            channelNames: channels,
            cases: (0..<cases).map { Fingerprint.Case(name: "c\($0)", originalSize: size, size: size, spacing: spacing, labels: [1]) },
            intensities: channels.map { _ in statistics })
    }

    @Test func `Small isotropic scans get a fine stem and a patch around the whole scan`() throws {
        let plan = try UNETRPlanner(featureSize: 8).plan(Self.fingerprint([36, 50, 35], [1, 1, 1]), labels: Self.labels(3), dataset: "H")
        let network = try #require(plan.network?.configuration as? UNETRPlusPlusConfiguration)
        #expect(network.stem == [2, 2, 2])
        #expect(plan.patchSize == [48, 64, 48])
        #expect(network.patchSize == plan.patchSize)
        #expect(network.classes == 3 && network.inputChannels == 1 && network.featureSize == 8)
        #expect(plan.normalization == [IntensityNormalization(scheme: .zScore)])
        #expect(plan.compatibility == .modern)
        #expect((2...21).contains(plan.batchSize), "at most 5 % of 100 scans' voxels: 21 patches")
    }

    @Test func `Every patch is a multiple of stem times 8 and fits the memory`() throws {
        let fingerprint = Self.fingerprint([180, 512, 512], [3, 0.77, 0.77], channels: ["CT"])
        var last = Int.max
        for gigabytes in [24, 8, 4] {
            let plan = try UNETRPlanner(memory: gigabytes << 30).plan(fingerprint, labels: Self.labels(14), dataset: "CT")
            let stem = try #require(plan.network?.configuration as? UNETRPlusPlusConfiguration).stem
            #expect(zip(plan.patchSize, stem).allSatisfy { $0 % ($1 * 8) == 0 })
            let estimate = TrainingMemory(stem: stem, channels: 1, outputs: 14)
            #expect(estimate.bytes(patch: plan.patchSize, batch: plan.batchSize) <= gigabytes << 30)
            let voxels = plan.patchSize.reduce(1, *)
            #expect(voxels < last)
            last = voxels
            #expect(plan.normalization[0].scheme == .ct && plan.normalization[0].statistics == fingerprint.intensities[0])
        }
        let error = try #require(throws: PlanError.self) {
            try UNETRPlanner(memory: 100 << 20).plan(fingerprint, labels: Self.labels(14), dataset: "CT")
        }
        #expect(error.description.contains("memory is 100 MiB"))
    }

    @Test func `Labels that a data set does not name get their values as names`() throws {
        var fingerprint = Self.fingerprint([64, 64, 64], [1, 1, 1])
        fingerprint.cases[3].labels = [1, 5]
        let none = LabelSet(definitions: [LabelDefinition(name: "background", value: 0)])
        let plan = try UNETRPlanner().plan(fingerprint, labels: none, dataset: "plain")
        #expect(plan.labels.definitions.map(\.name) == ["background", "label 1", "label 5"])
        #expect(plan.network?.classes == 3)
    }

    @Test func `A preset gives the published network and the old resampling`() throws {
        let planner = UNETRPlanner(preset: .acdc)
        let plan = try planner.plan(Self.fingerprint([9, 220, 230], [10, 1.5, 1.5]), labels: Self.labels(4), dataset: "ACDC")
        #expect(plan.patchSize == [16, 160, 160] && plan.batchSize == 4 && plan.compatibility == .unetrPlusPlus)
        #expect((plan.network?.configuration as? UNETRPlusPlusConfiguration)?.variant == .acdc)
        #expect(Benchmark(named: "Task02_Synapse") == .synapse && Benchmark(named: "BraTS") == .tumor && Benchmark(named: "BTCV")?.variant == .synapse)
        #expect(Benchmark(named: "Task03_tumor") == .tumor && Benchmark(named: "mydata") == nil)
    }

    @Test func `A plan of nnU-Net v1 is imported without running its pickle`() throws {
        let url = Fixtures.url("preparation/plans/v1_plans.pkl")
        let plan = try Plan(importingV1: url, network: .unetrPlusPlus(.init(.synapse)))
        #expect(plan.targetSpacing == [3, 0.76, 0.76] && plan.patchSize == [64, 128, 128] && plan.batchSize == 2)
        #expect(plan.channelNames == ["CT"] && plan.compatibility == .unetrPlusPlus)
        #expect(plan.labels.definitions.map(\.values) == [[0], [1], [2]])
        let statistics = try #require(plan.normalization[0].statistics)
        #expect(plan.normalization[0].scheme == .ct && statistics.mean == 80.5 && statistics.standardDeviation == 140.25)
        #expect(statistics.percentile005 == -960 && statistics.percentile995 == 330 && statistics.maximum == 3000)
        #expect(try Plan(importingV1: url, stage: 0).patchSize == [80, 160, 160])
        #expect(throws: PlanError.self) { try Plan(importingV1: url, stage: 5) }
    }

    @Test func `A plan of nnU-Net v2 is imported with what its configuration inherits`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("plans.json")
            try Data(
                """
                {"dataset_name": "Dataset001_X", "transpose_forward": [1, 0, 2],
                 "foreground_intensity_properties_per_channel": {"0": {"max": 9.0, "mean": 2.0, "median": 2.5, "min": -1.0,
                   "percentile_00_5": -0.5, "percentile_99_5": 8.5, "std": 1.5}},
                 "configurations": {"3d_fullres": {"batch_size": 2, "patch_size": [40, 56, 40], "spacing": [1.0, 1.0, 1.5],
                   "normalization_schemes": ["CTNormalization", "ZScoreNormalization"], "use_mask_for_norm": [false, true]},
                   "big": {"inherits_from": "3d_fullres", "patch_size": [80, 80, 80]}, "loop": {"inherits_from": "loop"}}}
                """.utf8
            ).write(to: url)
            try Data(#"{"channel_names": {"0": "CT", "1": "PET"}, "labels": {"background": 0, "x": 1}, "file_ending": ".nii.gz"}"#.utf8)
                .write(to: folder.appendingPathComponent("dataset.json"))
            let plan = try Plan(importingV2: url, configuration: "big")
            #expect(plan.patchSize == [80, 80, 80] && plan.batchSize == 2 && plan.targetSpacing == [1, 1, 1.5])
            #expect(plan.axisOrder.axes == [1, 0, 2] && plan.compatibility == .nnUNetV2)
            #expect(plan.inference == InferenceSettings(mirrorAxes: [0, 1, 2], aggregation: .logits))
            #expect(plan.inference == InferenceSettings(mirrorAxes: [0, 1, 2], aggregation: .logits))
            #expect(plan.normalization.map(\.scheme) == [.ct, .zScore] && plan.normalization.map(\.useMask) == [false, true])
            #expect(plan.normalization[0].statistics?.standardDeviation == 1.5)
            for wrong in ["loop", "2d"] {
                #expect(throws: PlanError.self) { try Plan(importingV2: url, configuration: wrong) }
            }
        }
    }
}
