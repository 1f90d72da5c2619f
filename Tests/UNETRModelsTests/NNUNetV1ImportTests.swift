import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRModels
import UNETRPlanning
import UNETRVolumes

/// Folders of nnU-Net v1 and of UNETR++, with invented plans (Tests/Fixtures/checkpoints/make_v1_descriptions.py).
@Suite struct NNUNetV1ImportTests {
    private func with<Result>(
        _ description: String = "v1_unet", folds: [String] = ["fold_0"], _ body: (URL) throws -> Result
    ) throws -> Result {
        try Fixtures.withTemporaryFolder { root in
            let folder = root.appending(path: "nnUNetTrainerV2__nnUNetPlansv2.1")
            for (number, fold) in folds.enumerated() {
                let place = folder.appending(path: fold)
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                let checkpoint = place.appending(path: "model_final_checkpoint.model")
                try PyTorchArchive.write([("w", StoredArray([Float(number)], shape: [1]))], under: "state_dict", to: checkpoint)
                try FileManager.default.copyItem(
                    at: Fixtures.url("checkpoints/\(description).model.pkl"), to: URL(fileURLWithPath: checkpoint.path + ".pkl"))
            }
            return try body(folder)
        }
    }

    private func read(_ place: URL, _ choice: ModelChoice = ModelChoice()) throws -> ImportedModel {
        try #require(try NNUNetV1Importer().model(at: place, choice))
    }

    @Test func `The plan inside the description is used, at the stage that was trained`() throws {
        try with(folds: ["fold_0", "fold_1"]) { folder in
            for place in [folder, folder.appending(path: "fold_1"), folder.appending(path: "fold_1/model_final_checkpoint.model")] {
                let model = try read(place)
                #expect(model.members.map(\.name) == (place == folder ? ["fold_0", "fold_1"] : ["fold_1"]))
                #expect(try model.members.last?.state()["w"]?.floats() == [1])
                let expected = try Plan(importingV1: Fixtures.url("preparation/plans/v1_unet_plans.pkl"), stage: 0)
                #expect(model.plan.targetSpacing == expected.targetSpacing && model.plan.patchSize == expected.patchSize)
                #expect(model.plan.network == expected.network && model.plan.network != nil)
                #expect(model.plan.inference == InferenceSettings(mirrorAxes: [0, 1, 2], aggregation: .probabilities))
                #expect(model.plan.labels.definitions.map(\.name) == ["background", "class 1", "class 2"])
            }
            #expect(try read(folder, ModelChoice(folds: ["1"])).members.map(\.name) == ["fold_1"])
            #expect(throws: ModelImportError.self) { try read(folder, ModelChoice(folds: ["4"])) }
            #expect(throws: ModelImportError.self) { try read(folder, ModelChoice(checkpoint: .best)) }
        }
    }

    @Test func `Labels have the names of the description beside, and masks are cleaned up as was decided`() throws {
        try with { folder in
            try Data(#"{"modality": {"0": "CT"}, "labels": {"0": "background", "1": "liver", "2": "tumor"}, "training": []}"#.utf8)
                .write(to: folder.appending(path: "dataset.json"))
            let decision = folder.appending(path: "postprocessing.json")
            try Data(#"{"for_which_classes": [[1, 2], 1], "min_valid_object_sizes": {"1": null}}"#.utf8).write(to: decision)
            let plan = try read(folder).plan
            #expect(plan.labels.definitions.map(\.name) == ["background", "liver", "tumor"] && plan.postProcessing?.keepLargest == [[1, 2], [1]])
            for (text, problem) in [
                (#"{"for_which_classes": [[1, 2]], "min_valid_object_sizes": {"1": 5.0}}"#, "keeps parts above a size"),
                (#"{"for_which_classes": [9]}"#, "are no labels of the plan ([1, 2])"), ("{", "has no for_which_classes"),
            ] {
                try Data(text.utf8).write(to: decision)
                #expect(try #require(throws: ModelImportError.self) { try read(folder) }.description.contains(problem))
            }
        }
    }

    @Test func `The network of UNETR++ follows from its trainer`() throws {
        try with("v1_unetr_pp") { folder in
            let model = try read(folder)
            let network = try #require(model.plan.network?.configuration as? UNETRPlusPlusConfiguration)
            #expect(network == UNETRPlusPlusConfiguration(.acdc) && model.plan.patchSize == network.patchSize)
            #expect(model.title.hasPrefix("UNETR++: ") && model.plan.labels.outputCount == 4)
        }
        // The file of plans in the folder goes before that of the checkpoint: here it has one class fewer.
        try with("v1_unetr_pp") { folder in
            try FileManager.default.copyItem(
                at: Fixtures.url("preparation/plans/v1_plans.pkl"), to: folder.appending(path: "plans.pkl"))
            let error = try #require(throws: ModelImportError.self) { try read(folder) }
            #expect(error.description.contains("was trained with the plan of 4 classes (unetr_pp_trainer_acdc), but the plan beside it is that of 3 classes"))
        }
    }

    @Test func `A checkpoint without its description is none of this tool's`() throws {
        try with { folder in
            try FileManager.default.removeItem(at: folder.appending(path: "fold_0/model_final_checkpoint.model.pkl"))
            let error = try #require(throws: ModelImportError.self) { try read(folder) }
            #expect(error.description.contains("has no model_final_checkpoint.model with its model_final_checkpoint.model.pkl"))
            let none = try NNUNetV1Importer().model(at: folder.deletingLastPathComponent(), ModelChoice())
            #expect(none?.title == nil)
        }
    }
}
