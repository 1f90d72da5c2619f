import Foundation
import NetworkTestSupport
import UNETRPlanning
import UNETRPreparation
import UNETRTorch
import UNETRTraining
import UNETRVolumes

/// Descriptions of short runs of a tiny network on made-up cases.
enum TinyRun {
    /// Four prepared cases, a bright ball in noise, the last of them for validation.
    ///
    /// - Parameter labels: what the label map of each case becomes.
    static func description(
        in folder: URL, plan: Plan? = nil, labels: (Int, LabelMap) -> LabelMap = { $1 },
        change: (inout TrainingConfiguration) -> Void = { _ in }
    ) throws -> TrainingRun.Description {
        let plan = try plan ?? TinyModel.plan()
        let prepared = folder.appending(path: "prepared")
        let names = ["a", "b", "c", "d"]
        var references: [String: String] = [:]
        for (number, name) in names.enumerated() {
            let (scan, ball) = TinyModel.ball(number)
            let map = labels(number, ball)
            try Preparer(plan: plan).prepare(scan, labels: map, name: name).write(to: prepared)
            let url = folder.appending(path: "labels/\(name).nii.gz")
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try NIfTI.write(labels: map, to: url)
            references[name] = url.path
        }
        var configuration = TrainingConfiguration()
        configuration.epochs = 3
        configuration.iterationsPerEpoch = 3
        configuration.estimationIterations = 2
        configuration.validationInterval = 2
        configuration.finalValidation = false
        configuration.averaging = 0.9
        configuration.optimizer = .adamw
        configuration.learningRate = 1e-3
        change(&configuration)
        return TrainingRun.Description(
            plan: plan, configuration: configuration, prepared: prepared.path,
            fold: Fold(training: Array(names.prefix(3)), validation: ["d"]), references: references)
    }
}
