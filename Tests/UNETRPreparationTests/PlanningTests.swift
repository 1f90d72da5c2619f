import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRSupport
import UNETRVolumes

@testable import UNETRPlanning
@testable import UNETRPreparation

/// Against plans of nnU-Net v1's planner (version 2.1), which UNETR++ uses.
@Suite struct PlanningTests {
    private static let tables = try! JSONDecoder().decode(
        JSONValue.self, from: Data(contentsOf: Fixtures.url("preparation/plans/planner_tables.json")))
    private static let hippocampus = try! JSONDecoder().decode(
        JSONValue.self, from: Data(contentsOf: Fixtures.url("preparation/plans/hippocampus20.json")))

    private static func ints(_ json: JSONValue) -> [Int] { json.array!.map { $0.int! } }
    private static func size(_ json: JSONValue) -> Size3 { Size3(ints(json))! }
    private static func doubles(_ json: JSONValue) -> [Double] { json.array!.map { $0.double! } }

    /// The fingerprint that a table describes.
    static func fingerprint(_ table: JSONValue, channels: [String], reduction: Double) -> Fingerprint {
        let statistics = IntensityStatistics(
            mean: 0, standardDeviation: 1, median: 0, minimum: -1, maximum: 1, percentile005: -1, percentile995: 1)
        let cases = zip(table["all_sizes_zyx"]!.array!, table["all_spacings_zyx"]!.array!).enumerated().map { index, entry in
            let size = size(entry.0)
            return Fingerprint.Case(
                name: "case \(index)", originalSize: [size[0], size[1], Int((Double(size[2]) / reduction).rounded())], size: size,
                spacing: doubles(entry.1), labels: [0, 1])
        }
        return Fingerprint(channelNames: channels, cases: cases, intensities: channels.map { _ in statistics })
    }

    static func tableFingerprint(_ name: String) -> (Fingerprint, JSONValue) {
        let table = tables["fingerprints"]![name]!
        let channels = table["modalities"]!.array!.map { $0.string! }
        return (fingerprint(table, channels: channels, reduction: table["size_reduction_every_case"]!.double!), table)
    }

    @Test(arguments: ["synapse_like", "acdc_like", "brats_like", "lung_like", "small_iso", "hippocampus"])
    func `Spacing, axis order, patch, batch and pooling are the reference's`(name: String) throws {
        let (fingerprint, table) =
            name == "hippocampus"
            ? (Self.fingerprint(Self.hippocampus, channels: ["MRI"], reduction: 1), Self.hippocampus) : Self.tableFingerprint(name)
        let plan = table["plan_v21"]!
        let rules = PlanningRules(fingerprint, classes: plan["num_classes"]!.int! + 1)
        #expect(zip(rules.targetSpacing, Self.doubles(table["target_spacing_zyx"]!)).allSatisfy { abs($0 / $1 - 1) < 1e-12 })
        #expect(rules.axisOrder.axes == Self.ints(plan["transpose_forward"]!))
        #expect(rules.stages.count == plan["num_stages"]!.int!)
        for (index, stage) in rules.stages.enumerated() {
            let expected = plan["plans_per_stage"]!["\(index)"]!
            #expect(stage.patchSize == Self.size(expected["patch_size"]!))
            #expect(stage.batchSize == expected["batch_size"]!.int!)
            #expect(stage.medianSize == Self.size(expected["median_patient_size_in_voxels"]!))
            #expect(zip(stage.spacing, Self.doubles(expected["current_spacing"]!)).allSatisfy { abs($0 / $1 - 1) < 1e-12 })
            #expect(stage.poolsPerAxis == Self.size(expected["num_pool_per_axis"]!))
            #expect(stage.poolingKernels == expected["pool_op_kernel_sizes"]!.array!.map(Self.size))
            #expect(stage.convolutionKernels == expected["conv_kernel_sizes"]!.array!.map(Self.size))
            #expect(.bool(stage.usesPlanarAugmentation) == expected["do_dummy_2D_data_aug"])
        }
        for channel in fingerprint.channelNames.indices {
            let chosen = IntensityNormalization.choose(channel: channel, of: fingerprint)
            #expect(chosen.scheme == (plan["normalization_schemes"]!["\(channel)"] == "CT" ? .ct : .zScore))
            #expect(.bool(chosen.useMask) == plan["use_mask_for_norm"]!["\(channel)"])
        }
    }

    @Test func `Pooling and the memory estimate are the reference's`() {
        for entry in Self.tables["pool_and_conv_props"]!.array! {
            let rule = PoolingRule(spacing: Self.doubles(entry["spacing"]!), patchSize: Self.size(entry["patch_size"]!))
            let expected = entry["v21"]!
            #expect(rule.poolsPerAxis == Self.size(expected["num_pool_per_axis"]!))
            #expect(rule.poolingKernels == expected["pool_op_kernel_sizes"]!.array!.map(Self.size))
            #expect(rule.convolutionKernels == expected["conv_kernel_sizes"]!.array!.map(Self.size))
            #expect(rule.paddedPatch == Self.size(expected["padded_patch_size"]!))
            #expect(rule.divisor == Self.size(expected["must_be_divisible_by"]!))
            #expect(rule.featureMapValues(channels: 1, classes: 3) == expected["vram_estimate"]!.int!)
        }
    }

    @Test func `The fingerprint of real scans has the reference's sizes and intensities`() throws {
        let scan = try NIfTI.readScan(Fixtures.url("preparation/stages/input/hippocampus_003_0000.nii.gz"))
        let labels = try NIfTI.readLabels(Fixtures.url("preparation/stages/input/hippocampus_003_seg.nii.gz"))
        let sample = try Fingerprint.Sample(scan, labels, name: "hippocampus_003")
        #expect(sample.summary.size == [35, 52, 34])
        #expect(sample.summary.labels == [1, 2])
        let foreground = labels.voxels.indices.filter { labels.voxels[$0] > 0 }
        #expect(sample.foreground[0] == stride(from: 0, to: foreground.count, by: 10).map { scan.voxels[foreground[$0]] })
        // By hand: percentiles of 0…9 are linear in rank.
        let statistics = IntensityStatistics(of: [9, 1, 2, 3, 0, 5, 6, 7, 8, 4])
        #expect(statistics.median == 4.5 && statistics.mean == 4.5)
        #expect(abs(statistics.percentile005 - 0.045) < 1e-12 && abs(statistics.percentile995 - 8.955) < 1e-12)
        #expect(abs(statistics.standardDeviation - 8.25.squareRoot()) < 1e-12)
    }

    @Test func `The intensities of two real scans are the reference's`() throws {
        let dataset = try Dataset(contentsOf: Fixtures.url("preparation/hippocampus"))
        for dataCase in dataset.cases {
            var single = dataset
            single.cases = [dataCase]
            let fingerprint = try Fingerprint(of: single)
            let expected = StageReference.statistics(Self.hippocampus["intensityproperties"]!["0"]!["local_props"]![dataCase.name]!)
            let made = fingerprint.intensities[0]
            // float32 sums in the reference: 1e-6 of the values, far below what a plan notices.
            #expect(abs(made.mean / expected.mean - 1) < 1e-6 && abs(made.standardDeviation / expected.standardDeviation - 1) < 1e-5)
            #expect(made.median == expected.median && made.minimum == expected.minimum && made.maximum == expected.maximum)
            #expect(abs(made.percentile005 / expected.percentile005 - 1) < 1e-6)
            #expect(abs(made.percentile995 / expected.percentile995 - 1) < 1e-6)
            #expect(fingerprint.cases[0].labels == [1, 2])
        }
        #expect(try Fingerprint(of: dataset).cases.map(\.name) == dataset.cases.map(\.name))
    }
}
