import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETRPlanning
@testable import UNETRPreparation

/// Numbers in files that would leave every integer's range.
@Suite struct HostileNumberTests {
    private static func plan() throws -> Plan {
        try Plan(
            dataset: "Hippocampus", channelNames: ["MRI"],
            labels: LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "Anterior", value: 1)]),
            targetSpacing: [1, 1, 1], patchSize: [48, 64, 48], normalization: [IntensityNormalization(scheme: .zScore)])
    }

    private func scan(spacing: Double) -> Scan {
        let affine = (0..<4).map { row in (0..<4).map { row == $0 ? row < 3 ? spacing : 1 : 0 } }
        return Scan(
            geometry: Geometry(size: [8, 8, 8], affine: affine, spacing: [spacing, spacing, spacing]), voxels: (1...512).map { Float($0) })
    }

    @Test func `A scan that would be resampled to a grid beyond all bounds is refused with the numbers that lead there`() throws {
        var plan = try Self.plan()
        plan.targetSpacing = [1e-4, 1e-4, 1e-4]
        let message = try #require(throws: GridTooLarge.self) { try Preparer(plan: plan).prepare(scan(spacing: 1000), name: "S") }.description
        #expect(message.contains("65536 × 65536 × 65536 voxels after resampling from [1000.0, 1000.0, 1000.0] to [0.0001, 0.0001, 0.0001] mm"))
        // 1200³ voxels are fewer than 2³¹, but with channel upon channel no machine holds them.
        plan.targetSpacing = [1, 1, 1]
        let many = 4096
        plan.channelNames = Array(repeating: "MRI", count: many)
        let grid = ResamplingGrid(from: [8, 8, 8], to: [1200, 1200, 1200])
        #expect(throws: PreparationError.self) { try Preparer(plan: plan).check(grid, channels: many, spacing: [150, 150, 150], "S") }
        #expect(throws: Never.self) { try Preparer(plan: plan).check(ResamplingGrid(from: [8, 8, 8], to: [9, 9, 9]), channels: 1, spacing: [1, 1, 1], "S") }
    }

    @Test func `Spacings outside the range are refused by the preparation too`() throws {
        let plan = try Self.plan()
        for spacing in [1e-9, 1e20] {
            let error = try #require(throws: PreparationError.self) { try Preparer(plan: plan).prepare(scan(spacing: spacing), name: "S") }
            #expect(error == .invalidSpacing(scan: "S", spacing: [spacing, spacing, spacing]))
            #expect(error.description.contains("from 0.0001 to 1000.0"))
        }
    }

    @Test func `Sizes at another spacing never leave the integers`() {
        #expect(ResamplingGrid.size([512, 512, 512], spacing: [1e300, 1, .nan], target: [1e-300, 1, 1]) == [1 << 16, 512, 1])
        #expect(ResamplingGrid.isTooLarge([1 << 16, 1, 1]) && ResamplingGrid.isTooLarge([2048, 1024, 1024]))
        #expect(ResamplingGrid.isTooLarge([Int.max, Int.max, 2]) && !ResamplingGrid.isTooLarge([2047, 1024, 1024]))
    }

    @Test func `However small the step, there are no more patches than places`() {
        let window = SlidingWindow(size: [10, 4, 4], patchSize: [4, 4, 4], stepFraction: 1e-300)
        #expect(window.starts == [[0, 1, 2, 3, 4, 5, 6], [0], [0]])
    }

    @Test func `Planning refuses a data set in which one scan would grow beyond all bounds`() throws {
        let cases = (0..<5).map {
            Fingerprint.Case(
                name: "c\($0)", originalSize: [512, 512, 512], size: [512, 512, 512],
                spacing: Array(repeating: $0 == 4 ? 1000 : 1e-4, count: 3), labels: [1])
        }
        let statistics = IntensityStatistics(
            mean: 1, standardDeviation: 1, median: 1, minimum: 0, maximum: 2, percentile005: 0, percentile995: 2)
        let fingerprint = Fingerprint(channelNames: ["MRI"], cases: cases, intensities: [statistics])
        let labels = LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "a", value: 1)])
        let error = try #require(throws: GridTooLarge.self) { try UNETRPlanner().plan(fingerprint, labels: labels, dataset: "D") }
        #expect(error.description.hasPrefix("c4 would have 65536 × 65536 × 65536 voxels"))
        // The rules themselves stay computable, for whoever asks them alone.
        #expect(PlanningRules(fingerprint, classes: 2).stages.allSatisfy { $0.patchSize.allSatisfy { $0 > 0 } })
    }

    @Test(arguments: [
        (#""spacing":[1"#, #""spacing":[1e-9"#, "mm"), (#""channels":1"#, #""channels":4611686018427387904"#, "at most 1024"),
        (#""channels":1"#, #""channels":1.5"#, "channels is 1.5, but a whole number is expected"),
        (#""size":[3,3,3],"spacing":[1"#, #""size":[1000000,1000000,1000000],"spacing":[1"#, "less than 2³¹"),
        (#""upper":[3,3,3]"#, #""upper":[3,3]"#, "cropBox.upper: a size needs 3 numbers [D, H, W], found 2"),
    ])
    func `A prepared case's numbers have ranges`(_ good: String, _ bad: String, _ expected: String) throws {
        let geometry = Geometry(
            size: [3, 3, 3], affine: (0..<4).map { row in (0..<4).map { row == $0 ? 1 : 0 } }, spacing: [1, 1, 1])
        let properties = CaseProperties(
            name: "c", geometry: geometry, channels: 1, cropBox: CropBox(lower: [0, 0, 0], upper: [3, 3, 3]), axisOrder: .identity,
            size: [3, 3, 3], spacing: [1, 1, 1], compatibility: .modern, planDigest: "")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = String(decoding: try encoder.encode(properties), as: UTF8.self)
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "c.json")
            try Data(text.utf8).write(to: url)
            #expect(try CaseProperties(contentsOf: url) == properties)
            #expect(text.contains(good), "\(text)")
            try Data(text.replacingOccurrences(of: good, with: bad).utf8).write(to: url)
            let error = try #require(throws: PreparationError.self) { try CaseProperties(contentsOf: url) }
            #expect(error.description.contains(expected), "\(error)")
        }
    }
}
