/// What stops a training run.
public enum TrainingError: Error, Equatable, CustomStringConvertible, Sendable {
    /// A setting is out of range.
    case setting(field: String, value: String, rule: String)
    /// A budget is not even enough for so many epochs of so many steps; the least that is, and the seconds of it for the last validation.
    case budgetTooSmall(budget: TrainingBudget, least: TrainingBudget, epochs: Int, steps: Int, finalValidation: Double)
    /// There are no cases to train or validate on.
    case noCases(what: String)
    /// A training case has no labels.
    case noLabels(name: String)
    /// The label set has a value to ignore, which this loss cannot do.
    case ignoreLabelUnsupported(value: Int)
    /// The folder is no training run.
    case notARun(path: String, problem: String)
    /// The folder holds a run.
    case runExists(path: String)
    /// The run in the folder differs in this field.
    case differentRun(path: String, field: String)
    /// A checkpoint cannot be used.
    case damagedCheckpoint(path: String, problem: String, best: String?)
    /// Another process failed.
    case otherProcess(rank: Int)
    /// An epoch cannot be saved; the last good checkpoint.
    case cannotSave(epoch: Int, problem: String, checkpoint: String)
    /// The loss is not a number; the last good checkpoint.
    case notFinite(epoch: Int, iteration: Int, rate: Double, checkpoint: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .setting(let field, let value, let rule):
            "training setting '\(field)' is \(value); the rule is: \(rule)"
        case .budgetTooSmall(let budget, let least, let epochs, let steps, let finalValidation):
            "a budget of \(budget) is too small: \(epochs) epochs of \(steps) steps need \(least)"
                + (finalValidation >= 1 ? ", of which the validation of whole cases at the end takes \(TrainingBudget(atLeast: finalValidation))" : "")
                + "; give at least that"
        case .noCases(let what):
            "there are no \(what) cases; a data set needs at least one labeled case for training and one for validation"
        case .noLabels(let name):
            "case \(name) has no labels, so it cannot be trained on; add its label file or leave the case out"
        case .ignoreLabelUnsupported(let value):
            "the plan's label \(value) marks voxels to ignore, which training does not know; relabel those voxels or take the cases out"
        case .notARun(let path, let problem):
            "\(path) is not a training run: \(problem)"
        case .runExists(let path):
            "\(path) holds a training run already; resume it, or choose another folder"
        case .differentRun(let path, let field):
            "\(path) was started with another \(field); resume with the settings it was started with, or choose another folder"
        case .damagedCheckpoint(let path, let problem, let best):
            "the checkpoint \(path) \(problem)"
                + (best.map { "; or copy \($0) over it, to go on from the best epoch" } ?? "")
        case .otherProcess(let rank):
            "the training process of rank \(rank) has stopped; its own message says why"
        case .cannotSave(let epoch, let problem, let checkpoint):
            "epoch \(epoch) cannot be saved: \(problem); the last good checkpoint is \(checkpoint). Make room or repair the folder, then "
                + "resume the run"
        case .notFinite(let epoch, let iteration, let rate, let checkpoint):
            "the loss is not a number in epoch \(epoch), iteration \(iteration), at learning rate \(rate); the last good checkpoint is "
                + "\(checkpoint). Lower the learning rate, or check the data for extreme values"
        }
    }
}
