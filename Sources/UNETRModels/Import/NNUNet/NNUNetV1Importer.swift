public import Foundation
import UNETRArchitectures
import UNETRArchives
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// Models of nnU-Net v1, and of UNETR++ and nnFormer, which are built on it: the folder of a training, one of its folds, or a checkpoint.
///
/// `TRAINER__PLANS/{plans.pkl, postprocessing.json, fold_K/{model_final_checkpoint.model, model_final_checkpoint.model.pkl}}`. Source: nnU-Net
/// 1.7 (`model_restore`, `predict`), and the released code of UNETR++ and nnFormer.
public struct NNUNetV1Importer: ModelImporter {
    /// An importer.
    public init() {}

    /// The tool and its files, for people.
    public let description = "results folders of nnU-Net v1, UNETR++ and nnFormer"

    /// The model that lies at a place; nil if the place holds none of this tool's.
    public func model(at place: URL, _ choice: ModelChoice) throws -> ImportedModel? {
        try NNUNetV1Training(at: place, choice)?.model(choice)
    }

    /// This tool exports no archives.
    public func reads(_ name: String, _ choice: ModelChoice) -> Bool { false }
}

/// One training: a folder with folds.
private struct NNUNetV1Training {
    let folder: URL
    /// A fold that the place names.
    private var fold: String?
    private let file: String

    /// The training at a place; nil if there is none.
    init?(at place: URL, _ choice: ModelChoice) {
        let file = choice.checkpoint == .final ? "model_final_checkpoint.model" : "model_best.model"
        let files = FileManager.default
        func isFold(_ folder: URL) -> Bool {
            folder.lastPathComponent == "all"
                || folder.lastPathComponent.hasPrefix("fold_")
                    && ((try? files.contentsOfDirectory(atPath: folder.path)) ?? []).contains { $0.hasSuffix(".model") }
        }
        if place.pathExtension == "model", files.fileExists(atPath: place.path + ".pkl") {
            (folder, fold, self.file) = (
                place.deletingLastPathComponent().deletingLastPathComponent(), place.deletingLastPathComponent().lastPathComponent, place.lastPathComponent
            )
        } else if isFold(place) {
            (folder, fold, self.file) = (place.deletingLastPathComponent(), place.lastPathComponent, file)
        } else if ((try? files.contentsOfDirectory(atPath: place.path)) ?? []).contains(where: { isFold(place.appending(path: $0)) }) {
            (folder, fold, self.file) = (place, nil, file)
        } else {
            return nil
        }
    }

    func model(_ choice: ModelChoice) throws -> ImportedModel {
        if let wanted = choice.configuration, wanted != folder.lastPathComponent {
            throw ModelImportError.missing(path: folder.path, what: "configuration \(wanted)", present: [folder.lastPathComponent])
        }
        let members = try members(choice)
        let descriptions = try members.map { try NNUNetV1Description(of: $0.checkpoint) }
        let first = descriptions[0]
        for (description, member) in zip(descriptions, members).dropFirst() where (description.trainer, description.stage) != (first.trainer, first.stage) {
            throw ModelImportError.otherPlan(
                checkpoint: member.checkpoint.path, found: description.title, expected: "\(first.title), as in \(members[0].name)")
        }
        let trainer = NNUNetV1Trainer(first.trainer)
        guard trainer.isKnown || choice.trustsTrainer else {
            throw ModelImportError.trainer(path: members[0].checkpoint.path, name: first.trainer)
        }
        let plansURL = folder.appending(path: "plans.pkl"), hasFile = FileManager.default.fileExists(atPath: plansURL.path)
        let source = hasFile ? try PickleFile.read(plansURL) : first.plan, sourceURL = hasFile ? plansURL : first.url
        let described = folder.appending(path: "dataset.json")
        let labels = FileManager.default.fileExists(atPath: described.path) ? try DatasetDescription(contentsOf: described).labels : nil
        var plan = try Plan(
            importingV1: source, of: sourceURL, stage: first.stage, labels: labels, network: trainer.network,
            inference: InferenceSettings(mirrorAxes: trainer.mirrorAxes))
        plan.dataset = folder.deletingLastPathComponent().lastPathComponent  // of the task, above the training's
        guard let network = plan.network else { throw ModelImportError.network(path: sourceURL.path, name: "of \(first.trainer)") }
        guard network.configuration.classes == plan.labels.outputCount else {
            throw ModelImportError.otherPlan(
                checkpoint: members[0].checkpoint.path, found: "\(network.configuration.classes) classes (\(first.trainer))",
                expected: "\(plan.labels.outputCount) classes")
        }
        var notes = [
            "The network is \(network.architecture.displayName), by the trainer \(first.trainer).",
            labels == nil ? "Its structures have no names; a dataset.json in its folder would name them." : "Its structures have the names of dataset.json.",
            trainer.mirrorAxes.isEmpty ? "No axis is mirrored, by the trainer." : "The axes \(trainer.mirrorAxes) are mirrored.",
        ]
        let decision = folder.appending(path: "postprocessing.json")
        if FileManager.default.fileExists(atPath: decision.path) {
            plan.postProcessing = try Self.postProcessing(decision, plan.labels)
            notes.append(
                plan.postProcessing.map { "Masks are cleaned up as postprocessing.json says: the largest part of \($0.keepLargest) is kept." }
                    ?? "postprocessing.json says that masks are not cleaned up.")
        }
        return ImportedModel(title: "\(trainer.tool): \(plan.dataset), \(first.trainer)", plan: plan, members: members, notes: notes)
    }

    private func members(_ choice: ModelChoice) throws -> [ImportedModel.Member] {
        let present = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { $0 == "all" || $0.hasPrefix("fold_") }.sorted { ($0.count, $0) < ($1.count, $1) }
        let numbered = present.filter { $0 != "all" }
        let chosen = choice.folds?.map { $0 == "all" ? $0 : "fold_\($0)" }
        if let fold, let other = chosen?.first(where: { $0 != fold }) {
            throw ModelImportError.missing(path: folder.appending(path: fold).path, what: other, present: [fold])
        }
        let wanted = fold.map { [$0] } ?? chosen ?? (numbered.isEmpty ? present : numbered)
        return try wanted.map { name in
            guard present.contains(name) else { throw ModelImportError.missing(path: folder.path, what: name, present: present) }
            let place = folder.appending(path: name), checkpoint = place.appending(path: file)
            guard FileManager.default.fileExists(atPath: checkpoint.path), FileManager.default.fileExists(atPath: checkpoint.path + ".pkl") else {
                let names = ((try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []).filter { $0.hasSuffix(".model") }
                throw ModelImportError.noCheckpoint(path: place.path, name: "\(file) with its \(file).pkl", present: names.sorted())
            }
            return ImportedModel.Member(name: name, checkpoint: checkpoint)
        }
    }

    /// The decision of nnU-Net v1: for which structures only the largest part is kept.
    private static func postProcessing(_ url: URL, _ labels: LabelSet) throws -> PostProcessing? {
        func fail(_ problem: String) -> ModelImportError { .postProcessing(path: url.path, problem: problem) }
        let source = try? JSONDecoder().decode(JSONValue.self, from: try InputFile.contents(of: url, most: 1 << 28))
        guard let sets = source?["for_which_classes"]?.array else { throw fail("it has no for_which_classes") }
        if let sizes = source?["min_valid_object_sizes"]?.object, sizes.values.contains(where: { $0 != .null }) {
            throw fail("it keeps parts above a size (min_valid_object_sizes), which is not known here")
        }
        let values = sets.compactMap { $0.int.map { [$0] } ?? $0.ints }
        guard values.count == sets.count, values.allSatisfy({ !$0.isEmpty && Set($0).isSubset(of: labels.foregroundValues) }) else {
            throw fail("its for_which_classes are no labels of the plan (\(labels.foregroundValues))")
        }
        return values.isEmpty ? nil : PostProcessing(keepLargest: values)
    }
}

/// What stands beside a checkpoint of nnU-Net v1: `NAME.model.pkl`.
private struct NNUNetV1Description {
    let url: URL
    let trainer: String
    let stage: Int?
    let plan: PickleValue

    init(of checkpoint: URL) throws {
        url = URL(fileURLWithPath: checkpoint.path + ".pkl")
        let source = try PickleFile.read(url)
        guard let name = source["name"]?.stringValue, let plan = source["plans"] else {
            throw ModelImportError.checkpoint(path: url.path, problem: "it has no name of a trainer, or no plans, so it is no description of nnU-Net v1")
        }
        (trainer, self.plan) = (name, plan)
        // The sixth argument of every trainer is the stage of the plan.
        stage = source["init"]?[5]?.intValue
    }

    var title: String { "\(trainer), stage \(stage.map(String.init) ?? "unknown")" }
}

/// A trainer of nnU-Net v1, UNETR++ or nnFormer, by the name of its class.
private struct NNUNetV1Trainer {
    let name: String

    init(_ name: String) { self.name = name }

    var tool: String { isUNETRPlusPlus ? "UNETR++" : isNNFormer ? "nnFormer" : "nnU-Net v1" }

    private var isUNETRPlusPlus: Bool { name.hasPrefix("unetr_pp_trainer_") }
    private var isNNFormer: Bool { name.hasPrefix("nnFormerTrainerV2_nnformer_") }

    /// The published network that the trainer makes; nil: the U-Net of the plan.
    var network: NetworkDescription? {
        let variant = name.components(separatedBy: "_").last ?? ""
        if isUNETRPlusPlus { return UNETRPlusPlusConfiguration.Variant(rawValue: variant).map { NetworkDescription(UNETRPlusPlusConfiguration($0)) } }
        if isNNFormer { return NNFormerConfiguration.Variant(rawValue: variant).map { NetworkDescription(NNFormerConfiguration($0)) } }
        return nil
    }

    /// Whether it leaves the network as the plan, or the publication, describes it.
    var isKnown: Bool {
        if isUNETRPlusPlus || isNNFormer { return network != nil }
        return name.wholeMatch(of: /nnUNetTrainerV2(_noMirroring|_[0-9]+epochs|_DA[0-9]|_insaneDA|_noDataAugmentation|_fp16)*/)
            != nil
    }

    var mirrorAxes: [Int] { name.contains("noMirroring") || name.contains("noDataAugmentation") ? [] : [0, 1, 2] }
}
