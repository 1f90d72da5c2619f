import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRVolumes

struct PostprocessCommandTests {
    /// Masks with a second, smaller part that the reference does not have.
    private func masks(in folder: URL) throws -> (predictions: URL, references: URL) {
        let (predictions, references) = (folder.appending(path: "predictions"), folder.appending(path: "references"))
        for number in 0..<3 {
            var labels = TinyModel.ball(number).labels
            try NIfTI.write(labels: labels, to: references.appending(path: "case_\(number).nii.gz"))
            for index in 0..<4 { labels.voxels[index] = 1 }
            try NIfTI.write(labels: labels, to: predictions.appending(path: "case_\(number).nii.gz"))
        }
        return (predictions, references)
    }

    @Test func `What the cross-validation shows is stored in every bundle, and segmentation applies it`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let models = try ["one", "two"].map { try TinyModel.bundle(in: folder, named: $0).url }
            let (predictions, references) = try masks(in: folder)
            let arguments = ["postprocess", predictions.path, references.path] + models.flatMap { ["--model", $0.path] }
            #expect(try CommandLineTool.succeed(arguments + ["--dry-run"]).contains("Nothing was stored"))
            #expect(try Plan(contentsOf: models[0].appending(path: "plan.json")).postProcessing == nil)
            let report = try CommandLineTool.succeed(arguments)
            // One structure is never a joint one; by itself its Dice rises to 1.
            #expect(report.contains("ball") && report.contains("1.0000") && report.contains("yes"))
            for model in models {
                #expect(try Plan(contentsOf: model.appending(path: "plan.json")).postProcessing == PostProcessing(keepLargest: [[1]]))
            }

            let scan = folder.appending(path: "scan.nii.gz")
            try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
            let files = ["clean", "raw"].map { folder.appending(path: "\($0).nii.gz") }
            let segment = ["segment", scan.path, "--model", models[0].path, "--no-mirroring", "--device", "cpu", "-o"]
            try CommandLineTool.succeed(segment + [files[0].path])
            try CommandLineTool.succeed(segment + [files[1].path, "--no-postprocessing"])
            let (clean, raw) = (try NIfTI.readLabels(files[0]), try NIfTI.readLabels(files[1]))
            var expected = raw.voxels
            ConnectedComponents.keepLargest(of: [1], in: &expected, size: raw.geometry.size)
            #expect(clean.voxels == expected && clean.voxels != raw.voxels)
        }
    }

    @Test func `Where nothing gains nothing is stored, and an older decision goes`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var plan = try TinyModel.plan()
            plan.postProcessing = PostProcessing(keepLargest: [[1]])
            let model = try TinyModel.bundle(plan, in: folder).url
            let (_, references) = try masks(in: folder)
            let text = try CommandLineTool.succeed(["postprocess", references.path, references.path, "--model", model.path, "--json"])
            #expect(text.contains(#""keepLargest" : []"#) || text.contains("\"keepLargest\" : [\n\n  ]"), "\(text)")
            #expect(try Plan(contentsOf: model.appending(path: "plan.json")).postProcessing == nil)
        }
    }

    @Test func `Masks of another size, none in common and no model are refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let (predictions, references) = try masks(in: folder)
            try CommandLineTool.fail(["postprocess", predictions.path, references.path], saying: ["--model"])
            try CommandLineTool.fail(["postprocess", folder.appending(path: "none").path, references.path, "--model", model.path], saying: ["none"])
            try NIfTI.write(labels: TinyModel.ball(0).labels.cropped(to: [0..<9, 0..<9, 0..<9]), to: predictions.appending(path: "case_1.nii.gz"))
            try CommandLineTool.fail(
                ["postprocess", predictions.path, references.path, "--model", model.path], saying: ["case_1.nii.gz is 9 × 9 × 9 voxels"])
        }
    }
}
