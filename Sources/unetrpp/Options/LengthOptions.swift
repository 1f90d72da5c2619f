import ArgumentParser
import UNETRTraining
import UNETRWorkflows

/// How long a run trains, over its settings.
struct LengthOptions: ParsableArguments {
    @Option(help: "Number of epochs, instead of the one in the settings.") var epochs: Int?
    @Option(help: "Steps per epoch, instead of the number in the settings.") var iterations: Int?
    @Option(
        help: ArgumentHelp(
            "What the run may take, from which the number of epochs follows: a time such as 2h, 90m or 1h30m, or voxels of training patches such as 500M-voxels.",
            valueName: "budget"),
        transform: LengthOptions.budget)
    var budget: TrainingBudget?
    @Option(help: "Random seed, instead of the one in the settings.") var seed: UInt64?

    func validate() throws {
        if budget != nil, epochs != nil { throw ValidationError("the number of epochs follows from --budget; leave out --epochs") }
    }

    /// Puts in what was said.
    func apply(to options: inout TrainingWorkflow.Options) {
        (options.epochs, options.iterations, options.budget, options.seed) = (epochs, iterations, budget, seed)
    }

    @Sendable private static func budget(_ text: String) throws -> TrainingBudget {
        guard let budget = TrainingBudget(text) else {
            throw ValidationError("--budget is '\(text)'; expected a time such as 2h, 90m or 1h30m, or voxels of training patches such as 500M-voxels")
        }
        return budget
    }
}
