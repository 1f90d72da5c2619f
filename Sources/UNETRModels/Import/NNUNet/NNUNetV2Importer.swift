public import Foundation
import UNETRArchives
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// Models of nnU-Net v2: a results folder at any level, or one of its checkpoints.
///
/// `DATASET/TRAINER__PLANS__CONFIGURATION/{plans.json, dataset.json, fold_K/checkpoint_final.pth}`. Source: nnU-Net 2.8 (`predict_from_raw_data`,
/// `file_path_utilities`).
public struct NNUNetV2Importer: ModelImporter {
    /// An importer.
    public init() {}

    /// The tool and its files, for people.
    public let description = "results folders of nnU-Net v2 and the zip files that it exports"

    /// The model that lies at a place; nil if the place holds none of this tool's.
    public func model(at place: URL, _ choice: ModelChoice) throws -> ImportedModel? {
        guard let training = try NNUNetV2Training(at: place, choice) else { return nil }
        return try training.model(choice)
    }

    private static let descriptions = ["plans.json", "dataset.json", "inference_information.json", "postprocessing.json", "postprocessing.pkl"]

    /// Whether a file of an archive is needed: the small files that describe models, and the checkpoints that may be asked for.
    public func reads(_ name: String, _ choice: ModelChoice) -> Bool {
        let parts = name.split(separator: "/").map(String.init)
        if Self.descriptions.contains(parts.last ?? "") { return true }
        guard parts.count >= 2, parts.last == "checkpoint_\(choice.checkpoint.rawValue).pth" else { return false }
        if let folds = choice.folds, !folds.contains(where: { "fold_\($0)" == parts[parts.count - 2] }) { return false }
        guard let configuration = choice.configuration, parts.count >= 3 else { return true }
        return parts[parts.count - 3].hasSuffix("__\(configuration)") || parts[parts.count - 3] == configuration
    }
}

/// One training: the folder of a trainer, plans and configuration.
struct NNUNetV2Training {
    let folder: URL
    /// A fold or a checkpoint that the place names, which the choice need not.
    private var fold: String?
    private var checkpointFile: String?

    private static let plansFile = "plans.json", descriptionFile = "dataset.json"

    init(_ folder: URL) { self.folder = folder }

    /// The training at a place, which may lie above or below it; nil if there is none.
    init?(at place: URL, _ choice: ModelChoice) throws {
        if place.pathExtension == "pth", Self.isTraining(place.deletingLastPathComponent().deletingLastPathComponent()) {
            self.init(place.deletingLastPathComponent().deletingLastPathComponent())
            (fold, checkpointFile) = (place.deletingLastPathComponent().lastPathComponent, place.lastPathComponent)
        } else if Self.isTraining(place) {
            self.init(place)
        } else if Self.foldName(place.lastPathComponent) != nil, Self.isTraining(place.deletingLastPathComponent()) {
            self.init(place.deletingLastPathComponent())
            fold = place.lastPathComponent
        } else {
            guard let found = try Self.training(below: place, choice, depth: 2) else { return nil }
            self.init(found)
        }
    }

    private static func isTraining(_ folder: URL) -> Bool {
        let files = FileManager.default
        guard files.fileExists(atPath: folder.appending(path: plansFile).path) else { return false }
        return files.fileExists(atPath: folder.appending(path: descriptionFile).path) || !folds(in: folder).isEmpty
    }

    private static func folders(in place: URL) -> [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
        return names.sorted().map { place.appending(path: $0) }.filter {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: $0.path, isDirectory: &isFolder) && isFolder.boolValue
        }
    }

    /// "0" of "fold_0".
    private static func foldName(_ folder: String) -> String? { folder.hasPrefix("fold_") ? String(folder.dropFirst("fold_".count)) : nil }

    private static func folds(in folder: URL) -> [String] { folders(in: folder).compactMap { foldName($0.lastPathComponent) } }

    /// The training in a data set's folder, or in a folder with one data set.
    private static func training(below place: URL, _ choice: ModelChoice, depth: Int) throws -> URL? {
        let inside = folders(in: place), all = inside.filter(isTraining)
        guard all.isEmpty else { return try choose(among: all, in: place, choice) }
        guard depth > 1 else { return nil }
        let sets = inside.filter { folders(in: $0).contains(where: isTraining) }
        guard sets.count <= 1 else { throw ModelImportError.several(path: place.path, what: "data sets", names: sets.map(\.lastPathComponent)) }
        return try sets.first.flatMap { try training(below: $0, choice, depth: depth - 1) }
    }

    private static func choose(among all: [URL], in place: URL, _ choice: ModelChoice) throws -> URL {
        func configuration(_ folder: URL) -> String { folder.lastPathComponent.components(separatedBy: "__").last ?? "" }
        let names = all.map(\.lastPathComponent)
        var chosen = all
        if let wanted = choice.configuration {
            chosen = all.filter { $0.lastPathComponent == wanted || configuration($0) == wanted }
            guard !chosen.isEmpty else { throw ModelImportError.missing(path: place.path, what: "configuration \(wanted)", present: names) }
        } else if all.count > 1, let best = try best(in: place) {
            guard best.count == 1 else { throw ModelImportError.ensemble(path: place.path, names: best) }
            chosen = all.filter { $0.lastPathComponent == best[0] }
            guard !chosen.isEmpty else { throw ModelImportError.missing(path: place.path, what: best[0], present: names) }
        }
        guard chosen.count == 1 else { throw ModelImportError.several(path: place.path, what: "models", names: chosen.map(\.lastPathComponent)) }
        return chosen[0]
    }

    /// The folders of the models that nnU-Net found to be best together; nil where it has not looked.
    private static func best(in place: URL) throws -> [String]? {
        let file = place.appending(path: "inference_information.json")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let json = try? JSONDecoder().decode(JSONValue.self, from: try InputFile.contents(of: file, most: 1 << 26))
        let names = json?["best_model_or_ensemble"]?["selected_model_or_models"]?.array?.compactMap { model -> String? in
            guard let trainer = model["trainer"]?.string, let plans = model["plans_identifier"]?.string,
                let configuration = model["configuration"]?.string
            else { return nil }
            return "\(trainer)__\(plans)__\(configuration)"
        }
        guard let names, !names.isEmpty else { throw ModelImportError.bestConfiguration(path: file.path) }
        return names
    }
}

extension NNUNetV2Training {
    /// The model with the chosen folds.
    func model(_ choice: ModelChoice) throws -> ImportedModel {
        let members = try members(choice)
        let checkpoints = try members.map { try NNUNetV2Checkpoint($0.checkpoint) }
        let first = checkpoints[0]
        for (checkpoint, member) in zip(checkpoints, members).dropFirst() where !checkpoint.agrees(with: first) {
            throw ModelImportError.otherPlan(
                checkpoint: member.checkpoint.path, found: checkpoint.title, expected: "\(first.title), as in \(members[0].name)")
        }
        if let wanted = choice.configuration, wanted != first.configuration, wanted != folder.lastPathComponent {
            throw ModelImportError.missing(path: folder.path, what: "configuration \(wanted)", present: [first.configuration])
        }
        guard choice.trustsTrainer || NNUNetV2Trainer(first.trainer).isKnown else {
            throw ModelImportError.trainer(path: members[0].checkpoint.path, name: first.trainer)
        }
        let plansURL = folder.appending(path: "plans.json"), (axes, axesNote) = first.mirrorAxes
        var plan = try Plan(
            importingV2: plansURL, configuration: first.configuration, description: folder.appending(path: "dataset.json"), mirrorAxes: axes)
        guard plan.network != nil else {
            throw ModelImportError.network(path: plansURL.path, name: try Self.networkName(plansURL, first.configuration))
        }
        guard first.dataset == nil || first.dataset == plan.dataset else {
            throw ModelImportError.otherPlan(checkpoint: members[0].checkpoint.path, found: first.dataset ?? "", expected: plan.dataset)
        }
        var notes = [axesNote, "Logits are averaged over windows, mirrored copies and folds, as nnU-Net v2 does."]
        if let (file, processing) = try NNUNetV2PostProcessing.find(in: folder, labels: plan.labels) {
            plan.postProcessing = processing.keepLargest.isEmpty ? nil : processing
            notes.append(
                processing.keepLargest.isEmpty
                    ? "\(file) says that masks are not cleaned up."
                    : "Masks are cleaned up as \(file) says: the largest part of \(processing.keepLargest) is kept.")
        }
        return ImportedModel(
            title: "nnU-Net v2: \(plan.dataset), \(first.trainer), \(first.configuration)", plan: plan, members: members, notes: notes)
    }

    private func members(_ choice: ModelChoice) throws -> [ImportedModel.Member] {
        let present = Self.folds(in: folder)
        func member(_ fold: String, _ file: String) throws -> ImportedModel.Member {
            let place = folder.appending(path: "fold_\(fold)"), checkpoint = place.appending(path: file)
            guard FileManager.default.fileExists(atPath: checkpoint.path) else {
                let names = ((try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []).filter { $0.hasSuffix(".pth") }
                throw ModelImportError.noCheckpoint(path: place.path, name: file, present: names.sorted())
            }
            return ImportedModel.Member(name: "fold_\(fold)", checkpoint: checkpoint)
        }
        let file = checkpointFile ?? "checkpoint_\(choice.checkpoint.rawValue).pth"
        if let fold = fold.flatMap(Self.foldName) {
            if let other = choice.folds?.first(where: { $0 != fold }) {
                throw ModelImportError.missing(path: folder.appending(path: "fold_\(fold)").path, what: "fold \(other)", present: ["fold \(fold)"])
            }
            return [try member(fold, file)]
        }
        let numbered = present.filter { Int($0) != nil }.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
        let wanted = choice.folds ?? (numbered.isEmpty ? present : numbered)
        guard !wanted.isEmpty else { throw ModelImportError.missing(path: folder.path, what: "folder fold_0 with a checkpoint", present: []) }
        for fold in wanted where !present.contains(fold) {
            throw ModelImportError.missing(path: folder.path, what: "fold \(fold)", present: present.map { "fold \($0)" })
        }
        return try wanted.map { try member($0, file) }
    }

    private static func networkName(_ url: URL, _ configuration: String) throws -> String {
        let source = try JSONDecoder().decode(JSONValue.self, from: try InputFile.contents(of: url, most: 1 << 26))
        let settings = source["configurations"]?[configuration]
        return settings?["architecture"]?["network_class_name"]?.string ?? settings?["UNet_class_name"]?.string ?? "of \(configuration)"
    }
}
