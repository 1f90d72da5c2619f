import Foundation
import TestSupport
import Testing
import UNETREngines
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// Tasks of two models, each an engine in plain arithmetic.
struct TaskSegmenterTests {
    private static let labels = LabelSet(
        definitions: ["background", "a", "b", "c"].enumerated().map { LabelDefinition(name: $1, value: $0) })

    /// The first part's shell and core become a and b, the second one's shell becomes c and its core nothing.
    private static func task(_ values: [[Int]] = [[0, 1, 0, 0, 2], [0, 3, 0, 0, 0]]) -> ModelTask {
        ModelTask(
            name: "blocks", spacing: [1, 1, 1], stepFraction: 0.8, labels: labels,
            parts: values.enumerated().map { .init(bundle: "part_\($0 + 1).unetrpp", values: $1) })
    }

    private func segmenter(
        _ task: ModelTask = Self.task(), _ engines: [ThresholdEngine] = [ThresholdEngine(), ThresholdEngine()], structures: [LabelDefinition]? = nil
    )
        throws -> TaskSegmenter
    {
        let parts = try engines.map {
            Segmenter(
                engines: [$0], plan: try ThresholdEngine.plan(), memory: EngineMemory(base: 300 << 20, pass: 10 << 20),
                options: SegmenterOptions(mirroring: false, stepFraction: task.stepFraction))
        }
        return TaskSegmenter(task, parts: parts, structures: structures)
    }

    @Test func `Of two parts the later one has the voxels that both claim, and the mask lies on the scan's own grid`() throws {
        let result = try segmenter().segment(segmenter().load(ThresholdEngine.scan, name: "blocks"))
        #expect(result.labels.geometry == ThresholdEngine.scan.geometry)
        #expect(result.labels.voxels == ThresholdEngine.mask.map { $0 == 1 ? 3 : $0 == 4 ? 2 : 0 })
        let reversed = try segmenter(Self.task([[0, 3, 0, 0, 0], [0, 1, 0, 0, 2]]))
        #expect(try reversed.segment(reversed.load(ThresholdEngine.scan, name: "blocks")).labels.voxels == ThresholdEngine.mask.map { $0 == 4 ? 2 : $0 })
        let chosen = try segmenter(structures: [LabelDefinition(name: "b", value: 2)])
        #expect(try chosen.segment(chosen.load(ThresholdEngine.scan, name: "blocks")).labels.voxels == ThresholdEngine.mask.map { $0 == 4 ? 2 : 0 })
    }

    @Test func `Progress runs through all parts, and the scan is turned and resampled for them`() throws {
        let engines = [ThresholdEngine(), ThresholdEngine()]
        var task = Self.task()
        task.spacing = [0.5, 1, 2]
        let segmenter = try segmenter(task, engines)
        var scan = ThresholdEngine.scan
        for index in scan.voxels.indices { scan.voxels[index] += 1 }  // nothing is cropped
        var seen: [[Int]] = []
        let loaded = try segmenter.load(scan, name: "blocks")
        // The plans of the parts are for 1 mm, to which they resample once more.
        #expect(segmenter.patchCount(of: scan.geometry) == 2 * 2 * 2 * 2)
        _ = try segmenter.segment(loaded, progress: { seen.append([$0, $1]) })
        let all = engines[0].passes + engines[1].passes
        #expect(seen == (1...all).map { [$0, all] } && engines[0].passes == engines[1].passes)
    }

    @Test func `A job works with a task as with a model; probabilities there are none`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let scan = folder.appending(path: "s.nii.gz"), mask = folder.appending(path: "m.nii.gz")
            try NIfTI.write(scan: ThresholdEngine.scan, to: scan)
            let job = SegmentationJob(
                segmenter: try segmenter(), tasks: [.init(scan: DatasetCase(name: "s", imageURLs: [scan]), mask: mask)])
            #expect(job.patches == [2 * 2 * 2 * 2])
            let outcome = job.run { _ in }[0]
            #expect(outcome.problem == nil && outcome.millilitres == ["a": 0, "b": 0.008, "c": 0.057], "\(outcome)")
            #expect(try NIfTI.readLabels(mask).voxels == ThresholdEngine.mask.map { $0 == 1 ? 3 : $0 == 4 ? 2 : 0 })
            let segmenter = try segmenter(), loaded = try segmenter.load(ThresholdEngine.scan, name: "s")
            #expect(throws: InferenceError.noProbabilities(task: "blocks")) { try segmenter.segment(loaded, probabilities: { _ in }) }
        }
    }

    @Test func `Memory counts all engines and the largest part`() throws {
        let estimate = try segmenter().memoryEstimate, part = try segmenter().parts[0].memory, scan = ThresholdEngine.scan.geometry
        let whole = estimate.alone([scan], writesProbabilities: false)
        #expect(whole > part.alone([scan]) && whole - part.alone([scan]) >= part.engine.base - EngineMemory.program)
        #expect(estimate.overlapped([scan, scan], writesProbabilities: false) > whole)
        var coarse = scan
        coarse.affine = [[900, 0, 0, 0], [0, 900, 0, 0], [0, 0, 900, 0], [0, 0, 0, 1]]
        coarse.size = [4000, 4000, 4000]
        #expect(estimate.isTooLarge(coarse) && !estimate.isTooLarge(scan))
    }

    @Test func `A scan with values that are no numbers is refused`() throws {
        var scan = ThresholdEngine.scan
        scan.voxels[3] = .nan
        #expect(throws: InferenceError.nonFinite(scan: "s", count: 1)) { try segmenter().load(scan, name: "s") }
    }
}
