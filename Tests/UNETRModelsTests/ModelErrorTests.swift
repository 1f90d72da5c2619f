import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRPlanning

@testable import UNETRModels

/// The sentences of every error of models, whole, and the figures that 8 bits are judged by.
struct ModelErrorTests {
    @Test(arguments: [
        (ModelImportError.unknown(path: "/m", known: ["a", "b"]), "/m is no model that is known here; known are a; b"),
        (.several(path: "/m", what: "configurations", names: ["2d", "3d"]), "/m holds several configurations: 2d, 3d; choose one"),
        (.several(path: "/m", what: "models", names: []), "/m holds several models: nothing; choose one"),
        (.missing(path: "/m", what: "fold 3", present: []), "/m has no fold 3"),
        (.missing(path: "/m", what: "fold 3", present: ["0", "1"]), "/m has no fold 3, only 0, 1"),
        (.noCheckpoint(path: "/m", name: "final", present: []), "/m has no final; the training has left nothing there"),
        (
            .noCheckpoint(path: "/m", name: "final", present: ["best", "latest"]),
            "/m has no final, only best, latest; choose that state, or finish the training"
        ),
        (
            .ensemble(path: "/m", names: ["a", "b"], problem: "b is 2D"),
            "/m: the best of its configurations is the ensemble of a, b, which cannot be made: b is 2D; choose one of them"
        ),
        (
            .trainer(path: "/m", name: "Mine"),
            "/m was trained by Mine, which is not one of nnU-Net's own trainers and may have changed the network; if it has not, say so"
        ),
        (.network(path: "/m", name: "X"), "/m: its network X is not known here"),
        (
            .otherPlan(checkpoint: "/c", found: "a", expected: "b"),
            "/c was trained with the plan of a, but the plan beside it is that of b; take both from one training"
        ),
        (.checkpoint(path: "/c", problem: "it is empty"), "/c: it is empty"),
        (.weights(path: "/c", problem: "no key"), "/c does not fit the plan beside it: no key"),
        (.nothingToChoose(path: "/m"), "/m is one model in one configuration; there is nothing to choose"),
        (.archive(sentence: "in the archive", cause: .yaml(path: "x")), "in the archive"),
        (
            .bestConfiguration(path: "/m"),
            "/m does not name the best configuration (best_model_or_ensemble, selected_model_or_models); choose one, or remove the file"
        ),
        (.setting(path: "/m", place: "Spacingd", problem: "it has no pixdim"), "/m: Spacingd: it has no pixdim"),
        (
            .yaml(path: "/m.yaml"),
            "/m.yaml is YAML, which is not read; write the same as configs/inference.json (in Python: json.dump(yaml.safe_load(file), other))"
        ),
        (
            .torchScript(path: "/m.ts"),
            "/m.ts is TorchScript, a program with its weights, which is not run; put the weights alone (model.pt, the network's state_dict) beside it"
        ),
        (.noWeights(path: "/m", name: "model.pt", list: nil), "/m has no model.pt; put the network's weights there"),
        (
            .noWeights(path: "/m", name: "model.pt", list: "large_files.yml"),
            "/m has no model.pt; large_files.yml says where its weights are kept: put them there first"
        ),
        (.postProcessing(path: "/p", problem: "it is odd"), "/p: it is odd"),
    ])
    func `An error of another tool's model is one sentence`(_ error: ModelImportError, _ sentence: String) {
        #expect(error.description == sentence)
    }

    @Test(arguments: [
        (QuantizationError.damaged(path: "/q", problem: "cut off."), "/q is damaged (cut off); quantize the model anew"),
        (.version(path: "/q", found: 7), "/q has version 7, expected 1; quantize the model anew"),
        (.foreign(path: "/q"), "/q was made for other weights than those beside it; quantize the model anew"),
        (.processor, "this processor has no instruction for 8-bit products (AVX-512 VNNI, AVX-VNNI or AMX)"),
        (
            .nothingToGain("mednext"),
            "this mednext has no convolution that reaches over neighbors and takes all channels, which is what 8 bits make faster; use it as it is"
        ),
        (.architecture("x"), "x cannot be computed in 8 bits, because the compiled engine does not take it"),
        (.exists(path: "/q"), "/q is already there; choose another name, or remove it first"),
        (.noScans, "there are no calibration scans; name some scans like those that the model will segment"),
        (
            .nonFinite,
            "the network's values are not finite on a calibration scan; its weights are damaged, or the scan is unlike those it was trained on"
        ),
        (
            .nothingToCompare(scans: 3),
            "float32 and 8 bits find no structure in 3 calibration scans, so nothing shows that they agree; calibrate with scans that hold the structures"
        ),
        (
            .disagreement(found: 0.91236, limit: 0.95),
            "the masks in 8 bits agree with those of float32 at a mean Dice of 0.9124 only, expected 0.950 or more; nothing was saved. More or other "
                + "calibration scans may help; it can be saved all the same where that is asked for"
        ),
    ])
    func `An error of 8 bits is one sentence`(_ error: QuantizationError, _ sentence: String) {
        #expect(error.description == sentence)
    }

    @Test func `Weights that are in no known form, and folders that are no bundle, are told`() {
        #expect(WeightsFileError.missing(path: "/w").description == "/w: there is no such file or folder")
        #expect(
            WeightsFileError.unknownForm(path: "/w").description
                == "/w: the name does not say what it is; expected a bundle NAME.unetrpp, a file NAME.safetensors, or a PyTorch file "
                + "(.pth, .pt, .model, .bin, .ckpt)")
        #expect(WeightsFileError.needsPlan(path: "/w").description == "/w: a bundle holds a plan beside its weights; give one")
        #expect(
            ModelError.notABundle(path: "/b", problem: "it is empty").description
                == "/b is not a model bundle: it is empty. A bundle is a folder (NAME.unetrpp) with model.safetensors and plan.json, "
                + "which a training or a conversion writes")
    }

    @Test(arguments: [
        ("a.unetrpp", WeightsFile.Form.bundle), ("A.SafeTensors", .safetensors), ("a.pth", .pyTorch), ("a.PT", .pyTorch), ("a.model", .pyTorch),
        ("a.bin", .pyTorch),
        ("a.b.ckpt", .pyTorch),
    ])
    func `The name says the form of weights`(name: String, form: WeightsFile.Form) throws {
        #expect(try WeightsFile.Form(of: URL(filePath: "/x/\(name)")) == form)
    }

    @Test func `Weights keep their numbers in every form, and the prefix of parallel training goes`() throws {
        let state = try StateDictionary([
            ("module.a.weight", StoredArray([1.5, -2, 0, 3e38] as [Float], shape: [2, 2])), ("module.b", StoredArray([7] as [Float], shape: [1])),
        ])
        try Fixtures.withTemporaryFolder { folder in
            for name in ["w.safetensors", "w.pth", "w.ckpt"] {
                let url = folder.appending(path: name)
                try WeightsFile.write(state, to: url)
                let read = try WeightsFile.read(url)
                #expect(
                    read.entries.map(\.key) == ["a.weight", "b"] && read["a.weight"]?.floats() == [1.5, -2, 0, 3e38] && read["a.weight"]?.shape == [2, 2])
            }
            let none = folder.appending(path: "none.pth"), text = folder.appending(path: "w.txt"), bundle = folder.appending(path: "w.unetrpp")
            #expect(throws: WeightsFileError.missing(path: none.path)) { try WeightsFile.read(none) }
            try Data("x".utf8).write(to: text)
            #expect(throws: WeightsFileError.unknownForm(path: text.path)) { try WeightsFile.read(text) }
            #expect(throws: WeightsFileError.unknownForm(path: text.path)) { try WeightsFile.write(state, to: text) }
            #expect(throws: WeightsFileError.needsPlan(path: bundle.path)) { try WeightsFile.write(state, to: bundle) }
        }
    }

    @Test func `Agreement is the mean over all structures of all scans, and each has its mean and worst`() {
        let report = QuantizationReport(
            ["liver", "spleen", "none"], [[(dice: 1, hd95: 0), (dice: 0.9, hd95: 3), (dice: 0.5, hd95: 6)], [(dice: 0.6, hd95: 1.5)], []],
            secondsInFloat32: 2, secondsInEightBits: 0.5)
        #expect(report.structures.map(\.name) == ["liver", "spleen", "none"] && report.structures.map(\.scans) == [3, 1, 0])
        #expect(report.structures.map(\.meanDice) == [(1 + 0.9 + 0.5) / 3, 0.6, nil] && report.structures.map(\.lowestDice) == [0.5, 0.6, nil])
        #expect(report.structures.map(\.meanHD95) == [3, 1.5, nil] && report.structures.map(\.largestHD95) == [6, 1.5, nil])
        #expect(abs(report.agreement! - 0.75) < 1e-15 && report.secondsInFloat32 == 2 && report.secondsInEightBits == 0.5)
        #expect(QuantizationReport(["a"], [[]], secondsInFloat32: 1, secondsInEightBits: 1).agreement == nil)
    }

    @Test func `The file of ranges keeps them, and one of another form is refused with what is wrong`() throws {
        var quantization = Quantization(weights: "abc", ranges: ["a": -1.5...2, "b": 0...0.1], scans: ["x", "y"], patches: 12)
        quantization.report = QuantizationReport(["a"], [[(dice: 0.98, hd95: 1)]], secondsInFloat32: 2, secondsInEightBits: 1)
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "quantization.json")
            try quantization.write(to: url)
            #expect(try Quantization(contentsOf: url) == quantization)
            let text = try String(contentsOf: url, encoding: .utf8)
            for (old, new, expected) in [
                ("\"version\" : 1", "\"version\" : 2", QuantizationError.version(path: url.path, found: 2)),
                ("\"version\" : 1", "\"version\" : \"one\"", .damaged(path: url.path, problem: "version is \"one\", but a whole number is expected")),
                ("\"patches\" : 12", "\"patches\" : 1.5", .damaged(path: url.path, problem: "patches is 1.5, but a whole number is expected")),
                ("\"weights\" : \"abc\"", "\"other\" : \"abc\"", .damaged(path: url.path, problem: "the field weights is missing")),
                (
                    "-1.5", "-1e39",
                    .damaged(path: url.path, problem: "ranges.a[0] is -1e+39, but a number of single precision, up to 3.4e38, is expected")
                ),
            ] {
                #expect(text.contains(old))
                try Data(text.replacing(old, with: new).utf8).write(to: url)
                #expect(throws: expected) { try Quantization(contentsOf: url) }
            }
            try Data("{".utf8).write(to: url)
            #expect(
                throws: QuantizationError.damaged(
                    path: url.path, problem: "the file is not JSON (it may be cut off or not the file you meant)")
            ) { try Quantization(contentsOf: url) }
        }
    }
}
