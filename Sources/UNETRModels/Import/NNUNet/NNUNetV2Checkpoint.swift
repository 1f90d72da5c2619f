import Foundation
import UNETRArchives

/// What a checkpoint of nnU-Net v2 says about itself beside its weights. The state of the optimizer is not touched.
struct NNUNetV2Checkpoint {
    let trainer: String
    let configuration: String
    /// The data set of the plan that it was trained with; nil: it does not say.
    let dataset: String?
    /// Axes of a patch that may be mirrored; nil: it does not say.
    private let allowedAxes: [Int]?

    /// - Throws: `ModelImportError.checkpoint` for a file that is no checkpoint of nnU-Net v2.
    init(_ url: URL) throws {
        // Weights are verified where they are read for use.
        let value = try PyTorchArchive.read(url, verifyingChecksums: false)
        func fail(_ problem: String) -> ModelImportError { .checkpoint(path: url.path, problem: problem) }
        guard let members = value.dictionary, members["network_weights"] != nil else {
            throw fail("it has no network_weights, so it is no checkpoint of nnU-Net v2")
        }
        guard let trainer = members["trainer_name"]?.stringValue else { throw fail("it does not say which trainer wrote it (trainer_name)") }
        guard let configuration = members["init_args"]?["configuration"]?.stringValue else {
            throw fail("it does not say which configuration it was trained with (init_args, configuration)")
        }
        self.trainer = trainer
        self.configuration = configuration
        dataset = members["init_args"]?["plans"]?["dataset_name"]?.stringValue
        switch members["inference_allowed_mirroring_axes"] {
        case nil: allowedAxes = nil
        case .some(let axes) where axes.isNone: allowedAxes = []
        case .some(let axes):
            guard let numbers = axes.ints, numbers.allSatisfy((0...2).contains), Set(numbers).count == numbers.count else {
                throw fail("its inference_allowed_mirroring_axes are none; each of 0, 1, 2 may stand there once")
            }
            allowedAxes = numbers.sorted()
        }
    }

    var title: String {
        "\(dataset ?? "an unnamed data set"), \(configuration), \(trainer)" + (allowedAxes.map { ", mirrored axes \($0)" } ?? "")
    }

    func agrees(with other: Self) -> Bool {
        (trainer, configuration, allowedAxes) == (other.trainer, other.configuration, other.allowedAxes) && dataset == other.dataset
    }

    /// What is mirrored in prediction, of the two or three axes of a patch.
    var mirrorAxes: [Int] { allowedAxes ?? NNUNetV2Trainer(trainer).mirrorAxes }

    /// A sentence on what is mirrored, of the prepared volume's axes, and how that is known.
    func mirrorNote(_ axes: [Int]) -> String {
        let text = axes.isEmpty ? "No axis is mirrored" : "The axes \(axes) are mirrored"
        return allowedAxes == nil
            ? "\(text): the checkpoint says nothing about it, and so do nnU-Net and its trainer \(trainer)." : "\(text), as the checkpoint says."
    }
}

/// A trainer of nnU-Net v2, by the name of its class.
struct NNUNetV2Trainer {
    let name: String

    init(_ name: String) { self.name = name }

    /// Whether the class is one of nnU-Net's own, or of TotalSegmentator's, that leave the network as the plan describes it.
    var isKnown: Bool {
        guard name.hasPrefix("nnUNetTrainer") else { return false }
        // What these change is the loss, the optimizer, the augmentation, or the length of the training.
        let known = [
            "Adam", "Adam1en3", "Adam3en4", "Adan", "Adan1en1", "Adan1en3", "Adan3en4", "AdanCosAnneal", "Benchmark", "CELoss", "CosAnneal", "DA5",
            "DA5Segord0", "DA5ord0", "DASegOrd0", "DiceCELoss", "DiceLoss", "DiceTopK10Loss", "NoDA", "NoDeepSupervision", "NoMirroring",
            "Topk10Loss", "Topk10LossLS01", "VanillaAdam", "VanillaAdam1en3", "VanillaAdam3en4", "noDataLoading", "noDummy2DDA", "noSmooth",
            "onlyMirror01", "probabilisticOversampling", "010", "033", "warmup",
        ]
        return name.dropFirst("nnUNetTrainer".count).split(separator: "_").allSatisfy { part in
            known.contains(String(part)) || part.wholeMatch(of: /[0-9]+ep(och)?s?/) != nil
        }
    }

    /// What nnU-Net mirrors where the checkpoint does not say it: nothing, but for a trainer whose name says otherwise.
    var mirrorAxes: [Int] { name.contains("onlyMirror01") ? [0, 1] : [] }
}
