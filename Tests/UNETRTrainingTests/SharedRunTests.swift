import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRLayers
import UNETRNetworks
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorch

@testable import UNETRTraining

/// Runs of several processes that talk by gloo.
@Suite(.serialized) struct SharedRunTests {
    private struct Killed: Error {}

    private func description(in folder: URL, _ change: (inout TrainingConfiguration) -> Void = { _ in }) throws -> TrainingRun.Description {
        try TinyRun.description(
            in: folder, plan: TinyModel.plan().with(network: SharedBatchTests.Kind.attentionUNet.description),
            change: {
                ($0.epochs, $0.validationInterval, $0.optimizer) = (2, 1, .sgd)
                change(&$0)
            })
    }

    /// Trains with so many processes, until `stop` says so; gives the weights.
    private func train(
        _ count: Int, _ description: TrainingRun.Description, in folder: URL, resume: Bool = false,
        until stop: @escaping @Sendable (TrainingEvent) -> Bool = { _ in false }
    ) throws -> [Result<[[Float]], any Error>] {
        try GlooThreads.run(count) { try weights(description, in: folder, $0, resume: resume, until: stop) }
    }

    private func weights(
        _ description: TrainingRun.Description, in folder: URL, _ processes: any ProcessGroup, resume: Bool = false, until stop: (TrainingEvent) -> Bool
    ) throws -> [[Float]] {
        let trainer = try Trainer(run: TrainingRun(folder: folder), description: description, processes: processes, resume: resume)
        try trainer.run { if stop($0) { throw Killed() } }
        return try trainer.network.store.entries.map { try $0.tensor.detached().to(.float32).array(of: Float.self) }
    }

    private func expectNear(_ found: [EpochRecord], _ expected: [EpochRecord], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(found.count == expected.count, sourceLocation: sourceLocation)
        for (one, other) in zip(found, expected) {
            let pairs = [
                (one.loss, other.loss), (one.validationLoss ?? 0, other.validationLoss ?? 1), (one.estimatedMean ?? 0, other.estimatedMean ?? 1),
                (one.meanDice ?? 0, other.meanDice ?? 1),
            ]
            for (a, b) in pairs { #expect(abs(a - b) < 1e-3, "\(one), \(other) expected", sourceLocation: sourceLocation) }
        }
    }

    @Test(arguments: [1, 2]) func `Two processes train what one trains of the same batches`(accumulation: Int) throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try description(in: folder) { $0.accumulation = accumulation }
            let alone = folder.appending(path: "alone"), shared = folder.appending(path: "shared")
            _ = try weights(description, in: alone, SingleProcess()) { _ in false }
            let weights = try train(2, description, in: shared).map { try $0.get() }
            #expect(weights[0] == weights[1])
            expectNear(TrainingRun(folder: shared).records(), TrainingRun(folder: alone).records())
            #expect(FileManager.default.fileExists(atPath: shared.appending(path: "model.unetrpp/model.safetensors").path))
        }
    }

    @Test func `A run goes on with another number of processes, and resumed with the same gives the same bits`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try description(in: folder) { ($0.batchSize, $0.iterationsPerEpoch) = (3, 2) }
            let alone = folder.appending(path: "alone"), three = folder.appending(path: "three"), mixed = folder.appending(path: "mixed")
            _ = try weights(description, in: alone, SingleProcess()) { _ in false }
            let whole = try train(3, description, in: three).map { try $0.get() }
            let halfway: @Sendable (TrainingEvent) -> Bool = { if case .iteration(2, 1, _, _) = $0 { true } else { false } }
            #expect(try train(3, description, in: mixed, until: halfway).allSatisfy { if case .failure = $0 { true } else { false } })
            let copy = folder.appending(path: "copy")
            try FileManager.default.copyItem(at: mixed, to: copy)
            #expect(try train(3, description, in: copy, resume: true).map { try $0.get() } == whole)
            _ = try train(2, description, in: mixed, resume: true).map { try $0.get() }
            expectNear(TrainingRun(folder: mixed).records(), TrainingRun(folder: alone).records())
        }
    }

    @Test func `Other cases, other networks and too small a batch are refused by all`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try description(in: folder)
            var elsewhere = description
            elsewhere.prepared = folder.appending(path: "other").path
            try FileManager.default.copyItem(atPath: description.prepared, toPath: elsewhere.prepared)
            let properties = PreparedCase.urls(of: "b", in: URL(fileURLWithPath: elsewhere.prepared)).properties
            try (Data(contentsOf: properties) + Data("\n".utf8)).write(to: properties)
            var other = description
            other.plan = try TinyModel.plan()
            func refusals(_ second: TrainingRun.Description, _ name: String) throws -> [ProcessError?] {
                let run = folder.appending(path: name)
                return try GlooThreads.run(2) { processes in
                    try weights(processes.rank == 0 ? description : second, in: run, processes) { _ in false }
                }.map { if case .failure(let error) = $0 { error as? ProcessError } else { nil } }
            }
            let cases = try refusals(elsewhere, "cases")
            #expect(cases == [.otherCases(rank: 1, folder: description.prepared), .otherCases(rank: 1, folder: elsewhere.prepared)])
            #expect(try refusals(other, "network") == [.differs(what: "network", rank: 1), .differs(what: "network", rank: 1)])
            #expect(cases[0]?.description.contains("process 1 finds other prepared cases in \(description.prepared) than process 0") == true)
            let small = try GlooThreads.run(3) { processes in try weights(description, in: folder.appending(path: "small"), processes) { _ in false } }
            for one in small {
                let error = #expect(throws: ProcessError.self) { try one.get() }
                #expect(error?.description.contains("a batch of 2 patches cannot be shared by 3 processes") == true)
            }
        }
    }

    @Test func `Other programs and other numbers of processes are refused before anything else`() throws {
        @Sendable func program(_ rank: Int) -> String { "test \(rank)" }
        let results = try GlooThreads.run(2, program: program) { _ in 0 }
        let errors = results.map { if case .failure(let error) = $0 { "\(error)" } else { "" } }
        #expect(errors[0].contains("this is test 0, libtorch \(Runtime.version), 2 processes, but process 1 is test 1"), "\(errors)")
        #expect(errors[1].contains("this is test 1, libtorch \(Runtime.version), 2 processes, but process 0 is test 0"), "\(errors)")
    }

    @Test(arguments: [Device.cuda(0), .mps])
    func `GPUs of several processes need a library that is not there`(device: Device) throws {
        let launch = Launch(launcher: .variables, rank: 0, count: 2, localRank: 0, localCount: 2, meetingPoint: .fileNamed("meeting"), name: "test")
        let error = #expect(throws: ProcessError.self) {
            try TorchProcesses.join(launch, in: FileManager.default.temporaryDirectory, program: "test", device: device, patience: .seconds(1))
        }
        #expect(error == .noBackend(device: "\(device)"))
    }

    @Test func `Work of unequal length keeps all together; who fails or is stopped ends it for all`() throws {
        let sums = try GlooThreads.run(3) { processes in
            let number = try processes.together { () -> Int in
                usleep(UInt32(processes.rank) * 100_000)
                return processes.rank
            }
            return try processes.sum([Double(number)])[0]
        }.map { try $0.get() }
        #expect(sums == [3, 3, 3])

        let start = Date()
        let failures = try GlooThreads.run(3) { processes in
            try processes.together {
                if processes.rank == 1 { throw Killed() }
                while true { try Cancellation.check(); usleep(1000) }
            }
        }
        #expect(throws: Killed.self) { try failures[1].get() }
        for rank in [0, 2] { #expect(throws: TrainingError.otherProcess(rank: 1)) { try failures[rank].get() } }

        let stops = try GlooThreads.run(2) { processes in
            let stop = Cancellation(parent: nil)
            if processes.rank == 1 { stop.cancel() }
            try Cancellation.$current.withValue(stop) { try processes.together { while true { try Cancellation.check(); usleep(1000) } } }
        }
        for one in stops { #expect(throws: CancellationError.self) { try one.get() } }
        #expect(start.timeIntervalSinceNow > -20)
    }

    @Test func `Who leaves without a word is noticed by the others, also by those that wait for long work`() throws {
        let results = try GlooThreads.run(2, patience: .seconds(2)) { processes in
            if processes.rank == 1 { usleep(4_000_000); return }
            try processes.onFirst { while true { try Cancellation.check(); usleep(1000) } }
        }
        #expect(throws: CommunicationError.self) { try results[0].get() }
        let data = try GlooThreads.run(2) { try $0.broadcast($0.rank == 0 ? Data([0, 7, 255]) : Data()) }.map { try $0.get() }
        #expect(data == [Data([0, 7, 255]), Data([0, 7, 255])])
    }
}
