import Foundation
import UNETRInference
import UNETRNetworks
import UNETRPreparation
import UNETRTorch
import UNETRTraining

extension TrainCommand {
    /// The description of the run to go on with: what it was started with, its files where they are now.
    ///
    /// Nothing needs to be said again. What is said must agree with the run.
    /// - Throws: `CommandError` for what does not.
    func resumed(_ run: TrainingRun, _ dataset: Dataset?, _ device: Device) throws -> TrainingRun.Description {
        var description = try run.readDescription()
        try checkPlan(description)
        try checkSettings(description.configuration, device)
        if let initial, URL(fileURLWithPath: initial).path != description.initial {
            try refuse("starts from \(description.initial ?? "new weights")", "--init \(initial)")
        }
        let prepared = URL(fileURLWithPath: output).appending(path: "prepared")  // the folder may have been moved
        if dataset != nil || FileManager.default.fileExists(atPath: prepared.path) { description.prepared = prepared.path }
        if let dataset { description.references.merge(dataset.references(of: description.fold)) { $1 } }
        return description
    }

    private func checkPlan(_ description: TrainingRun.Description) throws {
        if let plan {
            guard try planning.withNetwork(Plan(contentsOf: URL(fileURLWithPath: plan))) != description.plan else { return }
            try refuse("has another plan", "--plan \(plan)")
        }
        if let network = planning.network, try description.plan.networkDescription().architecture != network {
            try refuse("trains \(try description.plan.networkDescription().architecture.rawValue)", "--network \(network.rawValue)")
        }
    }

    /// A settings file may leave out what it likes: that is the run's, too.
    private func checkSettings(_ own: TrainingConfiguration, _ device: Device) throws {
        var asked = try settings.map { try TrainingConfiguration(contentsOf: URL(fileURLWithPath: $0), defaults: own) } ?? own
        override(&asked)
        if runtime.precision != "auto" { asked.mixedPrecision = runtime.mixedPrecision(on: device) }
        guard asked != own else { return }
        let (found, wanted) = (try fields(own), try fields(asked))
        let field = Set(found.keys).union(wanted.keys).sorted().first { found[$0] != wanted[$0] } ?? "another value"
        try refuse("has \(field) \(found[field] ?? "none")", "\(field) \(wanted[field] ?? "none")")
    }

    /// Each setting as text.
    private func fields(_ configuration: TrainingConfiguration) throws -> [String: String] {
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(configuration)) as? [String: Any] ?? [:]
        return try object.mapValues {
            String(decoding: try JSONSerialization.data(withJSONObject: $0, options: [.fragmentsAllowed, .sortedKeys]), as: UTF8.self)
        }
    }

    private func refuse(_ own: String, _ asked: String) throws {
        throw CommandError(
            "\(URL(fileURLWithPath: output).path): the run \(own), so it cannot go on with \(asked); a run goes on with what it was started "
                + "with: leave that out, or choose another folder")
    }
}

extension Dataset {
    /// The label files of the validation cases, by case.
    func references(of fold: Fold) -> [String: String] {
        let labels = cases.compactMap { entry in entry.labelURL.map { (entry.name, $0.path) } }
        return Dictionary(labels.filter { fold.validation.contains($0.0) }) { first, _ in first }
    }
}
