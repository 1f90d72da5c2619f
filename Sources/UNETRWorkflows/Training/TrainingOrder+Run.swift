import Foundation
import Logging
public import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
public import UNETRTorch
import UNETRTraining
import UNETRVolumes
public import UNETRWork

extension TrainingOrder {
    /// Trains a model further on the cases, as `TrainingWorkflow` does, and puts the new one where it goes.
    ///
    /// - Parameters:
    ///   - model: the plan and the weights that it starts from.
    ///   - device: where it computes.
    ///   - report: gets notes and epochs.
    /// - Throws: what `TrainingWorkflow` throws; `VolumeError` and `PreparationError` for cases that cannot be read.
    public func run(from model: ModelBundle, on device: Device, report: @Sendable (WorkerEvent) -> Void) throws {
        let folder = URL(fileURLWithPath: folder), run = TrainingRun(folder: folder.appending(path: "run"))
        let dataset = folder.appending(path: "dataset")
        var options = TrainingWorkflow.Options(dataset: dataset, run: run.folder)
        options.device = device
        options.resumes = run.exists
        if !run.exists {
            report(.note(job: job, text: "\(cases.count) labeled scans"))
            try layOut(dataset, labels: model.plan.labels)
            options.initial = model.url
            options.plan = folder.appending(path: "plan.json")
            options.settings = folder.appending(path: "settings.json")
            options.split.fold = validates ? "0" : "all"
            try model.plan.write(to: options.plan!)
            // Whole cases are validated instead of patches, and weights that are good already are never drawn anew.
            let settings: [String: JSONValue] = [
                "learningRate": .number(learningRate), "estimationIterations": .integer(0), "rescueEpoch": .null,
                "validationInterval": .integer(max(1, epochs / 10)),
            ]
            try AtomicFile.write(JSONText.encode(JSONValue.object(settings), .line), to: options.settings!)
            (options.epochs, options.iterations) = (epochs, iterations)
        }
        let workflow = TrainingWorkflow(options, logger: Logger(label: "training") { _ in SwiftLogNoOpLogHandler() })
        try workflow.job().run { tell($0, report) }
        let trained = try ModelBundle(contentsOf: run.model)
        let card = String(decoding: try InputFile.contents(of: run.model.appending(path: "card.md"), most: 1 << 20), as: UTF8.self)
        let rest = card.split(separator: "\n", omittingEmptySubsequences: false).drop { $0.hasPrefix("# ") || $0.isEmpty }
        try trained.store(card: "# \(title)\n\nTrained further on \(cases.count) scans, from \(self.model).\n\n" + rest.joined(separator: "\n"))
        try ModelBundle(contentsOf: run.model).copy(to: URL(fileURLWithPath: bundle))
    }

    private func tell(_ event: TrainingWorkflow.Event, _ report: @Sendable (WorkerEvent) -> Void) {
        switch event {
        case .preparing(let event, let count):
            switch event {
            case .finished: report(.note(job: job, text: "\(count) scans are prepared"))
            case .failed(let name, let problem): report(.note(job: job, text: "\(name): \(problem)"))
            default: break
            }
        case .training(.epoch(let record, let timing)):
            var text = "Epoch \(record.epoch)/\(epochs): loss \(String(format: "%.4f", record.loss))"
            if let dice = record.meanDice { text += ", Dice of whole cases \(String(format: "%.4f", dice))" }
            report(.note(job: job, text: text + String(format: ", %.1f s", timing.seconds)))
            report(.epoch(job: job, done: record.epoch, total: epochs, dice: record.meanDice))
        case .training(.finished(let summary)):
            for score in summary.scores { report(.note(job: job, text: "Validation, \(score.name): \(score.text)")) }
        default: break
        }
    }

    /// A data set's folder with the scans and with masks that have the model's values.
    private func layOut(_ dataset: URL, labels: LabelSet) throws {
        let images = dataset.appending(path: "images"), masks = dataset.appending(path: "labels"), known = Set(labels.definitions.flatMap(\.values))
        for folder in [images, masks] { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
        for item in cases {
            try Cancellation.check()
            let image = URL(fileURLWithPath: item.image), ending = VolumeName(image.lastPathComponent)?.ending ?? ".nii.gz"
            let place = images.appending(path: item.name + ending)
            try? FileManager.default.removeItem(at: place)
            try FileManager.default.createSymbolicLink(at: place, withDestinationURL: image)
            let geometry = try VolumeFile.readHeader(image).geometry
            var mask = try VolumeFile.readLabels(URL(fileURLWithPath: item.label), on: geometry, as: labels)
            if !item.values.isEmpty { mask.voxels = mask.voxels.map { item.values[Int($0)].flatMap { Int16(exactly: $0) } ?? $0 } }
            if let odd = Set(mask.voxels).map({ Int($0) }).sorted().first(where: { !known.contains($0) }) {
                throw WorkflowError.unknownLabel(case: item.name, value: odd, known: known.sorted())
            }
            try VolumeFile.write(labels: mask, to: masks.appending(path: item.name + ".nii.gz"))
        }
    }
}
