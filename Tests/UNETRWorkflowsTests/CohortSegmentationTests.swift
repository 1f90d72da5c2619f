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

    @Test func `Models of other plans are averaged on the grid of the scan, those of one plan as before`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder)
            options.scans = [options.scans[0].appending(path: "case_1.nii.gz")]
            options.writesProbabilities = true
            var coarse = try TinyModel.plan()
            coarse.targetSpacing = [1.5, 1.25, 1.25]
            let second = try TinyModel.bundle(coarse, in: folder, named: "coarse", seed: 8).url,
                twin = try TinyModel.bundle(in: folder, named: "twin", seed: 9).url
            let first = options.models[0]
            func probabilities(_ name: String, _ models: [URL]) throws -> [Float] {
                options.models = models
                options.output = folder.appending(path: "\(name).nii.gz")
                #expect(try Self.outcomes(options).1.map(\.problem) == [nil])
                return try NIfTI.readScan(folder.appending(path: "\(name)_probabilities.nii")).voxels
            }
            let one = try probabilities("one", [first, twin]), two = try probabilities("two", [second]),
                both = try probabilities("both", [first, second, twin])
            let difference = zip(zip(one, two), both).map { abs(($0.0 + $0.1) / 2 - $1) }.max() ?? 1
            #expect(difference < 1e-6 && both.count == 2 * 18 * 17 * 19)
            let mask = try NIfTI.readLabels(options.output), count = both.count / 2
            #expect(mask.voxels == (0..<count).map { both[count + $0] > both[$0] ? 1 : 0 })
            // Other structures are no other opinion on the same.
            let other = try TinyModel.bundle(TinyModel.plan([.init(name: "a", value: 1), .init(name: "b", value: 2)]), in: folder, named: "other").url
            options.models = [first, other]
            options.replaces = true
            #expect(Self.refusal(options) as? InferenceError == .differentOutputs(path: other.path, first: first.path))
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
