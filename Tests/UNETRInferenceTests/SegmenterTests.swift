import Foundation
import TestSupport
import Testing
import UNETREngines
import UNETRInference
import UNETRPlanning
import UNETRPreparation
import UNETRVolumes

/// Scans segmented by an engine in plain arithmetic, whose masks are known voxel by voxel.
struct SegmenterTests {
    private func segmenter(_ engine: ThresholdEngine = ThresholdEngine(), _ options: SegmenterOptions = SegmenterOptions()) throws -> Segmenter {
        Segmenter(
            engines: [engine], plan: try ThresholdEngine.plan(postProcessing: PostProcessing(keepLargest: [[1, 4]])),
            memory: ThresholdEngine.memory, options: options)
    }

    @Test func `A mask is what the engine says of each voxel, in the geometry of the scan`() throws {
        let result = try segmenter(options(postProcesses: false)).segment(ThresholdEngine.scan, name: "blocks")
        #expect(result.labels.voxels == ThresholdEngine.mask)
        #expect(result.labels.geometry == ThresholdEngine.scan.geometry)
    }

    private func options(postProcesses: Bool = true, structures: [String]? = nil, reuses: Bool = false) throws -> SegmenterOptions {
        SegmenterOptions(
            mirroring: false, structures: try structures.map { try ThresholdEngine.plan().labels.structures(named: $0) }, postProcesses: postProcesses,
            reusesConstantWindows: reuses)
    }

    private func segmenter(_ options: SegmenterOptions) throws -> Segmenter { try segmenter(ThresholdEngine(), options) }

    @Test func `Options choose clean-up, structures and windows; the segmenter itself does not change`() throws {
        let first = try segmenter(options())
        var cleaned = ThresholdEngine.mask
        cleaned[0] = 0
        #expect(try first.segment(ThresholdEngine.scan, name: "blocks").labels.voxels == cleaned)
        for (name, value) in [("core", Int16(4)), ("1", 1)] {
            let chosen = try first.with(options(structures: [name])).segment(ThresholdEngine.scan, name: "blocks").labels.voxels
            #expect(chosen == cleaned.map { $0 == value ? value : 0 })
        }
        #expect(try first.segment(ThresholdEngine.scan, name: "blocks").labels.voxels == cleaned)
    }

    @Test("Mirroring and the step decide how many passes there are", arguments: [(true, 0.5, 8 * 2 * 2 * 2), (false, 0.5, 8), (false, 1.0, 8)])
    func passes(mirroring: Bool, step: Double, expected: Int) throws {
        let engine = ThresholdEngine()
        let segmenter = try segmenter(engine, SegmenterOptions(mirroring: mirroring, stepFraction: step))
        var seen: [[Int]] = []
        var scan = ThresholdEngine.scan
        for index in scan.voxels.indices { scan.voxels[index] += 1 }  // nothing is zero, so nothing is cropped
        _ = try segmenter.segment(scan, name: "blocks") { seen.append([$0, $1]) }
        // 12 × 10 × 9 voxels and patches of 8³: two along each axis, whatever the step.
        #expect(engine.passes == expected && seen == (1...8).map { [$0, 8] })
    }

    @Test func `Windows of one value are computed once`() throws {
        let engine = ThresholdEngine()
        let segmenter = try segmenter(engine, SegmenterOptions(mirroring: true, reusesConstantWindows: true))
        var scan = Scan(geometry: ThresholdEngine.scan.geometry, voxels: Array(repeating: 3, count: ThresholdEngine.scan.geometry.count))
        scan.voxels[0] = 4
        #expect(try segmenter.segment(scan, name: "air").labels.voxels.allSatisfy { $0 == 0 })
        // The window with the other voxel in eight mirrorings; the seven others, of one value, once for all.
        #expect(engine.passes == 9)
    }

    @Test func `The memory of a segmenter follows from its engine and options`() throws {
        let geometry = ThresholdEngine.scan.geometry
        let memory = try segmenter().memory
        #expect(memory.engine == ThresholdEngine.memory)
        // A pass of 10 MB and a tenth more, beside which a scan of a thousand voxels is little.
        let least = (100 << 20) + (10 << 20) * 11 / 10
        #expect((least..<least + (1 << 20)).contains(memory.alone([geometry])))
        // What an engine takes while it is made counts where it is more.
        let making = Segmenter(
            engines: [ThresholdEngine()], plan: try ThresholdEngine.plan(), memory: EngineMemory(base: 1 << 20, pass: 0, making: 900 << 20))
        #expect(making.memory.alone([geometry]) == 900 << 20)
    }

    @Test func `Scans the model cannot take are refused with a sentence`() throws {
        let segmenter = try segmenter()
        var broken = ThresholdEngine.scan
        broken.voxels[7] = .nan
        let error = #expect(throws: InferenceError.self) { try segmenter.segment(broken, name: "nan.nii") }
        #expect("\(error!)" == "nan.nii holds 1 voxels that are not numbers (NaN or infinite); repair the scan first")
        let two = Scan(geometry: broken.geometry, channels: 2, voxels: ThresholdEngine.scan.voxels + ThresholdEngine.scan.voxels)
        #expect(throws: InferenceError.channels(scan: "two.nii", found: 2, expected: 1, names: ["MRI"])) { try segmenter.segment(two, name: "two.nii") }
    }

    @Test func `Several threads may use one segmenter`() async throws {
        let segmenter = try segmenter()
        let masks = try await withThrowingTaskGroup(of: [Int16].self) { group in
            for number in 0..<4 {
                group.addTask { try segmenter.segment(ThresholdEngine.scan, name: "\(number)").labels.voxels }
            }
            return try await group.reduce(into: [[Int16]]()) { $0.append($1) }
        }
        #expect(masks.count == 4 && masks.allSatisfy { $0 == masks[0] })
    }

    @Test func `A job writes masks of whole scans and reports what is in them`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let scan = folder.appending(path: "blocks.nii.gz"), mask = folder.appending(path: "out/blocks.nii.gz")
            try VolumeFile.write(scan: ThresholdEngine.scan, to: scan)
            let missing = DatasetCase(name: "missing", imageURLs: [folder.appending(path: "missing.nii")])
            let job = SegmentationJob(
                segmenter: try segmenter(options(postProcesses: false)),
                tasks: [
                    .init(scan: DatasetCase(name: "blocks", imageURLs: [scan]), mask: mask),
                    .init(scan: missing, mask: folder.appending(path: "out/missing.nii")),
                ])
            #expect(job.patches == [8, 1])
            let outcomes = job.run { _ in }
            #expect(outcomes.map { $0.problem == nil } == [true, false])
            #expect(outcomes[1].problem?.contains("missing.nii") == true)
            #expect(try VolumeFile.readLabels(mask).voxels == ThresholdEngine.mask)
            // 1 mm³ each: 64 voxels of the block without its core and with the lone one.
            let volumes = outcomes[0].millilitres
            #expect(abs(volumes["shell"]! - 0.057) < 1e-9 && abs(volumes["core"]! - 0.008) < 1e-9)
        }
    }
}
