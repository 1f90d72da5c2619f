import ArgumentParser
import UNETREngines
import UNETREvaluation
import UNETRInference
import UNETRModels
import UNETRPreparation
import UNETRSupport
import UNETRTorch
import UNETRTraining
import UNETRVolumes
import UNETRWorkflows

/// What a library's error leaves to its caller: the option or command that helps here.
enum Advice {
    /// Why there is no mask of a scan, with advice; nil for success.
    static func sentence(for outcome: SegmentationJob.Outcome) -> String? { outcome.error.map { "\(added(to: $0))" } ?? outcome.problem }

    /// The error with advice behind its sentence, where there is some; else the error itself.
    static func added(to error: any Error) -> any Error {
        if case OutputError.exists(let path) = error { return CommandError("\(path) is already there; --force replaces it") }
        guard let advice = advice(for: error) else { return error }
        return CommandError("\(error) (\(advice))")
    }

    /// How to get a libtorch.
    static let libtorch = """
        three ways out: (1) in a checkout, `make setup` installs it and `make build` builds what calls it; (2) set LIBTORCH=/path to a folder with lib/ (of the \
        portable program, or for `make setup`); (3) `pip install torch`, which the portable program finds
        """

    private static func advice(for error: any Error) -> String? {
        switch error {
        case is LibtorchMissingError: libtorch
        // One of the reasons is that there is none.
        case EngineError.none where Runtime.isMissing: libtorch
        case is BundleDigestError: "`unetrpp model seal` writes digests anew"
        case ModelError.notABundle: "`unetrpp train` and `unetrpp convert` write bundles"
        case let error as ModelImportError: advice(for: error)
        case QuantizationError.damaged, QuantizationError.version, QuantizationError.foreign: "`unetrpp quantize` does that"
        case TrainingError.runExists, TrainingError.cannotSave, ProcessError.lost(_, _?): "--resume does that"
        case let error as DICOMError: advice(for: error.problem)
        case let error as DICOMObjectError: advice(for: error.problem)
        case BIDSError.suffixNeeded: "--suffix A,B,… does that"
        case ScanCollectionError.seriesNeeded, ScanCollectionError.seriesCount: "--series A,B,… does that"
        case EvaluationError.shapesDiffer, EvaluationError.geometriesDiffer: "--resample does that"
        case EvaluationError.noGrid: "`unetrpp evaluate --images` takes the folder of the scans"
        case PreparationError.noPublishedSplit(nil): "--preset names a benchmark, --fold a fold"
        case WorkflowError.madeOtherwise: "--force does that"
        case WorkflowError.contradictsRun(_, _, let asked):
            switch asked {
            case .plan: "that is --plan"
            case .network: "that is --network"
            case .initialWeights: "that is --init"
            case .setting, .model: nil
            }
        case ChoiceError.nothingValidated: "`unetrpp train --fold K` trains one"
        case WorkflowError.severalNetworks: "--folds chooses"
        case WorkflowError.budgetAndEpochs: "that is --budget, and --epochs or a field of --settings"
        case LaunchError.noMeetingPoint: "--meeting-point file:///… names a file on a file system that all see"
        case ProcessError.noBackend: "Scripts/build-nccl does the first, --device cpu is another way"
        case DeviceError.absent: "--device cpu; `unetrpp doctor` lists the devices"
        default: nil
        }
    }

    private static func advice(for problem: DICOMProblem) -> String? {
        switch problem {
        case .severalSeries, .sameNumber: "--series does that; `unetrpp scan info` shows them"
        case .duplicates(_, _, _?, _): "--series does that"
        case .tilt(let degrees) where degrees <= 45: "--correct-tilt does that"
        case .missingLibrary(_, "CharLS", _), .missingLibrary(_, "OpenJPEG", _), .missingLibrary(_, "OpenJPEG 2.5 or newer", _):
            "`make codecs` fetches it where it cannot be installed"
        default: nil
        }
    }

    private static func advice(for problem: DICOMObjectProblem) -> String? {
        switch problem {
        case .noSeries: "--output-format nifti is another format; `unetrpp scan convert MASK OUT --reference SERIES` takes a series"
        case .noIdentifier, .unreadableText, .tooLarge: "--output-format nifti is another format"
        case .labelsNeeded, .noStructureNamed: "--labels names a dataset.json"
        default: nil
        }
    }

    private static func advice(for error: ModelImportError) -> String? {
        switch error {
        case .several(_, "tasks", _): "--task names one of them"
        case .several, .ensemble, .bestConfiguration: "--configuration names one of them, or a path to its folder"
        case .noCheckpoint(_, _, let present): present.isEmpty ? nil : "--checkpoint best takes the best state"
        case .trainer: "--trust-trainer"
        case .archive(_, let cause): cause.flatMap(advice)
        default: nil
        }
    }
}
