import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRAugmentation
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorch
import UNETRVolumes

@testable import UNETRTraining

/// Parts of the protocol in whole, short runs.
@Suite(.serialized) struct ProtocolTests {
    private struct Killed: Error {}

    @Test func `A network that learned nothing is drawn anew once, also across a kill`() throws {
        try Fixtures.withTemporaryFolder { folder in
            // The validation case holds no ball, so that whatever is found there is wrong and the estimated Dice 0.
            let description = try TinyRun.description(in: folder) { number, map in
                number == 3 ? LabelMap(geometry: map.geometry, voxels: map.voxels.map { _ in 0 }) : map
            } change: {
                $0.optimizer = .sgd
                $0.rescueEpoch = 2
            }
            let whole = TrainingRun(folder: folder.appending(path: "whole"))
            let trainer = try Trainer(run: whole, description: description)
            try trainer.train { _ in }
            let records = whole.records()
            #expect(records.map(\.estimatedMean) == [0, 0, 0], "\(records)")
            #expect(records.map(\.redrawn) == [nil, true, nil])
            #expect((trainer.optimizer as? SGD)?.momentum == 0.95)

            var other = description
            other.configuration.rescueEpoch = nil
            let plain = TrainingRun(folder: folder.appending(path: "plain"))
            try Trainer(run: plain, description: other).train { _ in }
            #expect(plain.records().map(\.loss)[0...1] == records.map(\.loss)[0...1])
            #expect(plain.records()[2].loss != records[2].loss)

            let broken = TrainingRun(folder: folder.appending(path: "broken"))
            for (epoch, iteration) in [(2, 3), (3, 2)] {
                #expect(throws: Killed.self) {
                    try Trainer(run: broken, description: description, resume: true).train {
                        if case .iteration(epoch, iteration, _, _) = $0 { throw Killed() }
                    }
                }
            }
            let resumed = try Trainer(run: broken, description: description, resume: true)
            #expect((resumed.optimizer as? SGD)?.momentum == 0.95)
            try resumed.train { _ in }
            #expect(try Data(contentsOf: broken.latest) == Data(contentsOf: whole.latest))
        }
    }

    #if DEBUG
        @Test func `A full disk stops the run with a sentence, and it goes on from the last good checkpoint when there is room`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let description = try TinyRun.description(in: folder)
                let whole = TrainingRun(folder: folder.appending(path: "whole"))
                try Trainer(run: whole, description: description).train { _ in }

                let run = TrainingRun(folder: folder.appending(path: "run"))
                #expect(throws: Killed.self) {
                    try Trainer(run: run, description: description).train { if case .iteration(2, 1, _, _) = $0 { throw Killed() } }
                }
                let good = try Data(contentsOf: run.latest)
                // No room for the checkpoint, whatever it is written as.
                let fault = FaultInjection.Fault(.fail(ENOSPC), at: .write, number: 1)
                let error = #expect(throws: TrainingError.self) {
                    try FaultInjection.with(fault, under: run.latest.deletingLastPathComponent()) {
                        try Trainer(run: run, description: description, resume: true).train { _ in }
                    }
                }
                let sentence = "\(try #require(error))"
                for words in ["epoch 2 cannot be saved", "No space left on device", "that of epoch 1", run.latest.path, "resume the run"] {
                    #expect(sentence.contains(words), "'\(words)' is not in: \(sentence)")
                }
                #expect(try Data(contentsOf: run.latest) == good)

                try Trainer(run: run, description: description, resume: true).train { _ in }
                #expect(try Data(contentsOf: run.latest) == Data(contentsOf: whole.latest))
                #expect(try Data(contentsOf: run.log) == Data(contentsOf: whole.log))
            }
        }
    #endif

    @Test func `Fine-tuning with other classes makes the heads anew, takes over the rest, and refuses another network`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try TinyModel.bundle(in: folder)
            let plan = try TinyModel.plan([.init(name: "ball", value: 1), .init(name: "other", value: 2)])
            var description = try TinyRun.description(in: folder, plan: plan)
            description.initial = bundle.url.path
            let trainer = try Trainer(run: TrainingRun(folder: folder.appending(path: "run")), description: description)
            let line = try #require(trainer.beginning)
            for words in ["6 of the heads are new", "3 classes instead of 2", "out1.conv.conv.weight", "m.unetrpp"] {
                #expect(line.contains(words), "'\(words)' is not in: \(line)")
            }
            let state = try bundle.state()
            for entry in trainer.network.store.entries where entry.aliasOf == nil {
                let theirs = try #require(state[entry.key])
                if entry.key.hasPrefix("out") {
                    #expect(entry.tensor.shape[0] == 3 && theirs.shape[0] == 2)
                } else {
                    #expect(try entry.tensor.detached().stored() == theirs, "\(entry.key)")
                }
            }

            var wider = try TinyModel.plan()
            guard var network = try wider.networkDescription().configuration as? UNETRPlusPlusConfiguration else { return }
            network.featureSize = 4
            wider = wider.with(network: .unetrPlusPlus(network))
            description.plan = wider
            #expect(throws: StateError.self) {
                try Trainer(run: TrainingRun(folder: folder.appending(path: "wider")), description: description)
            }
            #expect(!TrainingRun(folder: folder.appending(path: "wider")).exists)
        }
    }

    @Test func `Overlapping regions are trained, validated and written as a label map`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let labels = LabelSet(
                definitions: [
                    .init(name: "background", value: 0), .init(name: "whole", values: [1, 2]), .init(name: "core", value: 2),
                ], regionOrder: [1, 2])
            var plan = try TinyModel.plan([.init(name: "one", value: 1)])
            plan.labels = labels
            guard var network = try TinyModel.plan().networkDescription().configuration as? UNETRPlusPlusConfiguration else { return }
            network.classes = 2
            plan = plan.with(network: .unetrPlusPlus(network))
            let description = try TinyRun.description(in: folder, plan: plan) { _, map in
                // The upper half of the ball is the core.
                let half = map.voxels.count / 2
                return LabelMap(geometry: map.geometry, voxels: map.voxels.enumerated().map { $1 * ($0 < half ? 1 : 2) })
            } change: {
                $0.epochs = 6
                $0.iterationsPerEpoch = 10
                $0.learningRate = 1e-2
                $0.validationInterval = 6
                $0.finalValidation = true
            }
            let run = TrainingRun(folder: folder.appending(path: "run"))
            try Trainer(run: run, description: description).train { _ in }
            let records = run.records()
            #expect(records.last!.loss < records[0].loss - 0.2, "\(records.map(\.loss))")
            #expect(records.last!.validationDice?.count == 2 && records.last!.estimatedDice?.count == 2)
            let mask = try NIfTI.readLabels(run.validation.appending(path: "d.nii.gz"))
            #expect(Set(mask.voxels).isSubset(of: [0, 1, 2]) && mask.geometry.size == [18, 17, 19])
            let summary = try String(contentsOf: run.validation.appending(path: "summary.json"), encoding: .utf8)
            #expect(summary.contains("(1, 2)"))
        }
    }

    @Test func `At the end the validation cases are segmented on their scans' grid and scored`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "unetrpp-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let description = try TinyRun.description(in: folder, change: { $0.finalValidation = true })
        let run = TrainingRun(folder: folder.appending(path: "run"))
        var last: TrainingEvent?
        var iterations = 0
        for try await event in try Trainer(run: run, description: description).events() {
            if case .iteration = event { iterations += 1 }
            last = event
        }
        #expect(iterations == 9)
        guard case .finished(let summary) = last else { Issue.record("the last event is \(String(describing: last))"); return }
        #expect(summary.epochs == 3 && summary.model == run.model && summary.scores.map(\.name) == ["ball"])
        let mask = try NIfTI.readLabels(run.validation.appending(path: "d.nii.gz"))
        let expert = try NIfTI.readLabels(URL(fileURLWithPath: description.references["d"]!))
        let overlap = zip(mask.voxels, expert.voxels).filter { $0 == 1 && $1 == 1 }.count
        let size = mask.voxels.filter { $0 == 1 }.count + expert.voxels.filter { $0 == 1 }.count
        #expect(abs((summary.scores[0].dice?.mean ?? -1) - 2 * Double(overlap) / Double(size)) < 1e-12)
        for file in ["summary.json", "evaluation.json", "metrics.csv", "report.html"] {
            #expect(FileManager.default.fileExists(atPath: run.validation.appending(path: file).path), "\(file)")
        }
        let card = try String(contentsOf: run.model.appending(path: "card.md"), encoding: .utf8)
        #expect(card.contains("HD95") && card.contains("ball"))
    }

    @Test func `Leaving the events early stops the run after the step under way`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "unetrpp-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let description = try TinyRun.description(
            in: folder,
            change: {
                $0.epochs = 100_000
                $0.iterationsPerEpoch = 1
                $0.estimationIterations = 0
                $0.validationInterval = 100_000
            })
        let run = TrainingRun(folder: folder.appending(path: "run"))
        for try await event in try Trainer(run: run, description: description).events() {
            if case .epoch = event { break }
        }
        // The trainer that runs holds the folder.
        var lock = try? run.lock()
        for _ in 0..<600 where lock == nil {
            try await Task.sleep(for: .milliseconds(100))
            lock = try? run.lock()
        }
        let done = run.records().count
        #expect(lock != nil && done > 0 && done < 100_000, "still running after a minute, at \(done)")
        let resumed = try Trainer(run: run, description: description, resume: true, lock: lock)
        #expect(resumed.epochsDone == done)
    }

    @Test func `Training on all cases estimates on their patches and validates nothing`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var description = try TinyRun.description(in: folder, change: { $0.finalValidation = true })
            description.fold = try FoldChoice.all.cases(of: ["a", "b", "c", "d"], benchmark: nil)
            let run = TrainingRun(folder: folder.appending(path: "run"))
            try Trainer(run: run, description: description).train { _ in }
            #expect(run.records().allSatisfy { $0.validationDice == nil && $0.estimatedDice != nil })
            #expect(!FileManager.default.fileExists(atPath: run.validation.path))
        }
    }

    @Test func `A plan's protocol takes its batch, in-plane augmentation and masks`() throws {
        var plan = try TinyModel.plan()
        plan.batchSize = 5
        plan.patchSize = [16, 64, 64]
        plan.normalization = [.init(scheme: .zScore, useMask: true)]
        let anisotropic = TrainingConfiguration.published(for: plan)
        #expect(anisotropic.batchSize == 5 && anisotropic.augmentation.inPlane && anisotropic.augmentation.zeroOutsideMask == [true])
        plan.patchSize = [16, 48, 48]
        #expect(!TrainingConfiguration.published(for: plan).augmentation.inPlane)
    }

    @Test(arguments: [([1, 48, 32], -180...180), ([1, 32, 52], -15...15), ([1, 32, 48], -180...180)] as [(Size3, ClosedRange<Double>)])
    func `Slices are turned and mirrored within themselves, long ones only a little`(patch: Size3, degrees: ClosedRange<Double>) throws {
        var plan = try TinyModel.plan()
        (plan.isTwoDimensional, plan.patchSize) = (true, patch)
        let found = TrainingConfiguration.published(for: plan).augmentation
        #expect(found.inPlane && found.mirrorAxes == [1, 2] && found.rotationDegrees[0] == degrees)
    }

    @Test func `An ignore label is refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var description = try TinyRun.description(in: folder)
            description.plan.labels.ignoreValue = 9
            #expect(throws: TrainingError.ignoreLabelUnsupported(value: 9)) {
                try Trainer(run: TrainingRun(folder: folder.appending(path: "run")), description: description)
            }
        }
    }
}
