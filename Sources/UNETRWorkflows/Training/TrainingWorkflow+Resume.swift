import Foundation
import UNETRArchitectures
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTraining

extension TrainingWorkflow {
    /// The description of the run to go on with: what it was started with, its files where they are now.
    ///
    /// Nothing needs to be said again. What is said must agree with the run.
    /// - Throws: `WorkflowError.contradictsRun` for what does not.
    func resumed(_ run: TrainingRun, _ dataset: Dataset?) throws -> TrainingRun.Description {
        var description = try run.readDescription()
        try checkPlan(description)
        try checkSettings(description)
        if let budget = options.budget, budget != description.budget?.budget {
            throw contradiction("has \(description.budget.map { "the budget \($0.budget)" } ?? "no budget")", .setting(name: "budget", value: "\(budget)"))
        }
        if let tuning = options.tuning {
            let asked = try tuning.record(of: tuning.open())
            guard asked.digest == description.finetuned?.digest else {
                throw contradiction("\(description.finetuned.map { "is \($0.title)" } ?? "tunes no model")", .model(path: tuning.model.path))
            }
        }
        if let initial = options.initial, initial.path != description.initial {
            throw contradiction("starts from \(description.initial ?? "new weights")", .initialWeights(path: initial.path))
        }
        let prepared = options.run.appending(path: "prepared")  // the folder may have been moved
        if dataset != nil || FileManager.default.fileExists(atPath: prepared.path) { description.prepared = prepared.path }
        if let dataset { description.references.merge(dataset.references(of: description.fold)) { $1 } }
        return description
    }

    private func checkPlan(_ description: TrainingRun.Description) throws {
        if let plan = options.plan {
            guard try options.planning.applied(to: Plan(contentsOf: plan)) != description.plan else { return }
            throw contradiction("has another plan", .plan(path: plan.path))
        }
        guard let asked = options.planning.architecture else { return }
        let own = try description.plan.networkDescription().architecture
        guard own == asked else { throw contradiction("trains \(own.rawValue)", .network(name: asked.rawValue)) }
    }

    /// A settings file may leave out what it likes: that is the run's, too.
    private func checkSettings(_ description: TrainingRun.Description) throws {
        var own = description.configuration
        // What a budget made of them was not asked for.
        description.budget?.asked.restore(in: &own)
        var asked = try options.settings.map { try TrainingConfiguration(contentsOf: $0, defaults: own) } ?? own
        options.override(&asked)
        if options.precision != .automatic { asked.mixedPrecision = options.precision.mixed(on: options.device) }
        guard asked != own else { return }
        let (found, wanted) = (try fields(own), try fields(asked))
        let field = Set(found.keys).union(wanted.keys).sorted().first { found[$0] != wanted[$0] } ?? "another value"
        throw contradiction("has \(field) \(found[field] ?? "none")", .setting(name: field, value: wanted[field] ?? "none"))
    }

    /// Each setting as text.
    private func fields(_ configuration: TrainingConfiguration) throws -> [String: String] {
        let value = try JSONDecoder().decode(JSONValue.self, from: JSONText.encode(configuration))
        return try (value.object ?? [:]).mapValues { String(decoding: try JSONText.encode($0, .plainLine), as: UTF8.self) }
    }

    private func contradiction(_ own: String, _ asked: WorkflowError.Contradiction) -> WorkflowError {
        .contradictsRun(path: options.run.path, own: own, asked: asked)
    }
}
