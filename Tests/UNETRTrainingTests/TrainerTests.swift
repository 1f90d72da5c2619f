import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRTorch
import UNETRTorchEngine
import UNETRVolumes

@testable import UNETRTraining

/// Short runs of a tiny network on made-up cases.
@Suite(.serialized) struct TrainerTests {
    private struct Killed: Error {}

    private func description(in folder: URL, precision: DType? = nil, change: (inout TrainingConfiguration) -> Void = { _ in }) throws
        -> TrainingRun.Description
    {
        try TinyRun.description(
            in: folder,
            change: {
                $0.mixedPrecision = precision
                change(&$0)
            })
    }

    private func bytes(_ run: TrainingRun) throws -> [Data] {
        try [run.log, run.latest, run.model.appending(path: "model.safetensors")].map { try Data(contentsOf: $0) }
    }

    @Test("Equal seeds give equal logs, checkpoints and models; other seeds do not", arguments: [nil, DType.bfloat16])
    func determinism(precision: DType?) throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try description(in: folder, precision: precision)
            let runs = ["one", "two", "other"].map { TrainingRun(folder: folder.appending(path: $0)) }
            for (number, run) in runs.enumerated() {
                var description = description
                if number == 2 { description.configuration.seed = 99 }
                try Trainer(run: run, description: description).train { _ in }
            }
            #expect(try bytes(runs[0]) == bytes(runs[1]))
            #expect(try bytes(runs[0])[0] != bytes(runs[2])[0])
            let records = runs[0].records()
            #expect(records.map(\.epoch) == [1, 2, 3])
            #expect(records.map { $0.validationDice != nil } == [false, true, true])
        }
    }

    @Test func `The model has the profile of the training cases, and its card says what it is`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try description(in: folder), run = TrainingRun(folder: folder.appending(path: "run"))
            try Trainer(run: run, description: description).train { _ in }
            let scans = try ["a", "b", "c"].map { ScanProfile(of: try PreparedCase(named: $0, in: folder.appending(path: "prepared"))) }
            let expected = TrainingProfile(of: scans, preparation: description.plan.preparationDigest)
            #expect(try ModelBundle(contentsOf: run.model).trainingProfile() == expected)
            let card = try String(contentsOf: run.model.appending(path: "card.md"), encoding: .utf8)
            #expect(card.hasSuffix("without mirroring\n\nTraining profile (`profile.json`): \(expected.summary)\n"))
        }
    }

    @Test func `A killed run that is resumed gives the same bits as one that was not killed`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try description(in: folder)
            let whole = TrainingRun(folder: folder.appending(path: "whole"))
            try Trainer(run: whole, description: description).train { _ in }

            let broken = TrainingRun(folder: folder.appending(path: "broken"))
            for (epoch, iteration) in [(1, 2), (2, 1), (3, 3)] {
                #expect(throws: Killed.self) {
                    try Trainer(run: broken, description: description, resume: true).train { event in
                        if case .iteration(epoch, iteration, _, _) = event { throw Killed() }
                    }
                }
            }
            try Trainer(run: broken, description: description, resume: true).train { _ in }
            #expect(try bytes(broken) == bytes(whole))
        }
    }

    @Test func `The loss falls, and the model that is written is the averaged one`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try description(in: folder) {
                $0.epochs = 4
                $0.iterationsPerEpoch = 8
                $0.learningRate = 5e-3
            }
            let run = TrainingRun(folder: folder.appending(path: "run"))
            try Trainer(run: run, description: description).train { _ in }
            let losses = run.records().map(\.loss)
            #expect(losses.last! < losses.first! - 0.2, "losses \(losses)")
            _ = try ModelBundle(contentsOf: run.model).makeNetwork()
            let chart = try String(contentsOf: run.progress, encoding: .utf8)
            #expect(chart.hasPrefix("<svg") || chart.hasPrefix("<?xml"))
            for text in ["Loss", "Validation", "Learning rate", "epoch", "ball"] { #expect(chart.contains(text), "\(text)") }
        }
    }

    @Test func `A folder in use, other settings, and a run without cases are refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var description = try description(in: folder) { $0.epochs = 1 }
            let run = TrainingRun(folder: folder.appending(path: "run"))
            try Trainer(run: run, description: description).train { _ in }
            #expect(throws: TrainingError.runExists(path: run.folder.path)) { try Trainer(run: run, description: description) }
            description.configuration.learningRate = 0.5
            #expect(throws: TrainingError.differentRun(path: run.folder.path, field: "training configuration")) {
                try Trainer(run: run, description: description, resume: true)
            }
            description.fold.training = []
            #expect(throws: TrainingError.noCases(what: "training")) {
                try Trainer(run: TrainingRun(folder: folder.appending(path: "empty")), description: description).train { _ in }
            }
        }
    }

    @Test func `A loss that is not a number stops the run and leaves the last checkpoint as it was`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try description(in: folder) { $0.epochs = 2 }
            let run = TrainingRun(folder: folder.appending(path: "run"))
            #expect(throws: Killed.self) {
                try Trainer(run: run, description: description).train { if case .iteration(2, 1, _, _) = $0 { throw Killed() } }
            }
            let good = try Data(contentsOf: run.latest)
            // A scan that went bad between the epochs.
            let prepared = URL(fileURLWithPath: description.prepared)
            for name in description.fold.training {
                var broken = try PreparedCase(named: name, in: prepared)
                broken.image = broken.image.map { _ in .nan }
                try broken.write(to: prepared)
            }
            let error = #expect(throws: TrainingError.self) {
                try Trainer(run: run, description: description, resume: true).train { _ in }
            }
            guard case .notFinite(epoch: 2, iteration: 1, _, let checkpoint) = error else { Issue.record("\(String(describing: error))"); return }
            #expect(checkpoint.contains("epoch 1") && checkpoint.contains(run.latest.path), "\(checkpoint)")
            #expect(try Data(contentsOf: run.latest) == good)
        }
    }

    @Test func `Settings files override the published protocol and are checked`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "settings.json")
            try Data(#"{"epochs": 7, "optimizer": "adamw", "schedule": {"cosine": {"warmUp": 0.1}}, "averaging": 0.99}"#.utf8).write(to: url)
            let settings = try TrainingConfiguration(contentsOf: url)
            #expect(settings.epochs == 7 && settings.optimizer == .adamw && settings.averaging == 0.99)
            #expect(settings.iterationsPerEpoch == 250 && settings.momentum == 0.99)
            for (text, field) in [(#"{"epoch": 7}"#, "epoch"), (#"{"momentum": 1.5}"#, "momentum"), (#"{"learningRate": 0}"#, "learningRate")] {
                try Data(text.utf8).write(to: url)
                let error = #expect(throws: TrainingError.self) { try TrainingConfiguration(contentsOf: url) }
                guard case .setting(field, _, _) = error else { Issue.record("\(String(describing: error))"); continue }
            }
        }
    }
}
