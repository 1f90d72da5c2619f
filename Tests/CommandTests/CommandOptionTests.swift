import ArgumentParser
import Foundation
import Testing
import UNETRArchitectures
import UNETREngines
import UNETREvaluation
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorch
import UNETRTraining
import UNETRVolumes
import UNETRWorkflows

@testable import unetrpp

/// What words of a command line become for the library, and what commands add to its errors; in this process.
struct CommandOptionTests {
    @Test(
        arguments: [
            ("8G", 8 << 30), ("900M", 900 << 20), ("1k", 1024), ("2T", 2 << 40), ("1.5G", 3 << 29), ("4096", 4096), ("8GB", 8 << 30), ("8GiB", 8 << 30),
            ("0.5", nil),
            ("4611686018427387903T", nil), ("-1G", nil), ("0", nil), ("nan", nil), ("inf", nil), ("G", nil), ("", nil), ("B", nil), ("8 G", nil), ("8Gx", nil),
        ] as [(String, Int?)])
    func `Sizes are read with their units`(text: String, bytes: Int?) { #expect(ByteCount.parse(text) == bytes) }

    @Test(arguments: [(0.0, "0 s"), (0.6, "1 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (3600, "1 h 0 min"), (100_000, "27 h 46 min")])
    func `Durations are said in two units`(seconds: Double, text: String) { #expect(ProgressBar.duration(seconds) == text) }

    @Test func `What is asked of the planner reaches it`() throws {
        func request(_ words: String...) throws -> PlanningRequest { try PlanCommand.parse(["d"] + words).planning.request }
        let usual = try request()
        #expect(usual.planner == .own && usual.memory == nil && usual.preset == .byName && usual.featureSize == 16 && usual.architecture == nil)
        let own = try request("--memory", "2G", "--preset", "acdc", "--feature-size", "8", "--network", "unetr")
        #expect(own.memory == 2 << 30 && own.preset == .benchmark(.acdc) && own.featureSize == 8 && own.architecture == .unetr)
        #expect(try request("--preset", "none").preset == .free)
        #expect(try request("--planner", "resenc-xl").planner == .nnUNetV2(.residualXL, .fullResolution))
        #expect(try request("--planner", "nnunet", "--configuration", "3d_lowres").planner == .nnUNetV2(.nnUNet, .lowResolution))
    }

    @Test func `What is asked of a split reaches it, and nothing else`() throws {
        func wish(_ words: String...) throws -> SplitWish { try TrainCommand.parse(["d", "-o", "r"] + words).folds.wish }
        #expect(try wish() == SplitWish())
        #expect(
            try wish("--fold", "2", "--group-file", "t.csv", "--group-column", "site", "--splits", "none")
                == SplitWish(fold: "2", groupFile: "t.csv", groupColumn: "site", splits: "none"))
        #expect(try wish("--group", "p[0-9]+") == SplitWish(group: "p[0-9]+"))
    }

    @Test func `What is asked of a score reaches it`() throws {
        func request(_ words: String...) throws -> ScoringRequest { try EvaluateCommand.parse(["p", "r"] + words).scoring.request }
        let usual = try request()
        #expect(usual.definition == .default && usual.tolerances == [1, 2] && usual.classes == nil && usual.labels == nil && usual.ignoredLabel == nil)
        #expect(usual.lesions == nil && usual.surfaces && !usual.resamples && !usual.onlyMatched && usual.threads == nil)
        let own = try request(
            "--definition", "medpy-0.4", "--tolerances", "0.5, 3", "--classes", "2+1=both,3", "--labels", "l.json", "--ignore-label", "9", "--lesions", "18",
            "--overlap-only", "--resample", "--only-matched", "--threads", "3")
        #expect(
            own.definition == .medpy04 && own.tolerances == [0.5, 3] && own.classes?.map(\.key) == ["1+2", "3"] && own.labels?.lastPathComponent == "l.json")
        #expect(own.ignoredLabel == 9 && own.lesions?.connectivity == .edges && !own.surfaces && own.resamples && own.onlyMatched && own.threads == 3)
        #expect(try EvaluateCommand.parse(["p", "r", "--seed", "18446744073709551615"]).scoring.seed == .max)
    }

    @Test func `Which of another tool's networks are taken is said part by part`() throws {
        func choice(_ words: String...) throws -> ModelChoice { try SegmentCommand.parse(["s", "-o", "o", "--model", "m"] + words).models.choice }
        #expect(try choice() == ModelChoice())
        #expect(
            try choice("--folds", "0, 3,all", "--checkpoint", "best", "--configuration", "3d_fullres", "--trust-trainer")
                == ModelChoice(folds: ["0", "3", "all"], checkpoint: .best, configuration: "3d_fullres", trustsTrainer: true))
    }

    @Test func `Forms of masks are listed, each once, whatever their case`() throws {
        func forms(_ words: String...) throws -> [MaskForm] { try SegmentCommand.parse(["s", "-o", "o", "--model", "m"] + words).forms.forms }
        #expect(try forms() == [] && forms("--output-format", "NIfTI, dicom-seg,nifti") == [.nifti, .dicomSegmentation])
    }

    @Test func `8 bits are allowed only where no precision is asked for`() throws {
        func runtime(_ words: String...) throws -> RuntimeOptions { try SegmentCommand.parse(["s", "-o", "o", "--model", "m"] + words).runtime }
        #expect(try runtime().allowsEightBits && runtime().chosenPrecision == .automatic && runtime().device == "auto")
        #expect(try !runtime("--precision", "float32").allowsEightBits && runtime("--precision", "bfloat16").mixedPrecision(on: .cpu) == .bfloat16)
    }

    @Test func `A network is the one that is named, in the size that is asked for`() throws {
        let asked = try BenchmarkCommand.parse(["--network", "unetr", "--patch", "32x48x64", "--channels", "2", "--classes", "5"]).choice
        let network = try asked.description()
        #expect(asked.isGiven && network.architecture == .unetr && network.patchSize == [32, 48, 64] && network.inputChannels == 2 && network.classes == 5)
        let usual = try BenchmarkCommand.parse([]).choice
        #expect(try !usual.isGiven && usual.description() == NetworkPreset.synapse.network && usual.description(or: .acdc) == NetworkPreset.acdc.network)
    }

    // MARK: Advice

    private static let advice: [(any Error & Sendable, String)] = [
        (OutputError.exists(path: "/x"), "/x is already there; --force replaces it"),
        (TrainingError.runExists(path: "/r"), "/r holds a training run already; resume it, or choose another folder (--resume does that)"),
        (
            WorkflowError.madeOtherwise(mask: "/m", by: .otherOptions),
            "/m is already there, made with other options; choose another folder, or have it replaced (--force does that)"
        ),
        (
            WorkflowError.contradictsRun(path: "/r", own: "has another plan", asked: .plan(path: "/p")),
            "/r: the run has another plan, so it cannot go on with the plan /p; a run goes on with what it was started with: leave that out, or choose another "
                + "folder (that is --plan)"
        ),
        (
            EvaluationError.geometriesDiffer(case: "a", difference: "d"),
            "a: prediction and reference do not lie on the same grid: d. Resample the prediction to the reference, or correct the header that is wrong. "
                + "(--resample does that)"
        ),
        (
            PreparationError.noPublishedSplit(benchmark: nil),
            "the data set is none of the published benchmarks by its name; name one, or choose a fold (--preset names a benchmark, --fold a fold)"
        ),
        (ModelImportError.several(path: "/m", what: "tasks", names: ["a", "b"]), "/m holds several tasks: a, b; choose one (--task names one of them)"),
        (
            ModelImportError.several(path: "/m", what: "configurations", names: ["a", "b"]),
            "/m holds several configurations: a, b; choose one (--configuration names one of them, or a path to its folder)"
        ),
        (
            ModelImportError.noCheckpoint(path: "/m", name: "final", present: ["best"]),
            "/m has no final, only best; choose that state, or finish the training (--checkpoint best takes the best state)"
        ),
        (ModelImportError.archive(sentence: "/z: bad", cause: .trainer(path: "/m", name: "T")), "/z: bad (--trust-trainer)"),
        (DeviceError.absent(device: .mps, available: 0), "device mps is not there; use the device cpu (--device cpu; `unetrpp doctor` lists the devices)"),
        (
            ScanCollectionError.seriesCount(path: "/s", given: 1, channels: 2),
            "/s: 1 series were named, expected 2, one for each channel of the model (--series A,B,… does that)"
        ),
    ]

    @Test(arguments: advice.indices)
    func `What helps on the command line is added to the library's sentence`(index: Int) {
        let (error, sentence) = Self.advice[index]
        #expect("\(Advice.added(to: error))" == sentence)
    }

    @Test func `Where nothing helps the sentence stays as it is`() {
        let errors: [any Error] = [
            PreparationError.noPublishedSplit(benchmark: "btcv"), ModelImportError.noCheckpoint(path: "/m", name: "final", present: []),
            ModelImportError.archive(sentence: "/z: bad", cause: nil), DICOMError(path: "/s", problem: .tilt(degrees: 50)),
            DICOMError(path: "/s", problem: .changed),
            WorkflowError.contradictsRun(path: "/r", own: "has seed 7", asked: .setting(name: "seed", value: "8")), EvaluationError.noClasses,
            DICOMObjectError(path: "/o", problem: .severalChannels(2)), WorkflowError.noModel,
        ]
        for error in errors { #expect("\(Advice.added(to: error))" == "\(error)") }
    }

    @Test func `What a study leaves open is told with the option that says it`() {
        for (error, advice) in [
            (DICOMError(path: "/s", problem: .severalSeries(["1", "2"])), "--series does that; `unetrpp scan info` shows them"),
            (DICOMError(path: "/s", problem: .sameNumber(choice: "1", present: ["a", "b"])), "--series does that; `unetrpp scan info` shows them"),
            (DICOMError(path: "/s", problem: .tilt(degrees: 12)), "--correct-tilt does that"),
        ] { #expect("\(Advice.added(to: error))" == "\(error) (\(advice))") }
        #expect(
            "\(Advice.added(to: DICOMObjectError(path: "/o", problem: .noSeries)))".hasSuffix(
                "`unetrpp scan convert MASK OUT --reference SERIES` takes a series)"))
    }
}
