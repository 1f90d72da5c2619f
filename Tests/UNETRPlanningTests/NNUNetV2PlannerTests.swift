import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// Plans as the planners of nnU-Net 2.8.1 make them (Tests/Fixtures/preparation/LICENCES.md).
@Suite struct NNUNetV2PlannerTests {
    fileprivate struct Entry: Decodable, CustomTestStringConvertible {
        struct Expected: Decodable {
            var axes: [Int], spacing: [Double], patch: [Int], batch: Int, schemes: [String], masks: [Bool], features: [Int]
            var kernels: [[Int]], strides: [[Int]], depths: [Int], decoderDepths: [Int]
        }
        struct Planned: Decodable {
            var preset: String, gigabytes: Double?, configuration: String, plan: Expected?
        }
        var name: String, spacings: [[Double]], sizes: [Size3], channels: [String], classes: Int, relativeSize: Double, plans: [Planned]

        var testDescription: String { name }

        var fingerprint: Fingerprint {
            let statistics = IntensityStatistics(
                mean: 1, standardDeviation: 2, median: 1, minimum: 0, maximum: 9, percentile005: 0, percentile995: 5)
            let cases = zip(spacings, sizes).enumerated().map { number, scan in
                // What was cropped away only counts as a share.
                let original: Size3 = [Int((Double(scan.1.depth) / relativeSize).rounded(.up)), scan.1.height, scan.1.width]
                return Fingerprint.Case(name: "c\(number)", originalSize: original, size: scan.1, spacing: scan.0, labels: [1])
            }
            return Fingerprint(channelNames: channels, cases: cases, intensities: channels.map { _ in statistics })
        }

        var labels: LabelSet {
            LabelSet(definitions: (0..<classes).map { LabelDefinition(name: $0 == 0 ? "background" : "l\($0)", value: $0) })
        }
    }

    private static let entries = ["", "_2d"].flatMap { kind in
        (try? JSONDecoder().decode([Entry].self, from: Data(contentsOf: Fixtures.url("preparation/plans/nnunet_v2_plans\(kind).json")))) ?? []
    }

    @Test func `The reference is complete`() {
        #expect(Self.entries.count == 20 && Self.entries.map(\.plans.count).reduce(0, +) == 150)
        #expect(Self.entries.contains { $0.plans.contains { $0.configuration == "3d_lowres" && $0.plan != nil } })
    }

    @Test(arguments: entries)
    fileprivate func `Every preset and resolution gives the package's plan`(_ entry: Entry) throws {
        let schemes: [IntensityNormalization.Scheme: String] = [
            .ct: "CTNormalization", .zScore: "ZScoreNormalization", .noNorm: "NoNormalization", .rescaleTo01: "RescaleTo01Normalization",
            .rgbTo01: "RGBTo01Normalization",
        ]
        for planned in entry.plans {
            let what = "\(entry.name), \(planned.preset), \(planned.gigabytes.map { "\($0) GB" } ?? "usual memory"), \(planned.configuration)"
            let planner = NNUNetV2Planner(try #require(NNUNetV2Planner.Preset(rawValue: planned.preset)), gigabytes: planned.gigabytes)
            let configuration = try #require(NNUNetV2Planner.Configuration(rawValue: planned.configuration))
            guard let expected = planned.plan else {
                #expect(throws: PlanError.configuration(name: planned.configuration, dataset: "D"), "\(what)") {
                    try planner.plan(configuration, entry.fingerprint, labels: entry.labels, dataset: "D")
                }
                continue
            }
            guard let plan = try? planner.plan(configuration, entry.fingerprint, labels: entry.labels, dataset: "D") else {
                Issue.record("\(what): there is no plan")
                continue
            }
            let network = try #require(plan.network?.configuration as? NNUNetConfiguration)
            // nnU-Net's plans for slices say nothing about the first axis.
            let isTwoDimensional = configuration == .slices, first = isTwoDimensional ? 1 : 0
            func rows(_ sizes: [Size3]) -> [[Int]] { sizes.map { Array($0.dropFirst(first)) } }
            #expect(plan.isTwoDimensional == isTwoDimensional && plan.inference.mirrorAxes == (isTwoDimensional ? [1, 2] : [0, 1, 2]))
            #expect(!isTwoDimensional || (plan.patchSize.depth == 1 && (network.kernels + network.strides).allSatisfy { $0.depth == 1 }))
            #expect(
                Array(plan.patchSize.dropFirst(first)) == expected.patch && plan.batchSize == expected.batch,
                "\(what): \(plan.patchSize), batch \(plan.batchSize)")
            #expect(plan.axisOrder.axes == expected.axes, "\(what)")
            #expect(
                zip(plan.targetSpacing.dropFirst(first), expected.spacing).allSatisfy { abs($0 - $1) < 1e-9 * $1 },
                "\(what): \(plan.targetSpacing), \(expected.spacing)")
            #expect(network.features == expected.features && rows(network.strides) == expected.strides, "\(what)")
            #expect(rows(network.kernels) == expected.kernels, "\(what): \(network.kernels)")
            #expect(network.depths == expected.depths && network.decoderDepths == expected.decoderDepths, "\(what)")
            #expect(plan.normalization.map { schemes[$0.scheme] } == expected.schemes, "\(what)")
            #expect(plan.normalization.map(\.useMask) == expected.masks, "\(what)")
        }
    }
}
