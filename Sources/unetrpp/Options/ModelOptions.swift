public import ArgumentParser
import UNETRModels

/// Which networks of another tool's model are taken.
struct ModelOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folds of another tool's model to average, such as 0,1, or all for the network trained on all cases.", valueName: "folds"))
    var folds: String?

    @Option(help: "State of another tool's training: final or best.")
    var checkpoint: ModelChoice.Checkpoint?

    @Option(help: "Configuration of another tool's model, such as 3d_fullres.")
    var configuration: String?

    @Flag(help: "Take a model whose trainer is unknown; its network must be the one that its plan describes.")
    var trustTrainer = false

    var choice: ModelChoice {
        ModelChoice(
            folds: folds?.split(separator: ",").map { $0.trimmingPrefix(while: \.isWhitespace) }.map(String.init), checkpoint: checkpoint ?? .final,
            configuration: configuration, trustsTrainer: trustTrainer)
    }
}

extension ModelChoice.Checkpoint: ExpressibleByArgument {}
