public import Foundation
import UNETRModels
public import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTraining
import UNETRVolumes

/// Runs of a cross-validation on balls, as training leaves them, with random weights.
public enum TinyCrossValidation {
    /// The runs `fold_0` and `fold_1` of a configuration, for four cases: `NAME/fold_K/{run.json, model.unetrpp}`.
    ///
    /// - Parameters:
    ///   - dataset: with `labels/case_N.nii.gz`; see `TinyData`.
    ///   - plan: how the cases are prepared, in `NAME/prepared`.
    ///   - folds: the cases that each run kept for validation.
    ///   - seed: of the weights of the first run.
    @discardableResult
    public static func configuration(
        _ name: String, in folder: URL, dataset: URL, plan: Plan, folds: [[Int]] = [[0, 2], [1, 3]], seed: UInt64
    ) throws -> URL {
        let place = folder.appending(path: name), prepared = place.appending(path: "prepared"), all = folds.flatMap { $0 }.sorted()
        try AtomicFile.makeFolder(prepared)
        for number in all { try Preparer(plan: plan).prepare(TinyModel.ball(number).scan, name: "case_\(number)").write(to: prepared) }
        for (fold, kept) in folds.enumerated() {
            let run = place.appending(path: "fold_\(fold)")
            try AtomicFile.makeFolder(run)
            _ = try TinyModel.bundle(plan, in: run, named: "model", seed: seed + UInt64(fold))
            let names = Dictionary(uniqueKeysWithValues: all.map { ("case_\($0)", dataset.appending(path: "labels/case_\($0).nii.gz").path) })
            let description = TrainingRun.Description(
                plan: plan, configuration: .published(for: plan), prepared: prepared.path,
                fold: Fold(training: all.filter { !kept.contains($0) }.map { "case_\($0)" }, validation: kept.map { "case_\($0)" }), references: names)
            try AtomicFile.write(JSONText.encode(description), to: run.appending(path: "run.json"))
        }
        return place
    }
}
