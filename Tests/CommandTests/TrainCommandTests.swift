import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTraining
import UNETRVolumes

struct TrainCommandTests {
    private func arguments(_ dataset: URL, _ plan: URL, _ run: URL, _ more: [String] = []) -> [String] {
        [
            "train", dataset.path, "-o", run.path, "--plan", plan.path, "--epochs", "3", "--iterations", "4", "--seed", "7", "--device", "cpu",
            "--threads", "2", "--precision", "float32",
        ] + more
    }

    private func bytes(_ run: URL) throws -> [Data] {
        try ["log.jsonl", "latest/checkpoint.safetensors", "model.unetrpp/model.safetensors"].map { try Data(contentsOf: run.appending(path: $0)) }
    }

    @Test func `Killed at any moment and resumed, training gives the bits of an unbroken run`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder)
            let plan = folder.appending(path: "plan.json")
            try TinyModel.plan().write(to: plan)
            let (whole, broken) = (folder.appending(path: "whole"), folder.appending(path: "broken"))
            try CommandLineTool.succeed(arguments(dataset, plan, whole))

            // Kill -9 after a while that grows, so that the preparation, an epoch and the writing of files are hit in turn.
            for milliseconds in [50, 200, 400, 700] {
                let started = try CommandLineTool.start(arguments(dataset, plan, broken, ["--resume"]))
                Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
                kill(started.process.processIdentifier, SIGKILL)
                started.process.waitUntilExit()
            }
            try CommandLineTool.succeed(arguments(dataset, plan, broken, ["--resume"]))
            #expect(try bytes(whole) == bytes(broken))

            try CommandLineTool.fail(arguments(dataset, plan, whole), saying: ["holds a training run already", "--resume"])
            try CommandLineTool.fail(arguments(dataset, plan, whole, ["--resume", "--epochs", "9"]), saying: ["has epochs 3", "epochs 9"])

            // The scans it was not trained on, and only they, for a decision on cross-validation results.
            let held = try CrossValidation.folds((0..<6).map { "case_\($0)" })[0].validation
            let images = dataset.appending(path: "images"), masks = folder.appending(path: "masks")
            let segment = ["segment", images.path, "-o", masks.path, "--validation-of", whole.path, "--no-mirroring", "--device", "cpu"]
            try CommandLineTool.succeed(segment)
            #expect(try FileManager.default.contentsOfDirectory(atPath: masks.path).sorted() == held.map { "\($0).nii.gz" }.sorted())
            try FileManager.default.removeItem(at: images.appending(path: "\(held[0]).nii.gz"))
            try CommandLineTool.fail(segment, saying: ["1 scans that", "kept for validation are not in", held[0]])
            try CommandLineTool.fail(arguments(dataset, plan, whole, ["--resume"]), saying: ["the run's split has 1 case that the data set lacks: \(held[0])"])

            // All else is the run's, and need not be said again.
            let short = ["train", "--resume", "-o", whole.path, "--device", "cpu", "--threads", "2"]
            try CommandLineTool.succeed(short)
            #expect(try bytes(whole) == bytes(broken))
            try CommandLineTool.fail(short + ["--seed", "8"], saying: ["has seed 7", "seed 8", "leave that out"])
            try CommandLineTool.fail(short + ["--fold", "1"], saying: ["was started with 0 as fold, not 1"])
            try CommandLineTool.fail(short + ["--network", "unetr"], saying: ["the network unetr", "--network"])
            try CommandLineTool.fail(short + ["--init", plan.path], saying: ["starts from new weights", "--init"])
            try CommandLineTool.fail(["train", "-o", whole.path], saying: ["the folder of the data set is missing"])
            try CommandLineTool.fail(["train", "--resume", "-o", folder.appending(path: "no").path], saying: ["there is none to resume"])
            let lock = try FolderLock(whole)
            try CommandLineTool.fail(short, saying: ["is in use by process \(getpid())", "choose another folder"])
            _ = lock
        }
    }

    @Test func `A budget sets the number of epochs, is the run's, and stands alone`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (dataset, run, plan) = (try TinyData.dataset(in: folder), folder.appending(path: "run"), folder.appending(path: "plan.json"))
            let (settings, epochs) = (folder.appending(path: "settings.json"), folder.appending(path: "epochs.json"))
            try TinyModel.plan().write(to: plan)
            try Data(#"{"iterationsPerEpoch": 4, "estimationIterations": 2}"#.utf8).write(to: settings)
            try Data(#"{"epochs": 4}"#.utf8).write(to: epochs)
            func words(_ budget: String, _ settings: URL, _ more: String...) -> [String] {
                [
                    "train", dataset.path, "-o", run.path, "--plan", plan.path, "--device", "cpu", "--threads", "2", "--budget", budget, "--settings",
                    settings.path,
                ]
                    + more
            }
            for budget in ["soon", "0h", "1.5h", "30m1h"] {
                try CommandLineTool.fail(words(budget, settings), saying: ["--budget is '\(budget)'; expected a time such as 2h, 90m or 1h30m, or voxels"])
            }
            try CommandLineTool.fail(words("2h", settings, "--epochs", "3"), saying: ["the number of epochs follows from --budget; leave out --epochs"])
            try CommandLineTool.fail(words("2h", epochs), saying: ["follows from the budget 2h, so it cannot be given in \(epochs.path)", "--settings"])
            #expect(!FileManager.default.fileExists(atPath: run.path))
            let least = 5 * 4 * 2 * 4096
            try CommandLineTool.fail(words("163839-voxels", settings), saying: ["5 epochs of 4 steps need \(least)-voxels"])
            #expect(!TrainingRun(folder: run).exists)
            try CommandLineTool.succeed(words("200k-voxels", settings))
            let description = try TrainingRun(folder: run).readDescription()
            #expect(description.configuration.epochs == 6 && description.configuration.iterationsPerEpoch == 4)
            #expect(description.budget?.budget == .voxels(200_000) && TrainingRun(folder: run).records().count == 6)
            // The same words go on with it, those of another budget do not.
            try CommandLineTool.succeed(words("200k-voxels", settings, "--resume"))
            #expect(try TrainingRun(folder: run).readDescription() == description)
            try CommandLineTool.fail(words("2h", settings, "--resume"), saying: ["has the budget 200k-voxels, so it cannot go on with budget 2h"])
        }
    }

    @Test func `A model is tuned on other data from the command line, and what does not fit is refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (dataset, run) = (try TinyData.dataset(in: folder), folder.appending(path: "run"))
            let model = try TinyModel.bundle(TinyModel.plan([.init(name: "label 1", value: 1), .init(name: "shell", value: 2)]), in: folder).url
            func words(_ more: String...) -> [String] {
                ["finetune", model.path, dataset.path, "-o", run.path, "--device", "cpu", "--threads", "2", "--precision", "float32", "--iterations", "2"]
                    + more
            }
            try CommandLineTool.fail(words("--freeze", "decoder"), saying: ["decoder"])
            try CommandLineTool.fail(words("--layer-decay", "2"), saying: ["--layer-decay is 2.0; expected 0.01 to 1"])
            try CommandLineTool.fail(words("--budget", "2h", "--epochs", "1"), saying: ["the number of epochs follows from --budget"])
            try CommandLineTool.fail(
                ["finetune", folder.appending(path: "nowhere.unetrpp").path, dataset.path, "-o", run.path],
                saying: ["nowhere.unetrpp", "there is no such folder"])
            #expect(!TrainingRun(folder: run).exists)
            let result = try CommandLineTool.run(words("--epochs", "1", "--freeze", "none", "--layer-decay", "0.5")), talk = result.errors
            #expect(
                result.status == 0 && talk.contains("Tuning: the model's outputs for shell are left out")
                    && talk.contains("Start: tuned further from m.unetrpp"), "\(talk)")
            let description = try TrainingRun(folder: run).readDescription()
            #expect(description.configuration.freeze == TrainingConfiguration.FrozenPart.none && description.configuration.layerDecay == 0.5)
            try CommandLineTool.succeed(words("--epochs", "1", "--resume"))
            try CommandLineTool.fail(words("--epochs", "1", "--resume", "--freeze", "encoder"), saying: ["has freeze \"none\"", "freeze \"encoder\""])
            #expect(try TrainingRun(folder: run).readDescription() == description)
        }
    }

    @Test func `Bad settings, plans and data sets are refused with a sentence`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder)
            let run = folder.appending(path: "run")
            let settings = folder.appending(path: "settings.json")
            try Data(#"{"epochs": 0}"#.utf8).write(to: settings)
            let plan = folder.appending(path: "plan.json")
            try TinyModel.plan().write(to: plan)
            try CommandLineTool.fail(
                ["train", dataset.path, "-o", run.path, "--plan", plan.path, "--settings", settings.path], saying: ["'epochs' is 0", "from 1 to 1000000"])
            #expect(!FileManager.default.fileExists(atPath: run.appending(path: "prepared").path))
            // A split that cannot be made is refused before the scans are looked at and prepared.
            try CommandLineTool.fail(["train", dataset.path, "-o", run.path, "--fold", "published"], saying: ["published"])
            #expect(!FileManager.default.fileExists(atPath: run.appending(path: "prepared").path))
            try CommandLineTool.fail(["train", dataset.path, "-o", run.path, "--plan", settings.path], saying: ["settings.json"])
            try CommandLineTool.fail(["train", folder.appending(path: "nowhere").path, "-o", run.path], saying: ["nowhere"])
            try CommandLineTool.fail(["train", dataset.path, "-o", run.path, "--fold", "first"], saying: ["--fold is first"])
        }
    }

    @Test func `A split that cannot be made is refused before anything is prepared`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder)
            let (run, plan, splits) = (folder.appending(path: "run"), folder.appending(path: "plan.json"), folder.appending(path: "mine.json"))
            try TinyModel.plan().write(to: plan)
            try Data(#"[{"train": ["case_0"], "val": ["case_9"]}]"#.utf8).write(to: splits)
            for (words, sentence) in [
                (["--fold", "published"], "none of the published benchmarks"), (["--fold", "7"], "there is no fold 7; expected 0 to 4"),
                (["--fold", "published", "--preset", "synapse"], "the published split of synapse names 30 cases that the data set lacks"),
                (["--group", "patient[0-9]+"], "finds nothing in 6 cases: case_0"), (["--group", "case"], "cannot make 5 folds of 1 groups"),
                (["--splits", splits.path], "names 1 case in val that the data set lacks: case_9"),
                (["--splits", splits.path, "--fold", "1"], "the only split of"),
                (["--group-file", folder.appending(path: "nowhere.csv").path], "nowhere.csv"),
            ] {
                try CommandLineTool.fail(arguments(dataset, plan, run, words), saying: [sentence])
                #expect(!FileManager.default.fileExists(atPath: run.appending(path: "prepared").path), "\(words)")
            }
        }
    }

    @Test func `The split of a run is recorded with its groups, copies of a scan included, and is the resumed run's`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 8)
            let (run, plan) = (folder.appending(path: "run"), folder.appending(path: "plan.json"))
            try TinyModel.plan().write(to: plan)
            for (copy, name) in [("images", "case_7"), ("labels", "case_7")] {
                let file = dataset.appending(path: "\(copy)/\(name).nii.gz")
                try FileManager.default.removeItem(at: file)
                try FileManager.default.copyItem(at: dataset.appending(path: "\(copy)/case_3.nii.gz"), to: file)
            }
            let table = folder.appending(path: "patients.csv")
            try Data("case,patient\ncase_0,A\ncase_1,A\n\((2..<8).map { "case_\($0),\($0)" }.joined(separator: "\n"))\n".utf8).write(to: table)
            try CommandLineTool.succeed(arguments(dataset, plan, run, ["--group-file", table.path, "--fold", "1"]))
            let recorded = try TrainingRun(folder: run).readDescription()
            let origin = try #require(recorded.split)
            #expect(origin.groups == ["A": ["case_0", "case_1"], "3 + 7": ["case_3", "case_7"]])
            #expect(origin.grouping == "the column patient of patients.csv and equal voxels of one scan under several names")
            #expect(origin.request.fold == "1" && origin.request.groupFile == table.path)
            let groups = CaseGroups(Dictionary(uniqueKeysWithValues: (0..<8).map { ("case_\($0)", ["A", "A", "2", "3", "4", "5", "6", "3"][$0]) }), origin: "")
            #expect(groups.torn(by: recorded.fold) == [])
            #expect(recorded.fold.training.count + recorded.fold.validation.count == 8)

            // Nothing of it has to be said again, nor may it be contradicted.
            try FileManager.default.removeItem(at: table)
            try CommandLineTool.succeed(arguments(dataset, plan, run, ["--resume"]))
            #expect(try TrainingRun(folder: run).readDescription() == recorded)
            try CommandLineTool.fail(arguments(dataset, plan, run, ["--resume", "--fold", "2"]), saying: ["with 1 as fold, not 2"])
        }
    }

    @Test func `Without a plan the data set is planned for; the plan command writes the same`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 5)
            let plan = folder.appending(path: "plan.json")
            try CommandLineTool.succeed(["plan", dataset.path, "-o", plan.path, "--feature-size", "2"])
            let read = try Plan(contentsOf: plan)
            #expect(read.patchSize.allSatisfy { $0 % 8 == 0 } && read.labels.outputCount == 2)
            try CommandLineTool.fail(["plan", dataset.path, "-o", plan.path], saying: ["--force"])
            #expect(try CommandLineTool.succeed(["dataset", "check", dataset.path]).contains("5 cases"))
            try FileManager.default.removeItem(at: dataset.appending(path: "labels/case_2.nii.gz"))
            try Data("x".utf8).write(to: dataset.appending(path: "labels/case_2.nii.gz"))
            let report = try CommandLineTool.run(["dataset", "check", dataset.path])
            #expect(report.status == 1 && report.output.contains("case_2"))
        }
    }
}
