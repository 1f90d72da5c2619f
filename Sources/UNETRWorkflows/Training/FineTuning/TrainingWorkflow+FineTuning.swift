import Foundation
import Logging
import UNETRArchitectures
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRTraining

extension TrainingWorkflow {
    /// The plan of a run that tunes a model: the one that is given, which must be of the model's kind of network, or one for the data.
    func newPlan(
        for dataset: Dataset, tuning model: ModelBundle, progress: @escaping @Sendable (Int, Int) throws -> Void
    ) throws -> Plan {
        if let file = options.plan {
            let plan = try Plan(contentsOf: file), found = try plan.networkDescription().architecture
            guard found == model.network.architecture else {
                throw WorkflowError.otherNetwork(plan: file.path, found: found.rawValue, model: model.network.architecture.rawValue)
            }
            return plan
        }
        let planner = NetworkPlanner(memory: options.planning.memory)
        return try planner.plan(
            PlanningRequest.fingerprint(of: dataset, progress), labels: dataset.labels, dataset: dataset.name, like: model.network)
    }

    /// Makes the first weights of a new run from the model's, and says what could not be taken over.
    func tune(_ model: ModelBundle, _ description: inout TrainingRun.Description) throws {
        guard let tuning = options.tuning else { return }
        let weights = options.run.appending(path: TrainingRun.initialWeights)
        let notes = try FineTuning.writeWeights(of: model, for: description.plan, seed: description.configuration.seed, to: weights)
        description.initial = TrainingRun.initialWeights
        description.finetuned = try tuning.record(of: model, notes: notes)
        for line in notes { logger.notice("Tuning: \(line)") }
    }
}
