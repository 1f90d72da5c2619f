import Foundation
import UNETRPlanning
import UNETRSupport

/// What `nnUNetv2_find_best_configuration` found: a model, or an ensemble of several (`inference_information.json`).
struct NNUNetV2Best {
    /// The data set's folder.
    private let place: URL
    /// Folders of the models that are best alone or together.
    let models: [String]
    /// The folds that it looked at; nil: it does not say.
    let folds: [String]?
    /// The folder of the clean-up that it decided on, such as `crossval_results_folds_0_1`; nil: it does not say.
    private let cleanUp: String?

    private static let file = "inference_information.json"

    /// Nil where nnU-Net has not looked.
    /// - Throws: `ModelImportError.bestConfiguration` for a file that names no model; `FileError`.
    init?(in place: URL) throws {
        let file = place.appending(path: Self.file)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let json = try? JSONDecoder().decode(JSONValue.self, from: try InputFile.contents(of: file, most: 1 << 26))
        let best = json?["best_model_or_ensemble"]
        let names = best?["selected_model_or_models"]?.array?.compactMap { model -> String? in
            guard let trainer = model["trainer"]?.string, let plans = model["plans_identifier"]?.string,
                let configuration = model["configuration"]?.string
            else { return nil }
            return "\(trainer)__\(plans)__\(configuration)"
        }
        guard let names, !names.isEmpty, Set(names).count == names.count else { throw ModelImportError.bestConfiguration(path: file.path) }
        self.place = place
        models = names
        folds = json?["folds"]?.array.map { $0.compactMap { $0.string ?? $0.int.map(String.init) } }
        // A path on the machine of the training, of Linux or Windows.
        cleanUp = best?["postprocessing_file"]?.string?.split { $0 == "/" || $0 == "\\" }.dropLast().last.map(String.init)
    }

    /// The folder of the decided clean-up of a model's masks, in that model's folder; nil where it is that of an ensemble or not known.
    func cleanUp(of model: URL) -> String? { models == [model.lastPathComponent] ? cleanUp : nil }

    /// The models as one: their probabilities on the grid of the scan are averaged, decided, and cleaned up.
    ///
    /// - Throws: `ModelImportError.ensemble` if one of them cannot be used; `ModelImportError.postProcessing`.
    func ensemble(of trainings: [NNUNetV2Training], _ choice: ModelChoice) throws -> ImportedModel {
        func fail(_ problem: String) -> ModelImportError { .ensemble(path: place.path, names: models, problem: problem) }
        let parts = try trainings.map { training in
            do { return try training.model(choice, self, inEnsemble: true) } catch { throw fail("\(error)") }
        }
        for (part, name) in zip(parts, models).dropFirst()
        where part.plan.labels != parts[0].plan.labels || part.plan.channelNames.count != parts[0].plan.channelNames.count {
            throw fail("\(name) has other labels or channels than \(models[0])")
        }
        var notes = [
            "Probabilities of \(models.joined(separator: " and ")) are averaged on the grid of the scan and decided there, as nnUNetv2_ensemble does."
        ]
        var cleaning: PostProcessing?
        if let cleanUp {
            let folder = place.appending(path: "ensembles").appending(path: cleanUp)
            guard let decision = try NNUNetV2PostProcessing.read(folder, labels: parts[0].plan.labels) else {
                throw ModelImportError.postProcessing(
                    path: folder.path,
                    problem: "there is no postprocessing.json or .pkl, though \(Self.file) names it; put it there, or choose one configuration")
            }
            cleaning = decision.processing
            notes.append(decision.note)
        }
        for (part, name) in zip(parts, models) { notes.append(contentsOf: part.notes.map { "\(name): \($0)" }) }
        var whole = zip(parts, models).map { part, name in
            var plan = part.plan
            plan.postProcessing = cleaning
            let members = part.members.map { ImportedModel.Member(name: "\(name)/\($0.name)", checkpoint: $0.checkpoint) }
            return ImportedModel(
                title: "nnU-Net v2: \(plan.dataset), ensemble of \(models.joined(separator: " and "))", plan: plan, members: members, notes: notes)
        }
        whole[0].others = Array(whole.dropFirst())
        return whole[0]
    }
}
