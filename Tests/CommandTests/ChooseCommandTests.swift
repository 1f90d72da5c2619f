import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

struct ChooseCommandTests {
    @Test func `What is chosen segments like a model`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 4), output = folder.appending(path: "choice.json")
            var coarse = try TinyModel.plan()
            coarse.targetSpacing = [1.5, 1.25, 1.25]
            let places = [
                try TinyCrossValidation.configuration("fine", in: folder, dataset: dataset, plan: TinyModel.plan(), seed: 5),
                try TinyCrossValidation.configuration("coarse", in: folder, dataset: dataset, plan: coarse, seed: 8),
            ]
            let settings = ["--no-mirroring", "--device", "cpu", "--precision", "float32", "--engine", "torch"]
            let text = try CommandLineTool.succeed(["choose"] + places.map(\.path) + ["-o", output.path] + settings)
            #expect(text.contains("Mean Dice of 4 cases") && text.contains("fine and coarse") && text.contains("best"))
            #expect(text.contains("unetrpp segment SCANS -o MASKS --model \(output.path)"))
            let choice: ConfigurationChoice = try JSONText.decode(from: Data(contentsOf: output))
            #expect(choice.segment == "unetrpp segment SCANS -o MASKS --model choice.json")

            let scan = dataset.appending(path: "images/case_0.nii.gz"), masks = ["chosen", "named"].map { folder.appending(path: "\($0).nii.gz") }
            try CommandLineTool.succeed(["segment", scan.path, "-o", masks[0].path, "--model", output.path] + settings)
            let models = choice.chosen.flatMap { $0.models.flatMap { ["--model", folder.appending(path: $0.path).path] } }
            for path in models where path != "--model" { try ModelBundle(contentsOf: URL(fileURLWithPath: path)).store(.init(keepLargest: choice.keepLargest)) }
            try CommandLineTool.succeed(["segment", scan.path, "-o", masks[1].path] + models + settings)
            #expect(try NIfTI.readLabels(masks[0]).voxels == NIfTI.readLabels(masks[1]).voxels)
            #expect(try CommandLineTool.succeed(["model", "show", output.path]).contains("chosen on 4 cases of Balls"))
        }
    }

    @Test func `What is no choice and what is no run is refused with a sentence`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let output = folder.appending(path: "choice.json"), scan = folder.appending(path: "scan.nii.gz")
            try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
            try CommandLineTool.fail(["choose", folder.path, "-o", output.path], saying: ["is no training run and has none in it"])
            try CommandLineTool.fail(["choose", folder.path, "-o", folder.path], saying: ["ends in .json"])
            let segment = ["segment", scan.path, "-o", folder.appending(path: "mask.nii.gz").path, "--model", output.path]
            for (content, words) in [
                ("{", ["choice.json"]), ("{\"dataset\": \"a\"}", ["choice.json"]),
                (
                    #"{"version": 1, "dataset": "a", "cases": 4, "chosen": [], "keepLargest": [], "candidates": [], "segment": ""}"#,
                    ["it has 0 configurations; expected one or two"]
                ),
                (
                    #"{"version": 1, "dataset": "a", "cases": 4, "chosen": [{"name": "b", "models": [{"path": "gone.unetrpp", "weights": "0"}]}], "keepLargest": [], "candidates": [], "segment": ""}"#,
                    ["gone.unetrpp", "there is no such folder"]
                ),
                (
                    #"{"version": 2, "dataset": "a", "cases": 4, "chosen": [], "keepLargest": [], "candidates": [], "segment": ""}"#,
                    ["its version is 2"]
                ),
            ] as [(String, [String])] {
                try Data(content.utf8).write(to: output)
                try CommandLineTool.fail(segment, saying: words)
            }
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "mask.nii.gz").path))
        }
    }
}
