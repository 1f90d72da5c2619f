import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETREngines
import UNETRInference
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorchEngine
import UNETRVolumes

/// Windows of one value throughout, which are computed once.
struct ConstantWindowTests {
    /// An engine that counts how often it computes.
    private final class Counter: PatchEngine, @unchecked Sendable {
        let engine: any PatchEngine
        private(set) var calls = 0

        init(_ engine: any PatchEngine) { self.engine = engine }
        var summary: String { engine.summary }
        var parameterCount: Int { engine.parameterCount }
        func withLogits(of patches: FloatView, _ body: (FloatView) throws -> Void) throws {
            calls += 1
            try engine.withLogits(of: patches, body)
        }
    }

    /// A body in noisy air, as a CT has it.
    private static let scan: Scan = {
        let size = Size3(40, 24, 32)
        let geometry = Geometry(size: size, affine: [[-1, 0, 0, 9], [0, 1, 0, -8], [0, 0, 1, 7], [0, 0, 0, 1]], spacing: [1, 1, 1])
        let rule = ParityRule("air")
        return Scan(
            geometry: geometry,
            voxels: (0..<geometry.count).map { index in
                let (d, h, w) = (index / (size[1] * size[2]) - 28, index / size[2] % size[1] - 12, index % size[2] - 8)
                return Float(d * d + h * h + w * w < 36 ? 40 + 60 * rule.signed(index) : -1000 + 30 * rule.signed(index))
            })
    }()

    /// A CT's plan clips at the 0.5 percentile of its structures, and air lies below it: that is the plan's own bound of what is empty.
    private static func plan() throws -> Plan {
        var plan = try TinyModel.plan([.init(name: "a", value: 1), .init(name: "b", value: 4)])
        let statistics = IntensityStatistics(
            mean: 40, standardDeviation: 60, median: 40, minimum: -1024, maximum: 800, percentile005: -150, percentile995: 300)
        plan.normalization = [.init(scheme: .ct, statistics: statistics)]
        plan.inference.mirrorAxes = [2]
        return plan
    }

    @Test("Air around a patient is computed once, with the same bits", arguments: [EngineChoice.torch, .auto])
    func air(choice: EngineChoice) throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try TinyModel.bundle(Self.plan(), in: folder)
            let segmenter = try Segmenter(model: bundle), plan = segmenter.plan
            let engine = try CompiledEngineTests.engine(for: bundle, CompiledEngineTests.settings(choice))
            let (image, _) = try segmenter.prepare(Self.scan, name: "s")
            func run(skips: Bool) throws -> (calls: Int, probabilities: [Float], mask: [Int16]) {
                let counter = Counter(engine)
                let counting = Segmenter(
                    engines: [counter], plan: plan, memory: segmenter.memory.engine, options: SegmenterOptions(reusesConstantWindows: skips))
                let probabilities = try counting.predictor.prediction(of: image).values
                let calls = counter.calls
                return (calls, probabilities, try counting.segment(Self.scan, name: "s").labels.voxels)
            }
            let (all, some) = (try run(skips: false), try run(skips: true))
            #expect(all.probabilities == some.probabilities && all.mask == some.mask)
            #expect(Set(all.mask).count > 1)

            // The windows whose every voxel lies at the plan's lower bound.
            let window = SlidingWindow(size: Self.scan.geometry.size, patchSize: plan.patchSize, stepFraction: plan.inference.stepFraction)
            let task = segmenter.predictor.task(of: image)
            let empty = window.corners.count { corner in
                let part = task.copy(at: corner).values
                return part.max() == part.min()
            }
            #expect(window.corners.count == 24 && empty == 12)
            #expect(all.calls == 2 * 24)
            #expect(some.calls == 2 * 12 + 1)
        }
    }

    @Test func `Another value, or one voxel of another value, is computed anew`() throws {
        let network = try ClosedFormNetwork(a: [1, -2], b: [0.5, 1], g: [0, 1], patch: [4, 4, 4])
        let counter = Counter(TorchEngine(network))
        func predictor(reuses: Bool) -> SlidingWindowPredictor {
            SlidingWindowPredictor(
                engines: [counter], patchSize: [4, 4, 4], settings: InferenceSettings(mirrorAxes: [0], stepFraction: 1), reusesConstantWindows: reuses)
        }
        // Five windows one after the other: 0, 0, 1, 0 and 0 but for one voxel.
        var values = [Float](repeating: 0, count: 20 * 16)
        values.replaceSubrange((8 * 16)..<(12 * 16), with: [Float](repeating: 1, count: 64))
        values[19 * 16 + 3] = 0.25
        let image = FloatArray(values, shape: [1, 20, 4, 4])
        let found = try predictor(reuses: true).prediction(of: image)
        #expect(counter.calls == 1 + 1 + 1 + 2)
        #expect(try predictor(reuses: false).prediction(of: image) == found)
        #expect(counter.calls == 5 + 10)
    }
}
