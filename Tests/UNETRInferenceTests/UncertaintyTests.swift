import Foundation
import TestSupport
import Testing
import UNETREngines
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

@testable import UNETRInference

/// What probabilities say about a mask: voxel by voxel, and as a Dice to expect.
struct UncertaintyTests {
    /// A part of voxels side by side, each with its probabilities.
    private static func part(_ voxels: [[Float]], from first: Int = 0) -> RestoredPart {
        RestoredPart(
            box: CropBox(lower: [0, 0, first], upper: [1, 1, first + voxels.count]), values: voxels[0].indices.flatMap { output in voxels.map { $0[output] } })
    }

    private static let labels = LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "a", value: 1), .init(name: "b", value: 4)])
    private static let regions = LabelSet(
        definitions: [.init(name: "background", value: 0), .init(name: "whole", values: [1, 2]), .init(name: "core", values: [2])], regionOrder: [1, 2])

    @Test func `Entropy is a share of the largest`() {
        let third = Float(1) / 3
        let part = VoxelEntropy(Self.labels).map(Self.part([[1, 0, 0], [third, third, third], [0.5, 0.5, 0], [0.8, 0.1, 0.1]], from: 3))
        let last = -(0.8 * log(0.8) + 0.2 * log(0.1)) / log(3)
        #expect(part.box == CropBox(lower: [0, 0, 3], upper: [1, 1, 7]))
        #expect(zip(part.values, [0, 1, log(2) / log(3), last]).allSatisfy { abs(Double($0) - $1) < 1e-6 }, "\(part.values)")
        let own = VoxelEntropy(Self.regions).map(Self.part([[0.5, 1], [0.5, 0.5], [0.8, 0]]))
        let binary = -(0.8 * log(0.8) + 0.2 * log(0.2)) / log(2) / 2
        #expect(zip(own.values, [0.5, 1, binary]).allSatisfy { abs(Double($0) - $1) < 1e-6 }, "\(own.values)")
    }

    @Test func `The expected Dice is twice what is expected inside over what is found and what is expected`() {
        let expected = ExpectedDice(Self.labels)
        #expect(expected.values.isEmpty)
        expected.add(Self.part([[0.1, 0.9, 0], [0.3, 0.7, 0]]))
        expected.add(Self.part([[0.6, 0.4, 0], [0.5, 0.5, 0]], from: 2))
        // Two voxels of a with 1.6, and 2.5 in all; a tie is background. Nothing of b.
        #expect(expected.values.count == 1 && abs(expected.values["a"]! - 2 * 1.6 / (2 + 2.5)) < 1e-6, "\(expected.values)")
        // What was likely and not found is expected to be missed.
        expected.add(Self.part([[0.4, 0.3, 0.3], [0.4, 0.3, 0.3]], from: 4))
        #expect(expected.values["b"] == 0 && abs(expected.values["a"]! - 2 * 1.6 / (2 + 3.1)) < 1e-6)
    }

    @Test func `Regions are found from one half on, each for itself`() {
        let expected = ExpectedDice(Self.regions)
        expected.add(Self.part([[0.9, 0.6], [0.5, 0.2], [0.7, 0]]))
        #expect(abs(expected.values["whole"]! - 2 * 1.6 / (2 + 2.1)) < 1e-6 && abs(expected.values["core"]! - 2 * 0.6 / (1 + 0.8)) < 1e-6)
    }

    /// The probabilities of a value of the scan, as `ThresholdEngine` makes them.
    private static func probabilities(_ value: Float, temperature: Double = 1) -> [Double] {
        let terms = [0, 15, 25].map { exp(-abs(Double(value) - $0) / temperature) }
        return terms.map { $0 / terms.reduce(0, +) }
    }

    @Test(arguments: [nil, 3.0]) func `A job writes the entropy of each voxel and tells the Dice to expect, with the plan's temperature`(temperature: Double?)
        throws
    {
        try Fixtures.withTemporaryFolder { folder in
            var plan = try ThresholdEngine.plan(), scan = ThresholdEngine.scan
            plan.inference.aggregation = .logits
            plan.inference.temperature = temperature
            scan.voxels[0] = 0  // The crop begins behind it.
            let segmenter = Segmenter(
                engines: [ThresholdEngine(levels: [0, 15, 25])], plan: plan, memory: ThresholdEngine.memory,
                options: SegmenterOptions(mirroring: false, threads: 1))
            let file = folder.appending(path: "scan.nii.gz"), masks = ["with", "without"].map { folder.appending(path: "\($0).nii.gz") }
            try NIfTI.write(scan: scan, to: file)
            let scanCase = DatasetCase(name: "scan", imageURLs: [file])
            var with = SegmentationJob.Task(scan: scanCase, mask: masks[0], probabilities: folder.appending(path: "p.nii"))
            with.uncertainty = folder.appending(path: "u.nii")
            let tasks = [with, SegmentationJob.Task(scan: scanCase, mask: masks[1])]
            let outcomes = SegmentationJob(segmenter: segmenter, tasks: tasks).run { _ in }
            #expect(outcomes.allSatisfy { $0.problem == nil } && outcomes[1].expectedDice == nil)
            // Neither changes the mask.
            #expect(try NIfTI.readLabels(masks[0]).voxels == NIfTI.readLabels(masks[1]).voxels)

            let mask = try NIfTI.readLabels(masks[0]).voxels, box = CropBox(lower: [4, 3, 3], upper: [8, 7, 7]), size = scan.geometry.size
            let written = try VolumeFile.readScan(folder.appending(path: "p.nii")), entropies = try VolumeFile.readScan(folder.appending(path: "u.nii"))
            #expect(entropies.channels == 1 && entropies.geometry == written.geometry)
            var inside = [0.0, 0.0], all = inside, found = inside
            for index in scan.voxels.indices {
                let place = [index / (size[1] * size[2]), index / size[2] % size[1], index % size[2]]
                let isInside = (0..<3).allSatisfy { (box.lower[$0]..<box.upper[$0]).contains(place[$0]) }
                let expected = isInside ? Self.probabilities(scan.voxels[index], temperature: temperature ?? 1) : [1, 0, 0]
                let entropy = -expected.reduce(0) { $1 > 0 ? $0 + $1 * log($1) : $0 } / log(3)
                for output in 0..<3 { #expect(abs(Double(written.voxels[output * mask.count + index]) - expected[output]) < 1e-5) }
                #expect(abs(Double(entropies.voxels[index]) - entropy) < 1e-5)
                for (structure, value) in [Int16(1), 4].enumerated() {
                    all[structure] += expected[structure + 1]
                    guard mask[index] == value else { continue }
                    inside[structure] += expected[structure + 1]
                    found[structure] += 1
                }
            }
            let names = plan.labels.foreground.map(\.name), values = try #require(outcomes[0].expectedDice)
            for (structure, name) in names.enumerated() {
                let dice = 2 * inside[structure] / (found[structure] + all[structure])
                #expect(try abs(#require(values[name]) - dice) < 1e-5)
            }
        }
    }
}
