import Foundation
import Logging
import NetworkTestSupport
import TestSupport
import Testing
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRTorchEngine
import UNETRVolumes
import UNETRWorkflows

struct CohortSegmentationTests {
    private static func outcomes(_ options: CohortSegmentation.Options) throws -> (CohortSegmentation.Outline, [SegmentationJob.Outcome]) {
        var outline: CohortSegmentation.Outline?, outcomes: [SegmentationJob.Outcome]?, patches = 0
        try CohortSegmentation(options, logger: Notes().logger).job().run { event in
            switch event {
            case .begins(let begin): outline = begin
            case .task(.patch): patches += 1
            case .task(.finished): break
            case .task(.ended(let all)): outcomes = all
            }
        }
        #expect(patches > 0)
        return (try #require(outline), try #require(outcomes))
    }

    private static func refusal(_ options: CohortSegmentation.Options) -> any Error {
        do { _ = try outcomes(options) } catch { return error }
        return CancellationError()
    }

    private static func options(_ folder: URL, cases: Int = 2, to output: String = "masks") throws -> CohortSegmentation.Options {
        let scans = try TinyData.dataset(in: folder, cases: cases).appending(path: "images")
        var options = CohortSegmentation.Options(
            scans: [scans], output: folder.appending(path: output), models: [try TinyModel.bundle(in: folder).url])
        options.engine = .torch
        options.mirroring = false
        options.precision = .float32
        return options
    }

    @Test func `A folder of scans becomes a folder of masks, those of the segmenter; a broken scan stops none`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "unetrpp-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let options = try Self.options(folder)
        try Data("x".utf8).write(to: options.scans[0].appending(path: "broken.nii"))
        var finished: [SegmentationJob.Outcome] = []
        for try await event in CohortSegmentation(options, logger: Notes().logger).job().events() {
            if case .task(.ended(let outcomes)) = event { finished = outcomes }
        }
        #expect(finished.map(\.name) == ["broken", "case_0", "case_1"])
        #expect(finished[0].problem?.contains("broken.nii") == true && finished[1].problem == nil && finished[2].problem == nil)
        for number in 0...1 {
            let (scan, _) = TinyModel.ball(number)
            let expected = try Segmenter(model: ModelBundle(contentsOf: options.models[0]), options: SegmenterOptions(mirroring: false)).segment(
                scan, name: "s"
            ).labels
            #expect(try NIfTI.readLabels(options.output.appending(path: "case_\(number).nii.gz")).voxels == expected.voxels)
        }
    }

    @Test func `One scan goes to the file that is named, with its probabilities beside it`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder, to: "one.nii.gz")
            options.scans = [options.scans[0].appending(path: "case_1.nii.gz")]
            options.writesProbabilities = true
            let (outline, outcomes) = try Self.outcomes(options)
            #expect(outline.tasks.map(\.mask.lastPathComponent) == ["one.nii.gz"] && !outline.overlaps && outline.memory > 1 << 20)
            #expect(outline.tasks[0].probabilities?.lastPathComponent == "one_probabilities.nii")
            #expect(outcomes.map(\.problem) == [nil])
            #expect(try NIfTI.readScan(folder.appending(path: "one_probabilities.nii")).channels == 2)
            #expect(Self.refusal(options) as? OutputError == .exists(path: options.output.path))
            options.replaces = true
            #expect(try Self.outcomes(options).1.map(\.problem) == [nil])
        }
    }

    @Test func `What cannot work is refused before the first scan`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let options = try Self.options(folder)
            func refusal(_ change: (inout CohortSegmentation.Options) -> Void) -> any Error {
                var changed = options
                change(&changed)
                return Self.refusal(changed)
            }
            let mask = folder.appending(path: "one.nii")
            #expect(refusal { $0.output = mask } as? WorkflowError == .oneMaskForScans(path: mask.path, scans: 2))
            let scan = options.scans[0].appending(path: "case_0.nii.gz")
            #expect(
                refusal {
                    $0.scans = [scan]; $0.output = scan; $0.replaces = true
                } as? WorkflowError == .maskOverScan(path: scan.path))
            #expect(refusal { $0.models = [] } as? WorkflowError == .noModel)
            #expect(
                refusal { $0.structures = ["ball", "spleen"] } as? InferenceError == .unknownStructure(name: "spleen", known: ["ball (1)"]))
            #expect(refusal { $0.scans = [folder.appending(path: "no")] } as? ScanCollectionError == .missing(path: folder.path + "/no"))
            #expect(!FileManager.default.fileExists(atPath: options.output.path))
        }
    }

    @Test func `A reader that throws ends the job; the scan under way leaves no mask`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let options = try Self.options(folder, cases: 3)
            struct Enough: Error {}
            #expect(throws: Enough.self) {
                try CohortSegmentation(options, logger: Notes().logger).job().run { event in
                    if case .task(.patch(1, 1, _)) = event { throw Enough() }
                }
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: options.output.path)
            #expect(left == ["case_0.nii.gz"])
        }
    }
}
