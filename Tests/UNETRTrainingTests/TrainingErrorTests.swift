import Testing
import UNETRTraining

struct TrainingErrorTests {
    private static let sentences: [(TrainingError, String)] = [
        (
            .setting(field: "epochs", value: "0", rule: "a whole number from 1 to 1000000"),
            "training setting 'epochs' is 0; the rule is: a whole number from 1 to 1000000"
        ),
        (
            .budgetTooSmall(budget: .time(seconds: 120), least: .time(seconds: 270), epochs: 5, steps: 10, finalValidation: 60),
            "a budget of 2m is too small: 5 epochs of 10 steps need 4m30s, of which the validation of whole cases at the end takes 1m; give at least that"
        ),
        (
            .budgetTooSmall(budget: .voxels(100_000), least: .voxels(409_600), epochs: 5, steps: 10, finalValidation: 0),
            "a budget of 100k-voxels is too small: 5 epochs of 10 steps need 409600-voxels; give at least that"
        ),
        (.noCases(what: "training"), "there are no training cases; a data set needs at least one labeled case for training and one for validation"),
        (.noLabels(name: "a"), "case a has no labels, so it cannot be trained on; add its label file or leave the case out"),
        (
            .ignoreLabelUnsupported(value: 9),
            "the plan's label 9 marks voxels to ignore, which training does not know; relabel those voxels or take the cases out"
        ),
        (.notARun(path: "/r", problem: "run.json is missing"), "/r is not a training run: run.json is missing"),
        (.runExists(path: "/r"), "/r holds a training run already; resume it, or choose another folder"),
        (
            .differentRun(path: "/r", field: "plan"),
            "/r was started with another plan; resume with the settings it was started with, or choose another folder"
        ),
        (.damagedCheckpoint(path: "/c", problem: "is cut off", best: nil), "the checkpoint /c is cut off"),
        (
            .damagedCheckpoint(path: "/c", problem: "is cut off", best: "/b"),
            "the checkpoint /c is cut off; or copy /b over it, to go on from the best epoch"
        ),
        (.otherProcess(rank: 2), "the training process of rank 2 has stopped; its own message says why"),
        (
            .cannotSave(epoch: 3, problem: "No space left on device", checkpoint: "that of epoch 2, /c"),
            "epoch 3 cannot be saved: No space left on device; the last good checkpoint is that of epoch 2, /c. Make room or repair the folder, "
                + "then resume the run"
        ),
        (
            .notFinite(epoch: 3, iteration: 7, rate: 0.5, checkpoint: "none yet"),
            "the loss is not a number in epoch 3, iteration 7, at learning rate 0.5; the last good checkpoint is none yet. Lower the learning "
                + "rate, or check the data for extreme values"
        ),
    ]

    @Test(arguments: sentences)
    func `Each error is one sentence with its values and what to do`(_ error: TrainingError, _ sentence: String) {
        #expect("\(error)" == sentence)
    }
}
