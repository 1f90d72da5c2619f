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
        guard let (trainings, best) = try NNUNetV2Training.find(at: place, choice) else { return nil }
        if trainings.count > 1, let best { return try best.ensemble(of: trainings, choice) }
        return try trainings[0].model(choice, best)
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

    /// The training at a place, which may lie above or below it, or those of the ensemble that nnU-Net found to be best; nil if there is none.
    static func find(at place: URL, _ choice: ModelChoice) throws -> ([NNUNetV2Training], NNUNetV2Best?)? {
        if place.pathExtension == "pth", isTraining(place.deletingLastPathComponent().deletingLastPathComponent()) {
            var training = NNUNetV2Training(place.deletingLastPathComponent().deletingLastPathComponent())
            (training.fold, training.checkpointFile) = (place.deletingLastPathComponent().lastPathComponent, place.lastPathComponent)
            return ([training], nil)
        }
        if isTraining(place) { return ([NNUNetV2Training(place)], nil) }
        if foldName(place.lastPathComponent) != nil, isTraining(place.deletingLastPathComponent()) {
            var training = NNUNetV2Training(place.deletingLastPathComponent())
            training.fold = place.lastPathComponent
            return ([training], nil)
        }
        return try trainings(below: place, choice, depth: 2)
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

    /// The trainings in a data set's folder, or in a folder with one data set.
    private static func trainings(below place: URL, _ choice: ModelChoice, depth: Int) throws -> ([NNUNetV2Training], NNUNetV2Best?)? {
        let inside = folders(in: place), all = inside.filter(isTraining)
        guard all.isEmpty else { return try choose(among: all, in: place, choice) }
        guard depth > 1 else { return nil }
        let sets = inside.filter { folders(in: $0).contains(where: isTraining) }
        guard sets.count <= 1 else { throw ModelImportError.several(path: place.path, what: "data sets", names: sets.map(\.lastPathComponent)) }
        return try sets.first.flatMap { try trainings(below: $0, choice, depth: depth - 1) }
    }

    private static func choose(among all: [URL], in place: URL, _ choice: ModelChoice) throws -> ([NNUNetV2Training], NNUNetV2Best?) {
        func configuration(_ folder: URL) -> String { folder.lastPathComponent.components(separatedBy: "__").last ?? "" }
        let names = all.map(\.lastPathComponent)
        var chosen = all
        if let wanted = choice.configuration {
            chosen = all.filter { $0.lastPathComponent == wanted || configuration($0) == wanted }
            guard !chosen.isEmpty else { throw ModelImportError.missing(path: place.path, what: "configuration \(wanted)", present: names) }
        } else if let best = try NNUNetV2Best(in: place) {
            // An export may have one of them only, which is then the model.
            if all.count == 1 { return ([NNUNetV2Training(all[0])], best) }
            chosen = try best.models.map { name in
                guard let folder = all.first(where: { $0.lastPathComponent == name }) else {
                    throw ModelImportError.missing(path: place.path, what: name, present: names)
                }
                return folder
            }
            return (chosen.map(NNUNetV2Training.init), best)
        }
        guard chosen.count == 1 else { throw ModelImportError.several(path: place.path, what: "models", names: chosen.map(\.lastPathComponent)) }
        return ([NNUNetV2Training(chosen[0])], nil)
    }
}

extension NNUNetV2Training {
    /// The model with the chosen folds.
    /// - Parameter best: what nnU-Net found to be best in the data set's folder; nil: it has not looked, or it does not count.
    /// - Parameter inEnsemble: whether masks are decided only when the probabilities of several models have been averaged.
    func model(_ choice: ModelChoice, _ best: NNUNetV2Best? = nil, inEnsemble: Bool = false) throws -> ImportedModel {
        let members = try members(choice, best?.folds)
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
        let plansURL = folder.appending(path: "plans.json")
        var plan = try Plan(
            importingV2: plansURL, configuration: first.configuration, description: folder.appending(path: "dataset.json"),
            mirrorAxes: first.mirrorAxes)
        guard plan.network != nil else {
            throw ModelImportError.network(path: plansURL.path, name: try Self.networkName(plansURL, first.configuration))
        }
        guard first.dataset == nil || first.dataset == plan.dataset else {
            throw ModelImportError.otherPlan(checkpoint: members[0].checkpoint.path, found: first.dataset ?? "", expected: plan.dataset)
        }
        var notes = [first.mirrorNote(plan.inference.mirrorAxes), "Logits are averaged over windows, mirrored copies and folds, as nnU-Net v2 does."]
        if let best, !inEnsemble, best.models != [folder.lastPathComponent] {
            notes.append("nnU-Net found \(best.models.joined(separator: " with ")) to be best, of which only this is here or chosen.")
        }
        if !inEnsemble, let decision = try NNUNetV2PostProcessing.find(in: folder, named: best?.cleanUp(of: folder), labels: plan.labels) {
            plan.postProcessing = decision.processing
            notes.append(decision.note)
        }
        return ImportedModel(
            title: "nnU-Net v2: \(plan.dataset), \(first.trainer), \(first.configuration)", plan: plan, members: members, notes: notes)
    }

    /// - Parameter usual: the folds that are meant where none are chosen, if they are all there.
    private func members(_ choice: ModelChoice, _ usual: [String]?) throws -> [ImportedModel.Member] {
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
        let known = usual.flatMap { Set($0).isSubset(of: present) && !$0.isEmpty ? $0 : nil }
        let wanted = choice.folds ?? known ?? (numbered.isEmpty ? present : numbered)
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
