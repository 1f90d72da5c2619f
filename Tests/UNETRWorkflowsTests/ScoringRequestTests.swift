import Foundation
import TestSupport
import Testing
import UNETREvaluation
import UNETRVolumes
import UNETRWorkflows

/// Where the classes of an evaluation come from: what is said, a benchmark, a declaration, or the files themselves.
struct ScoringRequestTests {
    private static let geometry = Geometry(size: [1, 2, 4], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
    private static let map = LabelMap(geometry: geometry, voxels: [0, 1, 2, 2, 0, 1, 2, 0])

    private static func labels(_ names: [(Int, String)]) -> LabelSet {
        LabelSet(definitions: [LabelDefinition(name: "background", value: 0)] + names.map { LabelDefinition(name: $1, value: $0) })
    }

    private func describe(_ file: URL, _ text: String) throws {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    @Test func `All settings reach the evaluator`() throws {
        var request = ScoringRequest()
        (request.definition, request.tolerances, request.surfaces, request.threads) = (.medpy, [0.5, 3], false, 2)
        (request.lesions, request.ignoredLabel) = (LesionMatching(connectivity: .faces), 4)
        let evaluator = try request.evaluator(beside: [])
        #expect(evaluator.definition == .medpy && evaluator.tolerances == [0.5, 3] && !evaluator.surfaces && evaluator.threads == 2)
        #expect(evaluator.lesions == LesionMatching(connectivity: .faces) && evaluator.ignoredLabel == 4)
        #expect(evaluator.classes == nil && evaluator.declaredLabels == nil)
        let usual = try ScoringRequest().evaluator(beside: [])
        #expect(usual.definition == .default && usual.tolerances == [1, 2] && usual.surfaces && usual.lesions == nil && usual.ignoredLabel == nil)
    }

    @Test func `A benchmark's classes are scored, its other labels may occur; classes that are said go first`() throws {
        var request = ScoringRequest()
        let evaluator = try request.evaluator(beside: [], benchmark: .synapse)
        #expect(evaluator.classes == PublishedTable.synapse.classes && evaluator.declaredLabels == Set(1...13))
        request.classes = [LabelDefinition(6, name: "liver")]
        let chosen = try request.evaluator(beside: [], benchmark: .synapse)
        #expect(chosen.classes?.map(\.name) == ["liver"] && chosen.declaredLabels == nil)
    }

    @Test func `A declaration beside the files, in the folder around them, or that is named`() throws {
        try Fixtures.withTemporaryFolder { root in
            let folder = root.appending(path: "labelsTr"), file = folder.appending(path: "a.nii.gz")
            try NIfTI.write(labels: Self.map, to: file)
            func names(_ places: [URL], _ request: ScoringRequest = ScoringRequest()) throws -> [String]? {
                try request.evaluator(beside: places).classes?.map(\.name)
            }
            #expect(try names([folder]) == nil)
            try describe(root.appending(path: "dataset.json"), #"{"labels": {"background": 0, "outer": 1}}"#)
            #expect(try names([folder]) == ["outer"] && names([file]) == ["outer"])
            try describe(folder.appending(path: "dataset.json"), #"{"labels": {"background": 0, "inner": 1}}"#)
            #expect(try names([folder]) == ["inner"] && names([file]) == ["inner"], "the nearest counts")
            // The references' place is asked first.
            let other = root.appending(path: "other/predictions")
            try describe(other.appending(path: "dataset.json"), #"{"labels": {"background": 0, "predicted": 1}}"#)
            #expect(try names([other, folder]) == ["predicted"] && names([folder, other]) == ["inner"])
            var request = ScoringRequest()
            request.labels = root.appending(path: "dataset.json")
            #expect(try names([folder], request) == ["outer"])
            request.labels = root.appending(path: "gone.json")
            #expect(throws: EvaluationError.missing(path: request.labels!.path)) { try request.evaluator(beside: [folder]) }
        }
    }

    @Test func `The label that a declaration ignores is ignored, unless another is said`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try describe(folder.appending(path: "dataset.json"), #"{"labels": {"background": 0, "a": 2, "b": 1, "ignore": 9}}"#)
            var request = ScoringRequest()
            let declared = try request.evaluator(beside: [folder])
            #expect(declared.ignoredLabel == 9 && declared.declaredLabels == [1, 2] && declared.classes?.map(\.key) == ["1", "2"])
            request.ignoredLabel = 2
            #expect(try request.evaluator(beside: [folder]).ignoredLabel == 2)
        }
    }

    @Test func `Without a declaration the names in the files count, those of all files together`() throws {
        try Fixtures.withTemporaryFolder { folder in
            func file(_ name: String, _ labels: LabelSet?) throws -> URL {
                let url = folder.appending(path: name)
                try VolumeFile.write(labels: Self.map, named: labels, to: url)
                return url
            }
            let nameless = try file("f.nii.gz", nil)
            func classes(_ references: [URL]) throws -> [LabelDefinition]? {
                let pairs = references.map { CasePair(name: "a", prediction: nameless, reference: $0) }
                return try ScoringRequest().evaluator(beside: [folder], pairs: pairs).classes
            }
            let liver = try file("a.nii.gz", Self.labels([(1, "liver")])), both = try file("b.seg.nrrd", Self.labels([(2, "spleen"), (1, "liver")]))
            let plain = try file("c.nii.gz", nil), other = try file("d.nii.gz", Self.labels([(1, "lung")]))
            #expect(try classes([plain]) == nil && classes([]) == nil)
            #expect(try classes([liver, plain])?.map(\.name) == ["liver"])
            #expect(try classes([liver, both])?.map(\.name) == ["liver", "spleen"] && classes([both, liver])?.map(\.key) == ["1", "2"])
            // One number with two names: neither counts.
            #expect(try classes([liver, other]) == nil)
            let broken = folder.appending(path: "e.nii.gz")
            try Data("x".utf8).write(to: broken)
            #expect(try classes([broken, liver])?.map(\.name) == ["liver"], "what is wrong with a file is said when it is read")
        }
    }

    @Test func `Names in a DICOM object count where no label map has any`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let object = Fixtures.url("dicom-structures/binary.dcm"), named = folder.appending(path: "a.nii.gz")
            func evaluator(_ prediction: URL) throws -> Evaluator {
                try ScoringRequest().evaluator(beside: [], pairs: [CasePair(name: "a", prediction: prediction, reference: object)])
            }
            let found = try evaluator(Fixtures.url("dicom-structures/mask.nii.gz"))
            #expect(found.classes?.map(\.name) == ["Liver", "Left kidney", "Tumor"])
            try VolumeFile.write(labels: Self.map, named: Self.labels([(1, "liver"), (2, "kidney")]), to: named)
            #expect(try evaluator(named).classes?.map(\.name) == ["liver", "kidney"])
        }
    }
}
