import Foundation
import TestSupport
import Testing
import UNETREngines
import UNETRPlanning
import UNETRPreparation
import UNETRSupport

/// Windows cut from a scan, predicted in batches, and summed up.
struct WindowTests {
    private func scan(_ shape: [Int]) -> FloatArray { FloatArray(ParityRule("scan").values(shape.reduce(1, *), scale: 2), shape: shape) }

    private func task(_ shape: [Int], patch: Size3, mirrorAxes: [Int] = [], threads: Int? = nil) -> WindowTask {
        WindowTask(image: scan(shape), patchSize: patch, stepFraction: 0.5, mirrorAxes: mirrorAxes, activation: .softmax, threads: threads)
    }

    /// All probabilities of a scan.
    private func probabilities(_ task: WindowTask, _ engines: [any PatchEngine]) throws -> FloatArray {
        let bench = HostBench(task, engines: engines)
        var slabs: [FloatArray] = []
        for corner in task.window.corners { try bench.predict(corner) }
        try bench.take(upTo: task.window.patchSize[0]) { slabs.append($0) }
        return FloatArray(joining: slabs)
    }

    @Test("A window is cut as the padded scan has it, mirrored along any axes", arguments: [[], [0], [2], [0, 1], [0, 1, 2]])
    func cut(axes: [Int]) {
        // Narrower than the window along H and W, where 1 and 2 voxels of padding come first.
        let task = task([2, 7, 4, 3], patch: [4, 6, 8], mirrorAxes: [])
        #expect(task.window.paddingBefore == [0, 1, 2] && task.window.corners.map { $0[0] } == [0, 2, 3])
        var found = [Float](repeating: -1, count: 2 * 4 * 6 * 8)
        found.withUnsafeMutableBufferPointer { task.copyWindow(at: [3, 0, 0], mirrored: axes, to: $0) }
        for channel in 0..<2 {
            for d in 0..<4 {
                for h in 0..<6 {
                    for w in 0..<8 {
                        let place = [d, h, w], source = (0..<3).map { axes.contains($0) ? [4, 6, 8][$0] - 1 - place[$0] : place[$0] }
                        let voxel = [source[0] + 3, source[1] - 1, source[2] - 2]
                        let isInside = (0..<4).contains(voxel[1]) && (0..<3).contains(voxel[2])
                        let expected = isInside ? task.image.values[((channel * 7 + voxel[0]) * 4 + voxel[1]) * 3 + voxel[2]] : 0
                        #expect(found[((channel * 4 + d) * 6 + h) * 8 + w] == expected)
                    }
                }
            }
        }
    }

    @Test func `A window of one value is told from others, padding included`() {
        func values(_ image: [Float], _ shape: [Int], patch: Size3) -> [Float]? {
            WindowTask(image: FloatArray(image, shape: shape), patchSize: patch, stepFraction: 1, mirrorAxes: [], activation: .none)
                .constantValues(at: [0, 0, 0])
        }
        #expect(values([3, 3, 5, 5], [2, 1, 1, 2], patch: [1, 1, 2]) == [3, 5])
        #expect(values([3, 3, 5, 4], [2, 1, 1, 2], patch: [1, 1, 2]) == nil)
        #expect(values([3, 3], [1, 1, 1, 2], patch: [1, 1, 3]) == nil, "a padded window has zeros too")
        #expect(values([0, 0], [1, 1, 1, 2], patch: [1, 1, 3]) == [0])
        #expect(values([.nan, .nan], [1, 1, 1, 2], patch: [1, 1, 2]) == nil)
    }

    @Test("An engine that wants 8 patches gets the mirrored copies of a window at once, with the same bits", arguments: [1, 3, 8, 20])
    func batches(preferred: Int) throws {
        let task = task([1, 4, 9, 10], patch: [4, 6, 5], mirrorAxes: [0, 1, 2])
        let one = PlainEngine(), several = PlainEngine(preferredBatch: preferred)
        let expected = try probabilities(task, [one])
        #expect(try probabilities(task, [several]) == expected)
        let windows = task.window.corners.count
        #expect(windows == 6 && one.batches == Array(repeating: 1, count: 8 * windows))
        let each = [1: Array(repeating: 1, count: 8), 3: [3, 3, 2], 8: [8], 20: [8]][preferred]!
        #expect(several.batches == (0..<windows).flatMap { _ in each })
    }

    @Test func `Engines of different batches are averaged, each as it likes`() throws {
        let task = task([1, 4, 6, 9], patch: [4, 6, 5], mirrorAxes: [0, 2])
        let one = try probabilities(task, [PlainEngine()])
        let engines = [PlainEngine(preferredBatch: 4), PlainEngine()]
        let both = try probabilities(task, engines)
        // Twice the same engine: sums of numbers up to 1 in float32, in another order.
        #expect(zip(both.values, one.values).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(engines[0].batches.allSatisfy { $0 == 4 } && engines[1].batches.allSatisfy { $0 == 1 })
    }

    @Test func `The number of threads does not change a bit`() throws {
        let shape = [1, 8, 40, 30], patch = Size3(8, 24, 16)
        let results = try [1, 2, 5].map { try probabilities(task(shape, patch: patch, mirrorAxes: [1], threads: $0), [PlainEngine(preferredBatch: 2)]) }
        #expect(results[0] == results[1] && results[0] == results[2])
        #expect(results[0].shape == [2, 8, 40, 30])
        // Probabilities of two classes add up to 1 but for rounding.
        let count = results[0].values.count / 2
        #expect((0..<count).allSatisfy { abs(results[0].values[$0] + results[0].values[count + $0] - 1) < 1e-5 })
    }

    @Test func `A lone window counts alike everywhere, so its probabilities are those of the engine`() throws {
        let task = task([1, 4, 6, 5], patch: [4, 6, 5])
        let found = try probabilities(task, [PlainEngine()])
        let logits = try PlainEngine().logits(of: task.copy(at: [0, 0, 0])).values
        for voxel in 0..<120 {
            let expected = 1 / (1 + exp(Double(logits[120 + voxel] - logits[voxel])))
            #expect(abs(Double(found.values[voxel]) - expected) < 1e-6)
        }
    }
}
