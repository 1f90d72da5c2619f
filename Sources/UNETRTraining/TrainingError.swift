/// What stops a training run.
public enum TrainingError: Error, Equatable, CustomStringConvertible, Sendable {
    case setting(field: String, value: String, rule: String)
    case noCases(what: String)
    case noLabels(name: String)
    case ignoreLabelUnsupported(value: Int)
    case notARun(path: String, problem: String)
    case runExists(path: String)
    case differentRun(path: String, field: String)
    case damagedCheckpoint(path: String, problem: String, best: String?)
    case otherProcess(rank: Int)
    case cannotSave(epoch: Int, problem: String, checkpoint: String)
    case notFinite(epoch: Int, iteration: Int, rate: Double, checkpoint: String)

    public var description: String {
        switch self {
        case .setting(let field, let value, let rule):
            "training setting '\(field)' is \(value); the rule is: \(rule)"
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
