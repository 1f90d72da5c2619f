import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRLayers
import UNETRPreparation

@testable import UNETRTraining

/// Runs of a tiny network whose length follows from a budget.
@Suite(.serialized) struct BudgetRunTests {
    private struct Killed: Error {}

    private func bytes(_ run: TrainingRun) throws -> [Data] {
        try [run.log, run.latest, run.model.appending(path: "model.safetensors"), run.descriptionURL].map { try Data(contentsOf: $0) }
    }

    /// Trains in a folder, killed in the middle of the second epoch and at the end of the fourth, or not.
    private func train(_ description: TrainingRun.Description, in folder: URL, killed: Bool = false) throws -> TrainingRun {
        let run = TrainingRun(folder: folder)
        for (epoch, iteration) in killed ? [(2, 2), (4, 3)] : [] {
            #expect(throws: Killed.self) {
                try Trainer(run: run, description: run.exists ? run.readDescription() : description, resume: true).train {
                    if case .iteration(epoch, iteration, _, _) = $0 { throw Killed() }
                }
            }
        }
        try Trainer(run: run, description: run.exists ? run.readDescription() : description, resume: true).train { _ in }
        return run
    }

    @Test func `Equal budgets of voxels give equal runs, killed or not, and those of their number of epochs`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var plain = try TinyRun.description(in: folder)
            // A step has 2 · 16³ voxels, an epoch 3 steps: 6 epochs, and 2544 voxels are left over.
            let budget = TrainingBudget.voxels(150_000), runs = ["whole", "broken", "plain"].map { folder.appending(path: $0) }
            let laid = try Trainer.lay(budget, for: plain, run: TrainingRun(folder: runs[0]))
            #expect(laid.configuration.epochs == 6 && laid.configuration.iterationsPerEpoch == 3 && laid.budget?.measured == nil)
            #expect(laid.budget?.budget == budget && laid.budget?.asked == .init(of: plain.configuration))
            #expect(try Trainer.lay(budget, for: plain, run: TrainingRun(folder: runs[1])) == laid)
            let whole = try bytes(train(laid, in: runs[0]))
            #expect(try bytes(train(laid, in: runs[1], killed: true)) == whole)
            plain.configuration.epochs = 6
            #expect(try bytes(train(plain, in: runs[2])).prefix(3) == whole.prefix(3))
        }
    }

    @Test func `The schedule of a time is laid once, and a run that is killed ends as one that is not`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var description = try TinyRun.description(in: folder, change: { $0.schedule = .cosine(warmUp: 0.2) })
            // (19 · 0.97 s) / (3 · 1 s) = 6.1 epochs.
            try description.lay(.time(seconds: 19), TrainingTimes(step: 1))
            #expect(description.configuration.epochs == 6 && description.configuration.validationInterval == 6)
            let whole = try train(description, in: folder.appending(path: "whole")),
                broken = try train(description, in: folder.appending(path: "broken"), killed: true)
            #expect(try bytes(whole) == bytes(broken))
            #expect(try broken.readDescription().budget == description.budget && description.budget?.expected == 18)
            #expect(whole.records().count == 6 && whole.records()[5].learningRate < 0.05 * 1e-3, "the schedule is complete")
        }
    }

    @Test func `What a step and all else take is measured and recorded, and leaves nothing behind`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try TinyRun.description(in: folder, change: { $0.finalValidation = true }),
                run = TrainingRun(folder: folder.appending(path: "run"))
            let laid = try Trainer.lay(.time(seconds: 60), for: description, run: run)
            let budget = try #require(laid.budget), times = try #require(budget.measured)
            #expect((7...50).contains(times.steps) && times.before > Double(times.steps) / 2 * times.step, "\(times)")
            for (name, value) in [
                ("step", times.step), ("estimation", times.estimation), ("checkpoint", times.checkpoint), ("validation", times.validation),
                ("finalValidation", times.finalValidation),
            ] { #expect(value > 0 && value < 60, "\(name) \(value)") }
            // Eight passes through the network against one.
            #expect(times.finalValidation > 7 * times.validation)
            #expect(try #require(budget.expected) < 60 && laid.configuration.epochs >= 5)
            #expect(!run.exists && !FileManager.default.fileExists(atPath: run.trial.path))
            var rest = laid
            (rest.configuration, rest.budget) = (description.configuration, nil)
            #expect(rest == description)

            var none = description
            none.fold = Fold(training: description.fold.training, validation: [])
            let without = try #require(Trainer.lay(.time(seconds: 60), for: none, run: run).budget?.measured)
            #expect(without.validation == 0 && without.finalValidation == 0)
        }
    }

    @Test func `A time that is over after the first steps is refused soon`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try TinyRun.description(in: folder), run = TrainingRun(folder: folder.appending(path: "run"))
            let error = #expect(throws: TrainingError.self) {
                try Trainer.lay(.time(seconds: 1), for: description, run: run, since: .now - .seconds(5))
            }
            guard case .budgetTooSmall(.time(seconds: 1), .time(let least), 5, 3, _) = error else { Issue.record("\(String(describing: error))"); return }
            #expect(least > 5)
        }
    }

    @Test func `Of several processes the first decides, and all train as long`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try TinyRun.description(in: folder), run = TrainingRun(folder: folder.appending(path: "run"))
            let laid = try GlooThreads.run(2) { try Trainer.lay(.time(seconds: 60), for: description, run: run, processes: $0) }.map { try $0.get() }
            #expect(laid[0] == laid[1] && laid[0].budget?.measured != nil)
        }
    }
}
