import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRLayers
import UNETRNetworks
import UNETRPlanning
import UNETRTorch
import UNETRVolumes

@testable import UNETRTraining

/// Two threads that stand for two processes, each with a trainer of its own.
@Suite(.serialized) struct ProcessGroupTests {
    private struct Killed: Error {}

    /// Trains both to the end, or until `stop` says so; returns the weights and averages of each.
    private func train(
        _ description: TrainingRun.Description, in folder: URL, resume: Bool = false, until stop: @escaping @Sendable (TrainingEvent) -> Bool = { _ in false }
    ) -> [Result<[[Float]], any Error>] {
        PairedProcess.both { process in
            let trainer = try Trainer(run: TrainingRun(folder: folder), description: description, processes: process, resume: resume)
            try trainer.train { if stop($0) { throw Killed() } }
            return try (trainer.network.store.entries.map(\.tensor) + (trainer.average?.tensors ?? []))
                .map { try $0.detached().to(.float32).array(of: Float.self) }
        }
    }

    @Test func `Two processes begin one run, end with the same weights, and resumed give the bits of an unbroken run`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try TinyRun.description(in: folder, change: { $0.epochs = 2 })
            let whole = folder.appending(path: "whole"), broken = folder.appending(path: "broken")
            let weights = try train(description, in: whole).map { try $0.get() }
            #expect(weights.count == 2 && weights[0] == weights[1])
            let stopped = train(description, in: broken) { if case .iteration(2, 2, _, _) = $0 { true } else { false } }
            #expect(stopped.allSatisfy { if case .failure = $0 { true } else { false } })
            let resumed = try train(description, in: broken, resume: true).map { try $0.get() }
            #expect(resumed == weights)
            for name in ["log.jsonl", "latest/checkpoint.safetensors", "model.unetrpp/model.safetensors"] {
                #expect(try Data(contentsOf: whole.appending(path: name)) == Data(contentsOf: broken.appending(path: name)), "\(name)")
            }
        }
    }

    @Test func `The rescue draws the same weights for all`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try TinyRun.description(in: folder) { number, map in
                number == 3 ? LabelMap(geometry: map.geometry, voxels: map.voxels.map { _ in 0 }) : map
            } change: {
                $0.epochs = 1
                $0.optimizer = .sgd
                $0.rescueEpoch = 1
            }
            let run = folder.appending(path: "run")
            let weights = try train(description, in: run).map { try $0.get() }
            #expect(TrainingRun(folder: run).records().map(\.redrawn) == [true])
            #expect(weights[0] == weights[1])
        }
    }

    @Test func `What stops the first process stops the second, each with a reason`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try TinyRun.description(in: folder, change: { $0.epochs = 1 })
            let run = TrainingRun(folder: folder.appending(path: "run"))
            try FileManager.default.createDirectory(at: run.folder, withIntermediateDirectories: true)
            try run.write(description)
            let results = train(description, in: run.folder)
            #expect(throws: TrainingError.runExists(path: run.folder.path)) { try results[0].get() }
            #expect(throws: TrainingError.otherProcess(rank: 0)) { try results[1].get() }
        }
    }
}
