import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRModels
import UNETRPlanning
import UNETRVolumes

/// Folders of nnU-Net v2 as the package lays them out, with checkpoints of one small array.
struct MadeResults {
    let root: URL

    static let description = #"{"channel_names": {"0": "MRI"}, "labels": {"background": 0, "a": 1, "b": 2}, "file_ending": ".nii.gz"}"#

    static func plans(dataset: String = "Dataset001_Made", network: String = "PlainConvUNet", settings: String = "") -> String {
        """
        {"dataset_name": "\(dataset)", "plans_name": "nnUNetPlans", "transpose_forward": [0, 1, 2], "image_reader_writer": "SimpleITKIO",
         "configurations": {"3d_fullres": {"spacing": [1, 1, 1], "patch_size": [16, 16, 16], "batch_size": 2, "preprocessor_name": "DefaultPreprocessor",
          "normalization_schemes": ["ZScoreNormalization"], "use_mask_for_norm": [false],
          "architecture": {"network_class_name": "x.\(network)", "arch_kwargs": {"n_stages": 2, "features_per_stage": [4, 8],
           "kernel_sizes": [[3, 3, 3], [3, 3, 3]], "strides": [[1, 1, 1], [2, 2, 2]], "n_conv_per_stage": [2, 2], "n_conv_per_stage_decoder": [2]\(settings)}}},
          "3d_lowres": {"inherits_from": "3d_fullres", "spacing": [2, 2, 2]},
          "3d_cascade_fullres": {"inherits_from": "3d_fullres", "previous_stage": "3d_lowres"}}}
        """
    }

    /// Writes a training's folder with its folds.
    @discardableResult
    func add(
        dataset: String = "Dataset001_Made", trainer: String = "nnUNetTrainer", configuration: String = "3d_fullres", folds: [String] = ["0"],
        axes: PickleValue? = .tuple([.int(0), .int(2)]), plans: String? = nil, trainedOn: String? = nil, files: [String] = ["checkpoint_final.pth"]
    ) throws -> URL {
        let folder = root.appending(path: dataset).appending(path: "\(trainer)__nnUNetPlans__\(configuration)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for fold in folds {
            let place = folder.appending(path: "fold_\(fold)")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for (number, file) in files.enumerated() {
                let planned = PickleDictionary([(.string("dataset_name"), .string(trainedOn ?? dataset))])
                let arguments = PickleDictionary([(.string("configuration"), .string(configuration)), (.string("plans"), .dictionary(planned))])
                var extra: [String: PickleValue] = ["trainer_name": .string(trainer), "init_args": .dictionary(arguments)]
                extra["inference_allowed_mirroring_axes"] = axes
                let value = Float(Int(fold) ?? 9) + Float(number) / 2
                try PyTorchArchive.write(
                    [("encoder.weight", StoredArray([value, 1], shape: [2]))], under: "network_weights", extra: extra, to: place.appending(path: file))
            }
        }
        try Data((plans ?? Self.plans(dataset: dataset)).utf8).write(to: folder.appending(path: "plans.json"))
        try Data(Self.description.utf8).write(to: folder.appending(path: "dataset.json"))
        return folder
    }

    func put(_ text: String, at path: String) throws {
        let url = root.appending(path: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    static func with<Result>(_ body: (MadeResults) throws -> Result) throws -> Result {
        try Fixtures.withTemporaryFolder { try body(MadeResults(root: $0.appending(path: "results"))) }
    }
}

@Suite struct NNUNetV2ImportTests {
    private func read(_ place: URL, _ choice: ModelChoice = ModelChoice()) throws -> ImportedModel {
        try #require(try NNUNetV2Importer().model(at: place, choice))
    }

    @Test func `Every level of a results folder leads to the same model`() throws {
        try MadeResults.with { results in
            let training = try results.add(folds: ["0", "1"])
            for place in [results.root, training.deletingLastPathComponent(), training] {
                let model = try read(place)
                #expect(model.members.map(\.name) == ["fold_0", "fold_1"])
                #expect(model.title == "nnU-Net v2: Dataset001_Made, nnUNetTrainer, 3d_fullres")
                #expect(model.plan.inference == InferenceSettings(mirrorAxes: [0, 2], aggregation: .logits))
                #expect(model.plan.labels.definitions.map(\.name) == ["background", "a", "b"])
                #expect(try model.members.map { try $0.state()["encoder.weight"]?.floats() } == [[0, 1], [1, 1]])
            }
            // A fold or a checkpoint is that one alone.
            #expect(try read(training.appending(path: "fold_1")).members.map(\.name) == ["fold_1"])
            #expect(try read(training.appending(path: "fold_1/checkpoint_final.pth")).members.map(\.name) == ["fold_1"])
            // A choice that contradicts the place is not passed over.
            #expect(throws: ModelImportError.self) { try read(training.appending(path: "fold_1"), ModelChoice(folds: ["0"])) }
            #expect(throws: ModelImportError.self) { try read(training, ModelChoice(configuration: "3d_lowres")) }
        }
    }

    @Test func `Folds and states are chosen, and what is not there is named`() throws {
        try MadeResults.with { results in
            let training = try results.add(folds: ["0", "10", "2", "all"], files: ["checkpoint_final.pth", "checkpoint_best.pth"])
            #expect(try read(training).members.map(\.name) == ["fold_0", "fold_2", "fold_10"])
            #expect(try read(training, ModelChoice(folds: ["2", "all"])).members.map(\.name) == ["fold_2", "fold_all"])
            let best = try read(training, ModelChoice(folds: ["2"], checkpoint: .best))
            #expect(try best.members[0].state()["encoder.weight"]?.floats() == [2.5, 1])
            let error = try #require(throws: ModelImportError.self) { try read(training, ModelChoice(folds: ["7"])) }
            #expect(error.description.hasSuffix("has no fold 7, only fold 0, fold 10, fold 2, fold all"))
            try FileManager.default.removeItem(at: training.appending(path: "fold_2/checkpoint_final.pth"))
            let missing = try #require(throws: ModelImportError.self) { try read(training) }
            #expect(missing.description.hasSuffix("fold_2 has no checkpoint_final.pth, only checkpoint_best.pth; choose that state, or finish the training"))
        }
        // Where only the network of all cases is there, it is taken.
        let only = try MadeResults.with { try read($0.add(folds: ["all"])).members.map(\.name) }
        #expect(only == ["fold_all"])
    }

    @Test(arguments: [
        (PickleValue?.some(.tuple([.int(1), .int(0)])), "nnUNetTrainer", [0, 1], "The axes [0, 1] are mirrored, as the checkpoint says."),
        (PickleValue?.some(.none), "nnUNetTrainer_4000epochs_NoMirroring", [], "No axis is mirrored, as the checkpoint says."),
        (PickleValue?.none, "nnUNetTrainer", [], "No axis is mirrored: the checkpoint says nothing about it, and so do nnU-Net and its trainer nnUNetTrainer."),
        (PickleValue?.none, "nnUNetTrainerNoMirroring", [], "No axis is mirrored"),
        (PickleValue?.none, "nnUNetTrainer_onlyMirror01_1500ep", [0, 1], "The axes [0, 1] are mirrored"),
    ])
    func `Mirrored axes are the checkpoint's, or follow from the trainer`(axes: PickleValue?, trainer: String, expected: [Int], note: String) throws {
        try MadeResults.with { results in
            let model = try read(results.add(trainer: trainer, axes: axes))
            #expect(model.plan.inference.mirrorAxes == expected && model.notes[0].hasPrefix(note), "\(model.notes)")
        }
    }

    @Test func `Of several configurations one is chosen, or the best is known`() throws {
        try MadeResults.with { results in
            try results.add()
            try results.add(configuration: "3d_lowres")
            let set = results.root.appending(path: "Dataset001_Made")
            let error = try #require(throws: ModelImportError.self) { try read(set) }
            #expect(
                error.description.hasSuffix(
                    "holds several models: nnUNetTrainer__nnUNetPlans__3d_fullres, nnUNetTrainer__nnUNetPlans__3d_lowres; choose one"))
            #expect(try read(set, ModelChoice(configuration: "3d_lowres")).plan.targetSpacing == [2, 2, 2])
            #expect(throws: ModelImportError.self) { try read(set, ModelChoice(configuration: "2d")) }
            func best(_ configurations: [String]) throws {
                let models = configurations.map { #"{"configuration": "\#($0)", "trainer": "nnUNetTrainer", "plans_identifier": "nnUNetPlans"}"# }
                try results.put(
                    #"{"best_model_or_ensemble": {"selected_model_or_models": [\#(models.joined(separator: ", "))]}}"#,
                    at: "Dataset001_Made/inference_information.json")
            }
            try results.put("{", at: "Dataset001_Made/inference_information.json")
            #expect(try #require(throws: ModelImportError.self) { try read(set) }.description.contains("does not name the best configuration"))
            try best(["3d_lowres"])
            #expect(try read(set).plan.targetSpacing == [2, 2, 2])
            // An ensemble is both, also where only one of them has been exported.
            try best(["3d_lowres", "3d_fullres"])
            #expect(try read(set).others.count == 1)
            try FileManager.default.removeItem(at: set.appending(path: "nnUNetTrainer__nnUNetPlans__3d_fullres"))
            let rest = try read(set)
            #expect(rest.others.isEmpty && rest.notes.contains { $0.contains("3d_fullres to be best, of which only this is here") }, "\(rest.notes)")
            try results.add(dataset: "Dataset002_Other")
            #expect(
                try #require(throws: ModelImportError.self) { try read(results.root) }.description.contains(
                    "several data sets: Dataset001_Made, Dataset002_Other"))
        }
    }

    @Test func `An ensemble of configurations is averaged as a whole, and cleaned up as was decided for it`() throws {
        try MadeResults.with { results in
            let full = try results.add(folds: ["0", "1", "2"]), low = try results.add(configuration: "3d_lowres", folds: ["0", "1"], axes: .some(.none))
            let names = [low, full].map(\.lastPathComponent), set = results.root.appending(path: "Dataset001_Made")
            let ensemble = "ensemble___\(names[0])___\(names[1])___0_1"
            func describe(_ configurations: [String], postProcessing: String = "/elsewhere/Dataset001_Made/ensembles/\(ensemble)/postprocessing.pkl") throws {
                let models = configurations.map { #"{"configuration": "\#($0)", "trainer": "nnUNetTrainer", "plans_identifier": "nnUNetPlans"}"# }
                try results.put(
                    #"{"folds": [0, 1], "best_model_or_ensemble": {"postprocessing_file": "\#(postProcessing)", "#
                        + #""selected_model_or_models": [\#(models.joined(separator: ", "))]}}"#, at: "Dataset001_Made/inference_information.json")
            }
            func problem() throws -> String { try #require(throws: ModelImportError.self) { try read(set) }.description }
            try describe(["3d_lowres", "3d_fullres"])
            #expect(try problem().contains("there is no postprocessing.json or .pkl, though inference_information.json names it"))
            func put(_ labels: String, at folder: String) throws {
                try results.put(
                    #"{"postprocessing_fns": ["remove_all_but_largest_component_from_segmentation"], "postprocessing_kwargs": [{"labels_or_regions": \#(labels)}]}"#,
                    at: "Dataset001_Made/\(folder)/postprocessing.json")
            }
            try put("[1, 2]", at: "ensembles/\(ensemble)")
            // What was decided for one of them alone does not count.
            try put("2", at: "\(names[1])/crossval_results_folds_0_1")
            let model = try read(set), other = try #require(model.others.first)
            #expect(model.title == "nnU-Net v2: Dataset001_Made, ensemble of \(names[0]) and \(names[1])" && model.others.count == 1)
            // The folds that it was found with, though there is a third.
            #expect((model.members + other.members).map(\.name) == names.flatMap { ["\($0)/fold_0", "\($0)/fold_1"] })
            #expect(model.plan.targetSpacing == [2, 2, 2] && model.plan.inference.mirrorAxes == [])
            #expect(other.plan.targetSpacing == [1, 1, 1] && other.plan.inference.mirrorAxes == [0, 2])
            #expect([model, other].allSatisfy { $0.plan.postProcessing == PostProcessing(keepLargest: [[1, 2]]) })
            #expect(model.notes[0].hasSuffix("are averaged on the grid of the scan and decided there, as nnUNetv2_ensemble does."))
            #expect(model.notes.contains("\(names[1]): The axes [0, 2] are mirrored, as the checkpoint says."))
            // One of them alone has its own clean-up, and the folds that are chosen.
            let alone = try read(set, ModelChoice(folds: ["2"], configuration: "3d_fullres"))
            #expect(alone.others.isEmpty && alone.members.map(\.name) == ["fold_2"] && alone.plan.postProcessing?.keepLargest == [[2]])

            try results.add(configuration: "3d_cascade_fullres", folds: ["0", "1"])
            try describe(["3d_fullres", "3d_cascade_fullres"])
            let cascade = try problem()
            #expect(cascade.contains("cannot be made: ") && cascade.contains("is the second stage of a cascade after 3d_lowres"))
            let flat = MadeResults.plans().replacing(/, (1|2|3|16)\]/) { $0.1 == "2" ? ", 2]" : "]" }.replacing("[2, 2, 2]", with: "[2, 2]")
                .replacing("3d_fullres", with: "2d").replacing(#""3d_lowres": {"inherits_from": "2d", "spacing": [2, 2]},"#, with: "")
            try results.add(configuration: "2d", folds: ["0", "1"], axes: .tuple([.int(0), .int(1)]), plans: flat)
            try describe(["2d", "3d_fullres"])
            let mixed = try read(set), flatPlan = mixed.plan, network = try #require(flatPlan.network?.configuration as? NNUNetConfiguration)
            #expect(mixed.others.map(\.plan.isTwoDimensional) == [false] && flatPlan.isTwoDimensional)
            #expect(flatPlan.patchSize == [1, 16, 16] && flatPlan.targetSpacing == [1, 1, 1] && flatPlan.inference.mirrorAxes == [1, 2])
            #expect(network.kernels == [[1, 3, 3], [1, 3, 3]] && network.strides == [[1, 1, 1], [1, 2, 2]])
            #expect(mixed.notes.contains { $0.hasSuffix("The axes [1, 2] are mirrored, as the checkpoint says.") })
        }
    }

    @Test(arguments: [
        ("SimpleITKIO", String?.none), ("NibabelIO", nil), ("NibabelIOWithReorient", "RAS"), ("SimpleITKIOWithReorient", "RAS"),
    ])
    func `A reader that turns scans is an orientation`(reader: String, orientation: String?) throws {
        try MadeResults.with { results in
            let plans = MadeResults.plans().replacingOccurrences(of: "SimpleITKIO", with: reader)
            let plan = try read(results.add(plans: plans)).plan
            #expect(plan.orientation?.text == orientation)
        }
    }

    @Test func `What cannot be honored is refused by name`() throws {
        func problem(_ make: (MadeResults) throws -> URL, _ choice: ModelChoice = ModelChoice()) throws -> String {
            try MadeResults.with { results in
                let place = try make(results)
                do { _ = try read(place, choice) } catch { return "\(error)" }
                return "nothing"
            }
        }
        #expect(try problem { try $0.add(trainer: "nnUNetTrainerBN") }.contains("was trained by nnUNetTrainerBN, which is not one of nnU-Net's own"))
        #expect(try problem { try $0.add(trainer: "nnUNet_Primus_M_Trainer") }.contains("was trained by nnUNet_Primus_M_Trainer"))
        #expect(try problem({ try $0.add(trainer: "nnUNetTrainerMine") }, ModelChoice(trustsTrainer: true)) == "nothing")
        #expect(try problem { try $0.add(plans: MadeResults.plans(network: "Primus")) }.contains("its network x.Primus is not known here"))
        #expect(
            try problem { try $0.add(plans: MadeResults.plans(settings: #", "norm_op": "torch.nn.BatchNorm3d""#)) }
                .contains("the network of its configuration 3d_fullres has norm_op torch.nn.BatchNorm3d, which the networks here have not"))
        for reader in ["Tiff3DIO", "NaturalImage2DIO", "MyIO"] {
            #expect(
                try problem { try $0.add(plans: MadeResults.plans().replacingOccurrences(of: "SimpleITKIO", with: reader)) }
                    .contains("its scans are read by \(reader), which is not known here; known are NibabelIO, NibabelIOWithReorient, SimpleITKIO and"))
        }
        #expect(
            try problem { try $0.add(configuration: "3d_cascade_fullres") }
                .contains("its configuration 3d_cascade_fullres is the second stage of a cascade after 3d_lowres"))
        #expect(
            try problem { try $0.add(trainedOn: "Dataset009_Else") }
                .contains("was trained with the plan of Dataset009_Else, but the plan beside it is that of Dataset001_Made"))
        #expect(
            try problem { results in
                let training = try results.add(folds: ["0"])
                try results.add(folds: ["1"], trainedOn: "Dataset009_Else")
                return training
            }.contains("Dataset009_Else, 3d_fullres"))
        #expect(
            try problem { try $0.add(axes: .tuple([.int(3)])) }.contains("its inference_allowed_mirroring_axes are none; each of 0, 1, 2 may stand there once"))
        #expect(
            try problem { results in
                let training = try results.add()
                try PyTorchArchive.write([("w", StoredArray([1] as [Float], shape: [1]))], to: training.appending(path: "fold_0/checkpoint_final.pth"))
                return training
            }.contains("it has no network_weights, so it is no checkpoint of nnU-Net v2"))
        // A pickle that would run something is read as data.
        #expect(
            try problem { results in
                let training = try results.add(), file = training.appending(path: "fold_0/checkpoint_final.pth")
                try FileManager.default.removeItem(at: file)
                try FileManager.default.copyItem(at: Fixtures.url("archives/trap.pth"), to: file)
                return training
            }.contains("it has no network_weights, so it is no checkpoint of nnU-Net v2"))
        #expect(!FileManager.default.fileExists(atPath: "ARCHIVE_TEST_WAS_RUN"))
        #expect(try problem { try $0.add(folds: []) }.contains("has no folder fold_0 with a checkpoint"))
        #expect(
            try problem { results in
                let training = try results.add()
                try FileManager.default.removeItem(at: training.appending(path: "fold_0/checkpoint_final.pth"))
                return training
            }.contains("fold_0 has no checkpoint_final.pth; the training has left nothing there"))
        #expect(
            try problem { results in
                let training = try results.add()
                let file = training.appending(path: "fold_0/checkpoint_final.pth")
                try Data(contentsOf: file).prefix(300).write(to: file)
                return training
            }.contains("a zip file without its directory at the end: cut short, or not a zip file"))
    }

    @Test(arguments: [
        (#"{"postprocessing_fns": [], "postprocessing_kwargs": []}"#, [[Int]]()),
        (
            #"""
            {"postprocessing_fns": ["remove_all_but_largest_component_from_segmentation", "remove_all_but_largest_component_from_segmentation"],
             "postprocessing_kwargs": [{"labels_or_regions": [1, 2]}, {"labels_or_regions": 2}]}
            """#, [[1, 2], [2]]
        ),
        (
            #"{"postprocessing_fns": ["remove_all_but_largest_component_from_segmentation"], "postprocessing_kwargs": [{"labels_or_regions": [[1, 2], 2]}]}"#,
            [[1, 2]]
        ),
    ])
    func `Masks are cleaned up as was decided`(json: String, expected: [[Int]]) throws {
        try MadeResults.with { results in
            let training = try results.add()
            try results.put(json, at: "Dataset001_Made/\(training.lastPathComponent)/crossval_results_folds_0/postprocessing.json")
            #expect(try read(training).plan.postProcessing?.keepLargest ?? [] == expected)
        }
    }

    @Test(arguments: [
        (#"{"postprocessing_fns": ["smooth"], "postprocessing_kwargs": [{}]}"#, "its smooth is not known here"),
        (
            #"{"postprocessing_fns": ["remove_all_but_largest_component_from_segmentation"], "postprocessing_kwargs": [{"labels_or_regions": [7]}]}"#,
            "cleans up the values [7], which are no labels of the data set"
        ),
        ("{", "it has no postprocessing_fns with as many postprocessing_kwargs"),
    ])
    func `Other clean-ups are refused`(json: String, expected: String) throws {
        try MadeResults.with { results in
            let training = try results.add()
            try results.put(json, at: "Dataset001_Made/\(training.lastPathComponent)/crossval_results_folds_0/postprocessing.json")
            #expect(try #require(throws: ModelImportError.self) { try read(training) }.description.contains(expected))
        }
    }

    @Test func `Other folders are none of this tool's`() throws {
        let none = try Fixtures.withTemporaryFolder { try NNUNetV2Importer().model(at: $0, ModelChoice()) }
        #expect(none?.title == nil)
    }
}
