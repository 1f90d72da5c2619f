import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETREngines
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorchEngine
import UNETRVolumes

struct EnsembleTests {
    private func predictor(_ coefficients: [[Double]]) throws -> SlidingWindowPredictor {
        let engines = try coefficients.map { TorchEngine(try ClosedFormNetwork(a: $0, b: [0.5, -0.5, 0], g: [0, 1, 0], patch: [4, 6, 5])) }
        return SlidingWindowPredictor(
            engines: engines, patchSize: [4, 6, 5], settings: InferenceSettings(mirrorAxes: [0, 2], stepFraction: 0.5), activation: .softmax)
    }

    @Test func `The probabilities of several networks are averaged, not their logits`() throws {
        let rule = ParityRule("ensemble")
        let image = FloatArray((0..<(11 * 9 * 8)).map { Float(3 * rule.signed($0)) }, shape: [1, 11, 9, 8])
        let folds = [[1.0, -2, 0.5], [-1, 0, 3], [0.2, 0.1, -0.4]]
        let all = try predictor(folds).prediction(of: image).values
        let each = try folds.map { try predictor([$0]).prediction(of: image).values }
        let mean = all.indices.map { index in each.reduce(0) { $0 + $1[index] } / 3 }
        // Three float32 sums of numbers up to 1 in another order.
        #expect(zip(all, mean).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(zip(all, each[0]).contains { abs($0 - $1) > 0.1 }, "the networks should differ")
    }

    @Test func `Slices are handed out as soon as no patch touches them`() throws {
        let predictor = try predictor([[1, -2, 0.5]])
        let rule = ParityRule("slabs")
        let image = FloatArray((0..<(11 * 9 * 8)).map { Float(rule.signed($0)) }, shape: [1, 11, 9, 8])
        var depths: [Int: Int] = [:], done = 0
        let note = { (number: Int, _: Int) in done = number }
        try predictor.forEachSlab(of: image, progress: note) { slab in
            #expect(Array(slab.shape.dropFirst(2)) == [9, 8])
            depths[done, default: 0] += slab.shape[1]
        }

        let window = SlidingWindow(size: [11, 9, 8], patchSize: [4, 6, 5], stepFraction: 0.5)
        let starts = window.starts[0], inPlane = window.starts[1].count * window.starts[2].count
        #expect(starts.count > 3)
        let expected = starts.indices.map { (($0 + 1) * inPlane, (starts.dropFirst() + [11])[$0 + 1] - starts[$0]) }
        #expect(depths == Dictionary(uniqueKeysWithValues: expected))
    }

    @Test func `A segmenter of two models decides on their mean`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let plan = try TinyModel.plan([.init(name: "a", value: 1), .init(name: "b", value: 4)])
            let bundles = try [1, 2].map { try TinyModel.bundle(plan, in: folder, named: "fold\($0)", seed: UInt64($0)) }
            let scan = TinyModel.ball(1).scan
            func probabilities(_ bundles: [ModelBundle]) throws -> [Float] {
                let segmenter = try Segmenter(models: bundles)
                let (image, _) = try segmenter.prepare(scan, name: "s")
                return try segmenter.predictor.prediction(of: image).values
            }
            let (one, two) = (try probabilities([bundles[0]]), try probabilities([bundles[1]]))
            let mask = try Segmenter(models: bundles).segment(scan, name: "s").labels.voxels
            let count = scan.geometry.count, values: [Int16] = [0, 1, 4]
            var differs = 0
            for voxel in 0..<count {
                let mean = (0..<3).map { (one[$0 * count + voxel] + two[$0 * count + voxel]) / 2 }.sorted()
                guard mean[2] - mean[1] > 1e-5 else { continue }  // a tie but for rounding
                let expected = (0..<3).max { one[$0 * count + voxel] + two[$0 * count + voxel] < one[$1 * count + voxel] + two[$1 * count + voxel] }!
                #expect(mask[voxel] == values[expected])
                if (0..<3).max(by: { one[$0 * count + voxel] < one[$1 * count + voxel] })! != expected { differs += 1 }
            }
            #expect(differs > 0, "the second model should change something")
        }
    }
}
