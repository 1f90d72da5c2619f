import Foundation
import TestSupport
import Testing
import UNETREngines
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

@testable import UNETRInference

/// Many scans: what happens in which order, what becomes of those that cannot be done, and what is in the files.
struct SegmentationJobTests {
    private static func segmenter(_ change: (inout Plan) throws -> Void = { _ in }, levels: [Float] = [0, 15, 25]) throws -> Segmenter {
        var plan = try ThresholdEngine.plan()
        try change(&plan)
        return Segmenter(
            engines: [ThresholdEngine(levels: levels)], plan: plan, memory: ThresholdEngine.memory, options: SegmenterOptions(mirroring: false, threads: 1))
    }

    /// Tasks for scans of these names; a name with an exclamation mark is that of a file that is no scan.
    private static func tasks(_ names: [String], in folder: URL, probabilities: Bool = false) throws -> [SegmentationJob.Task] {
        try names.map { name in
            let file = folder.appending(path: "\(name).nii.gz")
            if name.hasSuffix("!") { try Data("no scan".utf8).write(to: file) } else { try NIfTI.write(scan: ThresholdEngine.scan, to: file) }
            return .init(
                scan: DatasetCase(name: name, imageURLs: [file]), mask: folder.appending(path: "masks/\(name).nii.gz"),
                probabilities: probabilities ? folder.appending(path: "values/\(name).nii") : nil)
        }
    }

    /// A word for each event.
    private static func run(_ job: SegmentationJob) -> (words: [String], outcomes: [SegmentationJob.Outcome]) {
        var words: [String] = []
        let outcomes = job.run { event in
            switch event {
            case .patch(let task, let done, let total): if done == total { words.append("predicted \(task)") }
            case .finished(let task, let outcome): words.append("\(outcome.problem == nil ? "finished" : "failed") \(task)")
            case .ended: words.append("ended")
            }
        }
        return (words, outcomes)
    }

    /// What one scan takes, and what two take while the next is read.
    private static func memory(_ job: SegmentationJob) -> (alone: Int, overlapped: Int) {
        let scans = [ThresholdEngine.scan.geometry, ThresholdEngine.scan.geometry], estimate = job.segmenter.memoryEstimate
        return (estimate.alone(scans, writesProbabilities: false), estimate.overlapped(scans, writesProbabilities: false))
    }

    @Test func `Where memory allows a mask is written while the next scan is predicted, else after its own`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Self.segmenter(), tasks = try Self.tasks(["a", "b"], in: folder)
            let free = SegmentationJob(segmenter: segmenter, tasks: tasks), (alone, overlapped) = Self.memory(free)
            #expect(free.memory.overlaps && free.memory.predicted == overlapped && overlapped > alone)
            #expect(Self.run(free).words == ["predicted 0", "predicted 1", "finished 0", "finished 1"])
            let tight = SegmentationJob(segmenter: segmenter, tasks: tasks, memoryLimit: MemoryLimit(bytes: overlapped - 1, reason: "test"))
            #expect(!tight.memory.overlaps && tight.memory.predicted == alone)
            let (words, outcomes) = Self.run(tight)
            #expect(words == ["predicted 0", "finished 0", "predicted 1", "finished 1"] && outcomes.allSatisfy { $0.problem == nil && $0.seconds > 0 })
            // A scan alone has no next one.
            #expect(!SegmentationJob(segmenter: segmenter, tasks: [tasks[0]]).memory.overlaps)
        }
    }

    @Test func `A scan that needs more memory than is allowed is not begun, and the sentence has both`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let tasks = try Self.tasks(["a", "b"], in: folder), (alone, _) = Self.memory(SegmentationJob(segmenter: try Self.segmenter(), tasks: tasks))
            let job = SegmentationJob(segmenter: try Self.segmenter(), tasks: tasks, memoryLimit: MemoryLimit(bytes: alone - 1, reason: "as was asked for"))
            #expect(job.patches == [1, 1])
            let (words, outcomes) = Self.run(job)
            #expect(words == ["failed 0", "failed 1"])
            let path = tasks[0].scan.imageURLs[0].path
            #expect(
                outcomes[0].problem?.hasPrefix("\(path) needs about \(alone >> 20) MB of memory, allowed are \((alone - 1) >> 20) MB (as was asked for)")
                    == true, "\(outcomes[0])")
            #expect(outcomes.allSatisfy { !$0.mayPass && !$0.wasCancelled } && !FileManager.default.fileExists(atPath: folder.appending(path: "masks").path))
        }
    }

    @Test func `A scan that cannot be read stops none; that it fails stays so`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let job = SegmentationJob(segmenter: try Self.segmenter(), tasks: try Self.tasks(["a", "b!", "c"], in: folder))
            let (words, outcomes) = Self.run(job)
            #expect(words == ["predicted 0", "finished 0", "failed 1", "predicted 2", "finished 2"] && outcomes.map(\.name) == ["a", "b!", "c"])
            #expect(outcomes[1].problem?.contains("b!.nii.gz") == true && !outcomes[1].mayPass)
            #expect(try Fixtures.files(below: folder.appending(path: "masks")) == ["a.nii.gz", "c.nii.gz"])
        }
    }

    @Test func `A mask that cannot be written fails for now: another try may pass`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var tasks = try Self.tasks(["a", "b"], in: folder)
            try Data("a file".utf8).write(to: folder.appending(path: "place"))
            tasks[0].mask = folder.appending(path: "place/a.nii.gz")
            let outcomes = Self.run(SegmentationJob(segmenter: try Self.segmenter(), tasks: tasks)).outcomes
            #expect(outcomes[0].problem?.contains("place") == true && outcomes[0].mayPass && outcomes[1].problem == nil)
            // A place for probabilities that is none is found before the mask.
            tasks = try Self.tasks(["c"], in: folder)
            tasks[0].probabilities = folder.appending(path: "place/c.nii")
            let failed = Self.run(SegmentationJob(segmenter: try Self.segmenter(), tasks: tasks)).outcomes[0]
            #expect(failed.problem != nil && failed.mayPass && !FileManager.default.fileExists(atPath: tasks[0].mask.path))
        }
    }

    @Test func `A job that is stopped keeps the masks that are done, and says so of the others`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let job = SegmentationJob(segmenter: try Self.segmenter(), tasks: try Self.tasks(["a", "b", "c"], in: folder)), cancellation = Cancellation()
            let outcomes = Cancellation.$current.withValue(cancellation) {
                job.run { event in if case .patch(task: 1, done: 1, total: _) = event { cancellation.cancel() } }
            }
            // A scan here is one patch: the second was through with the network.
            #expect(outcomes.map(\.wasCancelled) == [false, false, true] && outcomes[0].problem == nil && outcomes[1].problem == nil)
            #expect(outcomes[2].problem == "c: the work was stopped before it was done")
            #expect(try Fixtures.files(below: folder.appending(path: "masks")).sorted() == ["a.nii.gz", "b.nii.gz"])
        }
    }

    /// The scan without its lone voxel: the rest of it is a block that everything outside is cropped from.
    private static let block: Scan = {
        var scan = ThresholdEngine.scan
        scan.voxels[0] = 0
        return scan
    }()

    private static let inside = ThresholdEngine.mask.indices.dropFirst().filter { ThresholdEngine.mask[$0] != 0 }

    @Test func `Outside of what was looked at, probabilities are certain of background`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let tasks = try Self.tasks(["a"], in: folder, probabilities: true)
            try NIfTI.write(scan: Self.block, to: tasks[0].scan.imageURLs[0])
            #expect(Self.run(SegmentationJob(segmenter: try Self.segmenter(), tasks: tasks)).outcomes[0].problem == nil)
            let values = try NIfTI.readScan(try #require(tasks[0].probabilities)), count = Self.block.voxels.count
            #expect(values.channels == 3 && values.geometry == Self.block.geometry)
            let places = Set(Self.inside)
            for voxel in 0..<count {
                let found = (0..<3).map { values.voxels[$0 * count + voxel] }
                guard places.contains(voxel) else {
                    #expect(found == [1, 0, 0], "voxel \(voxel)")
                    continue
                }
                let terms = [0, 15, 25].map { exp(-abs(Double(Self.block.voxels[voxel]) - $0)) }
                for output in 0..<3 { #expect(abs(Double(found[output]) - terms[output] / terms.reduce(0, +)) < 1e-6) }
            }
        }
    }

    @Test func `Of regions there is nothing outside, for none of them is background`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let tasks = try Self.tasks(["a"], in: folder, probabilities: true)
            try NIfTI.write(scan: Self.block, to: tasks[0].scan.imageURLs[0])
            let segmenter = try Self.segmenter(
                { plan in
                    plan.labels = LabelSet(
                        definitions: [.init(name: "background", value: 0), .init(name: "whole", values: [1, 4]), .init(name: "core", value: 4)],
                        regionOrder: [1, 4])
                }, levels: [15, 25])
            #expect(Self.run(SegmentationJob(segmenter: segmenter, tasks: tasks)).outcomes[0].problem == nil)
            let values = try NIfTI.readScan(try #require(tasks[0].probabilities)), places = Set(Self.inside), count = Self.block.voxels.count
            #expect(values.channels == 2)
            for voxel in 0..<count where !places.contains(voxel) { #expect(values.voxels[voxel] == 0 && values.voxels[count + voxel] == 0) }
            // A logit of 0 where the intensity is that of the level.
            let shell = try #require(Self.inside.first { ThresholdEngine.mask[$0] == 1 })
            #expect(values.voxels[shell] == 0.5 && abs(Double(values.voxels[count + shell]) - 1 / (1 + exp(10.0))) < 1e-6)
        }
    }

    // MARK: Structures

    private static let labels = LabelSet(definitions: [
        .init(name: "background", value: 0), .init(name: "Leber", value: 3), .init(name: "leber", value: 5), .init(name: "Nieren", values: [1, 2]),
        .init(name: "3", value: 9),
    ])

    @Test func `Structures are found by name, then whatever the case, then by number`() throws {
        func values(_ names: [String]) throws -> [[Int]] { try Self.labels.structures(named: names).map(\.values) }
        #expect(try values(["leber", "Leber", "LEBER", "nieren"]) == [[5], [3], [3], [1, 2]])
        // A name that is a number is a name.
        #expect(try values(["3", "5", "9"]) == [[9], [5], [9]] && values([]) == [])
        let error = try #require(throws: InferenceError.self) { try values(["leber", "1"]) }
        #expect("\(error)" == "the model has no structure '1'; it has Leber (3), leber (5), Nieren (1, 2), 3 (9)")
    }

    @Test func `The volume of a structure is that of all its labels`() {
        let geometry = Geometry(size: [1, 2, 4], affine: [[2, 0, 0, 0], [0, 5, 0, 0], [0, 0, 10, 0], [0, 0, 0, 1]], spacing: [10, 5, 2])
        let volumes = Self.labels.millilitres(in: LabelMap(geometry: geometry, voxels: [1, 2, 2, 3, 0, 0, 9, 7]))
        // Voxels of 0.1 ml.
        #expect(volumes.mapValues { ($0 * 1000).rounded() / 1000 } == ["Leber": 0.1, "leber": 0, "Nieren": 0.3, "3": 0.1])
    }
}
