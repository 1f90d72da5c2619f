import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETREngines
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorch
import UNETRVolumes

@testable import UNETRInference

struct SegmentationJobTests {
    /// A scan with zeros around it, so that it is cropped, of which the third axis is the coarsest.
    private func scan(_ number: Int) -> Scan {
        let size = Size3(19, 18, 9)
        let geometry = Geometry(size: size, affine: [[-2, 0, 0, 9], [0, 1.1, 0, -8], [0, 0, 1, 7], [0, 0, 0, 1]], spacing: [1, 1.1, 2])
        let rule = ParityRule("job \(number)")
        let voxels = (0..<geometry.count).map { index -> Float in
            let (d, h, w) = (index / (size[1] * size[2]), index / size[2] % size[1], index % size[2])
            return d < 2 || h > 15 || w == 0 ? 0 : Float(100 + 40 * rule.signed(index))
        }
        return Scan(geometry: geometry, voxels: voxels)
    }

    private func bundle(in folder: URL) throws -> ModelBundle {
        var plan = try TinyModel.plan([.init(name: "a", value: 1), .init(name: "b", value: 4)])
        plan.axisOrder = try AxisOrder([2, 0, 1])
        return try TinyModel.bundle(plan, findingAllIn: scan(0), in: folder)
    }

    private func tasks(_ count: Int, in folder: URL, to output: String, probabilities: Bool = false) throws -> [SegmentationJob.Task] {
        try (0..<count).map { number in
            let url = folder.appending(path: "scan\(number).nii.gz")
            try NIfTI.write(scan: scan(number), to: url)
            let file = { (name: String) in folder.appending(path: "\(output)/\(name)") }
            return SegmentationJob.Task(
                scan: DatasetCase(name: "scan\(number)", imageURLs: [url]), mask: file("scan\(number).nii.gz"),
                probabilities: probabilities ? file("probabilities/scan\(number).nii") : nil)
        }
    }

    @Test func `Overlapped or one after the other, the masks are the same bytes, and those of the segmenter`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Segmenter(model: bundle(in: folder))
            let overlapped = SegmentationJob(segmenter: segmenter, tasks: try tasks(3, in: folder, to: "a"))
            // Enough for one scan at a time, by one byte not for two.
            let limit = overlapped.memory.predicted - 1
            let single = SegmentationJob(segmenter: segmenter, tasks: try tasks(3, in: folder, to: "b"), memoryLimit: MemoryLimit(bytes: limit))
            #expect(overlapped.memory.overlaps && !single.memory.overlaps && single.memory.predicted <= limit)
            var finished: [Int] = []
            var seconds: [Double] = []
            func note(_ event: SegmentationJob.Event) {
                guard case .finished(let task, let outcome) = event, outcome.problem == nil else { return }
                finished.append(task)
                seconds.append(outcome.seconds)
            }
            let outcomes = overlapped.run(note)
            #expect(finished == [0, 1, 2])
            #expect(outcomes.map(\.problem) == [nil, nil, nil] && outcomes.allSatisfy { $0.networkSeconds > 0 && $0.networkSeconds <= $0.seconds })
            _ = single.run(note)
            #expect(finished == [0, 1, 2, 0, 1, 2] && seconds.allSatisfy { $0 > 0 })
            for (number, (a, b)) in zip(overlapped.tasks, single.tasks).enumerated() {
                #expect(try Data(contentsOf: a.mask) == Data(contentsOf: b.mask))
                let mask = try NIfTI.readLabels(a.mask)
                #expect(try mask.voxels == segmenter.segment(scan(number), name: "s").labels.voxels)
                #expect(Set(mask.voxels).count > 1)
                #expect(outcomes[number].millilitres["b"] == mask.millilitres(of: 4))
            }
        }
    }

    @Test func `The probabilities have the scan's geometry, add up to 1, and their largest is the label`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Segmenter(model: bundle(in: folder))
            let task = try tasks(1, in: folder, to: "out", probabilities: true)[0]
            let outcomes = SegmentationJob(segmenter: segmenter, tasks: [task]).run { _ in }
            #expect(outcomes[0].problem == nil)
            let file = try NIfTI.readScan(task.probabilities!), mask = try NIfTI.readLabels(task.mask)
            #expect(file.geometry == mask.geometry && file.channels == 3)
            let count = mask.geometry.count, values: [Int16] = [0, 1, 4]
            for voxel in 0..<count {
                let outputs = (0..<3).map { file.voxels[$0 * count + voxel] }
                #expect(abs(outputs.reduce(0, +) - 1) < 1e-5)
                #expect(mask.voxels[voxel] == values[outputs.firstIndex(of: outputs.max()!)!])
            }
            #expect(file.voxels[0] == 1 && file.voxels[count] == 0, "the first voxel lies outside the crop")
        }
    }

    @Test func `A broken scan and one too large do not stop the others`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Segmenter(model: bundle(in: folder))
            var tasks = try tasks(4, in: folder, to: "out", probabilities: true)
            try Data("no scan".utf8).write(to: tasks[0].scan.imageURLs[0])
            let geometry = Geometry(size: [60, 60, 60], affine: scan(0).geometry.affine, spacing: [1, 1.1, 2])
            try NIfTI.write(scan: Scan(geometry: geometry, voxels: (0..<geometry.count).map { Float($0 % 7) }), to: tasks[2].scan.imageURLs[0])
            let limit = segmenter.memory.alone([geometry], writesProbabilities: true) - 1
            // A folder where a file should be.
            tasks[3].mask = folder
            let outcomes = SegmentationJob(segmenter: segmenter, tasks: tasks, memoryLimit: MemoryLimit(bytes: limit)).run { _ in }
            #expect(outcomes[0].problem?.contains("scan0.nii.gz") == true)
            #expect(outcomes[1].problem == nil && FileManager.default.fileExists(atPath: tasks[1].mask.path))
            #expect(outcomes[2].problem?.contains("scan2.nii.gz needs about") == true)
            #expect(outcomes[3].problem?.contains(folder.lastPathComponent) == true)
            let written = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "out/probabilities").path).sorted()
            #expect(written == ["scan1.nii", "scan3.nii"], "nothing half done may stay")
        }
    }

    @Test func `A job that is canceled stops between two computations, keeps the masks that are done, and leaves nothing half done`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Segmenter(model: bundle(in: folder))
            let job = SegmentationJob(segmenter: segmenter, tasks: try tasks(4, in: folder, to: "out", probabilities: true))
            let stop = Cancellation()
            var reported: [Int] = []
            let outcomes = Cancellation.$current.withValue(stop) {
                job.run { event in
                    switch event {
                    case .patch(task: 1, done: 1, total: _): stop.cancel()
                    case .patch(let task, let done, total: _): #expect(task == 0, "patch \(done) of task \(task) came after the end")
                    case .finished(let task, let outcome): reported.append(outcome.problem == nil ? task : -1)
                    case .ended: Issue.record("`run` returns the outcomes")
                    }
                }
            }
            #expect(outcomes.map(\.wasCancelled) == [false, true, true, true] && reported == [0])
            #expect(outcomes[0].problem == nil && outcomes[2].problem == "scan2: the work was stopped before it was done")
            let left = FileManager.default.enumerator(atPath: folder.appending(path: "out").path)?.compactMap { $0 as? String }.sorted()
            #expect(left == ["probabilities", "probabilities/scan0.nii", "scan0.nii.gz"])
        }
    }

    @Test func `A canceled task stops its job, too`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "unetrpp-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let task = Task.detached { [self] in
            let job = SegmentationJob(segmenter: try Segmenter(model: bundle(in: folder)), tasks: try tasks(2, in: folder, to: "out"))
            withUnsafeCurrentTask { $0?.cancel() }
            return job.run { _ in }
        }
        #expect(try await task.value.map(\.wasCancelled) == [true, true])
    }

    @Test func `Structures are chosen by name or number; the others become background`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Segmenter(model: bundle(in: folder), options: SegmenterOptions(mirroring: false))
            let all = try segmenter.segment(scan(0), name: "s").labels.voxels
            #expect(Set(all) == [0, 1, 4])
            for name in ["B", "4"] {
                let structures = try segmenter.plan.labels.structures(named: [name])
                let choosing = segmenter.with(SegmenterOptions(mirroring: false, structures: structures))
                #expect(try choosing.segment(scan(0), name: "s").labels.voxels == all.map { $0 == 4 ? 4 : 0 })
            }
            let error = try #require(throws: InferenceError.self) { try segmenter.plan.labels.structures(named: ["a", "spleen"]) }
            #expect(error.description == "the model has no structure 'spleen'; it has a (1), b (4)")
        }
    }

    @Test func `Regions are written in their order, and a chosen region keeps all its values`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let plan = try TinyModel.plan(
                [.init(name: "whole", values: [1, 2, 3]), .init(name: "core", values: [2, 3]), .init(name: "enhancing", value: 3)],
                regionOrder: [1, 2, 3])
            let segmenter = try Segmenter(model: TinyModel.bundle(plan, in: folder))
            let scan = TinyModel.ball(2).scan
            let (image, properties) = try segmenter.prepare(scan, name: "s")
            #expect(properties.size == scan.geometry.size, "no resampling, so that the outputs are those of the voxels")
            let outputs = try segmenter.predictor.prediction(of: image).values
            let count = scan.geometry.count
            let expected = (0..<count).map { voxel in (0..<3).last { outputs[$0 * count + voxel] > 0.5 }.map { Int16($0 + 1) } ?? 0 }
            #expect(try segmenter.segment(scan, name: "s").labels.voxels == expected)
            #expect(Set(expected).count > 1, "a random network should find something")
            let choosing = try segmenter.with(SegmenterOptions(structures: plan.labels.structures(named: ["core"])))
            #expect(try choosing.segment(scan, name: "s").labels.voxels == expected.map { $0 >= 2 ? $0 : 0 })
        }
    }
}
