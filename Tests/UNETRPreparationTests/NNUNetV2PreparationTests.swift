import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

@testable import UNETRPreparation

/// A scan prepared, and logits brought back, as nnU-Net 2.8.1 itself does it (Tests/Fixtures/preparation/LICENCES.md).
@Suite struct NNUNetV2PreparationTests {
    private static let folder = Fixtures.url("preparation/nnunet_v2")

    private struct Reference {
        let plan: Plan
        let prepared: PreparedCase
        let arrays: SafetensorsFile
        let key: String

        init(_ resampling: String, _ grid: String) throws {
            arrays = try SafetensorsFile(contentsOf: folder.appending(path: "made.safetensors"))
            key = "\(resampling).\(grid)"
            plan = try Plan(importingV2: folder.appending(path: "plans_\(resampling)_\(grid).json"))
            let spacing = grid == "coarse" ? [1.0, 4, 1] : [0.9, 1.1, 1]
            let affine = [[spacing[2], 0, 0, 0], [0, spacing[1], 0, 0], [0, 0, spacing[0], 0], [0, 0, 0, 1]]
            let geometry = Geometry(size: [9, 11, 10], affine: affine, spacing: spacing)
            let scan = Scan(geometry: geometry, channels: 6, voxels: try arrays.array("scan").floats())
            prepared = try Preparer(plan: plan, threads: 1).prepare(scan, name: key)
        }
    }

    @Test(arguments: ["default", "torch", "torch_slices"], ["isotropic", "coarse"])
    func `Every normalization on every way of resampling gives the package's numbers`(resampling: String, grid: String) throws {
        let reference = try Reference(resampling, grid)
        let expected = try reference.arrays.array("\(reference.key).prepared")
        #expect([6] + Array(reference.prepared.properties.size) == expected.shape)
        let values = expected.floats(), count = values.count / 6
        for (channel, normalization) in reference.plan.normalization.enumerated() {
            let part = (channel * count)..<((channel + 1) * count)
            let scale = values[part].map { abs($0) }.max() ?? 1
            let worst = part.map { abs(reference.prepared.image[$0] - values[$0]) }.max() ?? .infinity
            #expect(worst <= 1e-5 * scale, "\(normalization.scheme), mask \(normalization.useMask): \(worst) of \(scale)")
        }
    }

    @Test(arguments: ["default", "torch", "torch_slices"], ["isotropic", "coarse"])
    func `Labels on the scan's grid are the package's`(resampling: String, grid: String) throws {
        let reference = try Reference(resampling, grid)
        let logits = try reference.arrays.array("\(reference.key).logits").floats()
        let labels = try Restoration(of: reference.prepared.properties, threads: 1).labels(from: logits, decision: reference.plan.labels.decision(on: .logits))
        let expected = try reference.arrays.array("\(reference.key).labels"),
            probabilities = try reference.arrays.array("\(reference.key).probabilities").floats()
        let values = expected.floats(), count = values.count
        #expect(values.contains(2) && values.contains(1))
        var ties = 0
        for voxel in 0..<count where Float(labels.voxels[voxel]) != values[voxel] {
            let sorted = (0..<3).map { probabilities[$0 * count + voxel] }.sorted()
            if sorted[2] - sorted[1] < 1e-5 { ties += 1 } else { Issue.record("voxel \(voxel) is \(labels.voxels[voxel]), expected \(values[voxel])") }
        }
        #expect(ties <= 1)
    }

    @Test func `A color image must hold colors`() throws {
        let reference = try Reference("default", "isotropic")
        var voxels = try reference.arrays.array("scan").floats()
        voxels[5 * 9 * 11 * 10 + 500] = 256
        let scan = Scan(geometry: reference.prepared.properties.geometry, channels: 6, voxels: voxels)
        #expect(throws: PreparationError.notColor(scan: "S", channel: "c5", lowest: 0, highest: 256)) {
            try Preparer(plan: reference.plan).prepare(scan, name: "S")
        }
    }

    @Test func `Regions are decided at one half of probabilities and at zero of logits`() {
        let labels = LabelSet(
            definitions: [.init(name: "background", value: 0), .init(name: "whole", values: [1, 2]), .init(name: "core", values: [2])], regionOrder: [1, 2])
        #expect(labels.decision(on: .probabilities) == .regions(values: [1, 2], threshold: 0.5))
        #expect(labels.decision(on: .logits) == .regions(values: [1, 2], threshold: 0))
        let plain = LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "a", value: 3)])
        #expect(plain.decision == .largest(values: [0, 3]) && plain.decision(on: .logits) == plain.decision)
    }
}
