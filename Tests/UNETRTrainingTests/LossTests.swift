import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRPlanning
import UNETRTorch
import UNETRVolumes

@testable import UNETRTraining

struct LossTests {
    /// BraTS's regions of the labels 1, 2 and 3.
    static let regions = LabelSet(
        definitions: [
            .init(name: "background", value: 0), .init(name: "whole", values: [1, 2, 3]), .init(name: "core", values: [2, 3]),
            .init(name: "enhancing", value: 3),
        ], regionOrder: [1, 2, 3])

    @Test func `Region targets hold each voxel in every region it belongs to`() throws {
        let samples = try Tensor([Int16]([0, 1, 2, 3]), shape: [1, 1, 1, 4])
        let target = try TrainingTargets(labels: Self.regions).target(samples)
        #expect(target.shape == [1, 3, 1, 1, 4])
        #expect(try target.array(of: Float.self) == [0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1])
        let classes = LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "b", value: 7), .init(name: "a", value: 2)])
        let targets = TrainingTargets(labels: classes)
        #expect(targets.numbers == [0: 0, 7: 1, 2: 2] && targets.members == [[1], [2]])
        #expect(try targets.target(samples).dtype == .int64)
    }

    @Test("The region loss is the mean of −t·log p − (1 − t)·log(1 − p), minus the mean soft Dice", arguments: [true, false])
    func regionLoss(batchDice: Bool) throws {
        let shape = [2, 3, 2, 2, 2], count = 48
        let logits = ParityRule("region logits").values(count, scale: 3).map(Double.init)
        let target = ParityRule("region target").values(count, scale: 1).map { $0 > 0 ? 1.0 : 0 }
        let value = try DiceBinaryCrossEntropyLoss(batchDice: batchDice)(Tensor(logits, shape: shape), Tensor(target, shape: shape)).item()

        let p = logits.map { 1 / (1 + exp(-$0)) }
        let entropy = zip(p, target).map { -$1 * log($0) - (1 - $1) * log(1 - $0) }.reduce(0, +) / Double(count)
        func dice(_ indices: [Int]) -> Double {
            let overlap = indices.reduce(0) { $0 + p[$1] * target[$1] }, size = indices.reduce(0) { $0 + p[$1] + target[$1] }
            return (2 * overlap + 1e-5) / (size + 1e-5 + 1e-8)
        }
        func voxels(_ sample: Int, _ region: Int) -> [Int] { (0..<8).map { (sample * 3 + region) * 8 + $0 } }
        let values = (0..<3).flatMap { region in
            batchDice ? [dice(voxels(0, region) + voxels(1, region))] : [dice(voxels(0, region)), dice(voxels(1, region))]
        }
        let expected = entropy - values.reduce(0, +) / Double(values.count)
        #expect(abs(value - expected) < 1e-12, "\(value), \(expected) expected")
    }

    @Test func `A prediction is decided region by region, later ones over earlier ones`() throws {
        let targets = TrainingTargets(labels: Self.regions)
        let probabilities = try Tensor([0.9, 0.9, 0.9, 0.2, 0.1, 0.8, 0.7, 0.9, 0.1, 0.1, 0.6, 0.1].map { Float($0) }, shape: [3, 1, 1, 4])
        #expect(try targets.numbers(deciding: probabilities) == [1, 2, 3, 2])
        var dice = WholeCaseDice(targets, cases: 1)
        [Int16]([1, 3, 3, 0]).withUnsafeBufferPointer { dice.add(0, prediction: [1, 2, 3, 2], reference: $0) }
        // Whole: 3 of 4 against 3; core: 3 against 2, both found; enhancing: 1 against 2, one found.
        #expect(try dice.means(SingleProcess()) == [6.0 / 7, 4.0 / 5, 2.0 / 3])
    }

    @Test func `Overlap sums count decided and right voxels over patches`() throws {
        let targets = TrainingTargets(
            labels: LabelSet(definitions: [
                .init(name: "background", value: 0), .init(name: "a", value: 1), .init(name: "b", value: 2), .init(name: "c", value: 3),
            ]))
        var sums = OverlapSums(structures: 3)
        let logits = try Tensor([Int64]([0, 1, 1, 2]), shape: [1, 1, 1, 4]).oneHot(classes: 4).to(.float32)
        try sums.add(targets.decided(logits), targets.indicators(Tensor([Int16]([0, 1, 2, 2]), shape: [1, 1, 1, 4])))
        try sums.add(targets.decided(logits), targets.indicators(Tensor([Int16]([1, 1, 1, 0]), shape: [1, 1, 1, 4])))
        #expect(try sums.dice(SingleProcess()) == [2 * 3.0 / 8, 2 * 1.0 / 4, nil])
    }
}
