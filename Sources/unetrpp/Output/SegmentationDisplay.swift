import Foundation
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRWorkflows

/// What `segment` shows: a bar over the patches of all scans, and what became of scans that failed.
final class SegmentationDisplay {
    /// The limit of memory as it was given.
    private let memory: String?
    private var bar = ProgressBar("", total: 0)
    private var outline: CohortSegmentation.Outline?

    init(memory: String?) { self.memory = memory }

    func show(_ event: CohortSegmentation.Event) {
        switch event {
        case .begins(let outline):
            self.outline = outline
            if !outline.done.isEmpty { bar.say("\(outline.done.count) of \(outline.done.count + outline.tasks.count) scans are done already") }
            guard !outline.tasks.isEmpty else { return }
            bar = ProgressBar("Segmenting", total: outline.patches.reduce(0, +))
            bar.say(
                "Predicted peak memory \(outline.memory >> 20) MB" + (memory.map { " of \($0)" } ?? "")
                    + (outline.tasks.count > 1 ? outline.overlaps ? ", one scan read ahead" : ", one scan after the other" : ""))
        case .task(.patch(let task, let done, let total)):
            guard let outline else { return }
            let before = outline.patches[..<task].reduce(0, +)
            bar.update(before + outline.patches[task] * done / total, outline.tasks[task].scan.name)
        case .task(.finished(_, let outcome)):
            if let problem = Advice.sentence(for: outcome) { bar.say("unetrpp: \(problem)") }
            if let expected = outcome.expectedDice {
                let values = expected.sorted { $0.key < $1.key }.map { "\($0.key) \(String(format: "%.3f", $0.value))" }
                bar.say("\(outcome.name): expected Dice \(values.isEmpty ? "of nothing: no structure was found" : values.joined(separator: ", "))")
            }
            if let windows = outcome.windows, outcome.problem == nil {
                let share = 100 * Double(windows.computed) / Double(max(1, windows.all))
                bar.say(
                    "\(outcome.name): \(windows.computed) of \(windows.all) windows (\(String(format: "%.0f", share)) %), "
                        + "\(String(format: "%.1f", outcome.networkSeconds)) s in the networks")
            }
            if outcome.problem == nil, let warning = outcome.trainingDistance?.warning { bar.say("unetrpp: warning: \(outcome.name): \(warning)") }
            for file in outcome.unwritten { bar.say("\(file.path): not written, because the mask of \(outcome.name) is empty and DICOM knows no empty object") }
        case .task(.ended(let outcomes)): conclude(outcomes)
        }
    }

    private func conclude(_ outcomes: [SegmentationJob.Outcome]) {
        if outcomes.contains(where: \.wasCancelled) {
            bar.say("unetrpp: stopped; \(outcomes.filter { $0.problem == nil }.count) of \(outcomes.count) scans are done")
        }
        let failed = outcomes.filter { $0.problem != nil && !$0.wasCancelled }
        if !failed.isEmpty, outcomes.count > 1 {
            bar.say("\(failed.count) of \(outcomes.count) scans failed: \(failed.map(\.name).joined(separator: ", "))")
        }
    }
}
