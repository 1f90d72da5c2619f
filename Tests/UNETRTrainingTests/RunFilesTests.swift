import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRPlanning
import UNETRSupport

@testable import UNETRTraining

/// What a run's files promise: no epoch is lost, no damage passes, no two runs share a folder.
@Suite(.serialized) struct RunFilesTests {
    private struct Killed: Error {}

    private func description(in folder: URL) throws -> TrainingRun.Description {
        try TinyRun.description(
            in: folder,
            change: {
                $0.epochs = 2
                $0.iterationsPerEpoch = 1
                $0.estimationIterations = 1
                $0.validationInterval = 1
                $0.finalValidation = true
            })
    }

    /// The files of a run that must not depend on when it was stopped, by name.
    private func contents(_ run: TrainingRun) throws -> [String: Data] {
        var found: [String: Data] = [:]
        let names = try FileManager.default.subpathsOfDirectory(atPath: run.folder.path)
        for name in names where !name.hasPrefix("events.") && !["run.json", "timing.jsonl", ".lock"].contains(name) {
            let url = run.folder.appending(path: name)
            guard (try url.resourceValues(forKeys: [.isRegularFileKey])).isRegularFile == true else { continue }
            // What says where the run lies.
            found[name] =
                ["validation/evaluation.json", "validation/summary.json", "validation/report.html"].contains(name)
                ? Data() : try Data(contentsOf: url)
        }
        return found
    }

    #if DEBUG
        @Test func `Whatever call fails in an epoch, what is said about the checkpoint is true, and the resumed run's files are those of an unbroken one`()
            throws
        {
            try Fixtures.withTemporaryFolder { folder in
                let description = try description(in: folder)
                let whole = TrainingRun(folder: folder.appending(path: "whole")), half = TrainingRun(folder: folder.appending(path: "half"))
                try Trainer(run: whole, description: description).train { _ in }
                let expected = try contents(whole)
                #expect(expected.count >= 12, "\(expected.keys.sorted())")
                #expect(throws: Killed.self) {
                    try Trainer(run: half, description: description).train { if case .iteration(2, _, _, _) = $0 { throw Killed() } }
                }
                func copy(_ name: String) throws -> TrainingRun {
                    let run = TrainingRun(folder: folder.appending(path: name))
                    try FileManager.default.copyItem(at: half.folder, to: run.folder)
                    return run
                }
                let counted = try copy("counted")
                let points = try FaultInjection.with(nil, under: counted.folder) {
                    try Trainer(run: counted, description: description, resume: true).train { _ in }
                }.points
                #expect(try contents(counted) == expected)
                #expect(points > 100)
                // Five calls write a file, so a stride of 19 comes to each of them.
                for number in stride(from: 1, through: points, by: runsLongTests ? 1 : 19) {
                    let run = try copy("run \(number)"), code = number % 2 == 0 ? ENOSPC : EIO
                    defer { try? FileManager.default.removeItem(at: run.folder) }
                    let error = #expect(throws: (any Error).self, "at \(number)") {
                        try FaultInjection.with(.init(.fail(code), number: number), under: run.folder) {
                            try Trainer(run: run, description: description, resume: true).train { _ in }
                        }
                    }
                    if case .cannotSave(_, _, let good)? = error as? TrainingError {
                        let epoch = try #require(Checkpoint.epoch(of: run.latest))
                        #expect(good == "that of epoch \(epoch), \(run.latest.path)", "at \(number)")
                    }
                    let trainer = try Trainer(run: run, description: description, resume: true)
                    try trainer.train { _ in }
                    let found = try contents(run)
                    #expect(found.keys.sorted() == expected.keys.sorted(), "at \(number)")
                    for (name, data) in expected { #expect(found[name] == data, "\(name), at \(number)") }
                    #expect(run.timings().map(\.epoch) == [1, 2], "at \(number)")
                }
            }
        }
    #endif

    @Test func `A flipped bit in a checkpoint is refused, wherever it is; an older file without a digest is read`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try description(in: folder)
            let run = TrainingRun(folder: folder.appending(path: "run"))
            #expect(throws: Killed.self) {
                try Trainer(run: run, description: description).train { if case .iteration(2, _, _, _) = $0 { throw Killed() } }
            }
            let good = try Data(contentsOf: run.latest)
            #expect(try Safetensors.verify(run.latest))
            let name = try #require(good.firstRange(of: Data("\"sha256\":".utf8))).lowerBound
            for place in [0, 3, 7, 8, name + 2, name + 12, name + 90, good.count / 2, good.count - 1] {
                for bit in [0, 6] {
                    var bad = good
                    bad[place] ^= UInt8(1 << bit)
                    try bad.write(to: run.latest)
                    let error = #expect(throws: TrainingError.self, "byte \(place), bit \(bit)") {
                        try Trainer(run: run, description: description, resume: true)
                    }
                    guard case .damagedCheckpoint(run.latest.path, _, run.best.path) = error else {
                        Issue.record("\(String(describing: error))")
                        continue
                    }
                }
            }
            // The settings, which a resumed run takes from there, are guarded as well.
            try good.write(to: run.latest)
            let settings = try Data(contentsOf: run.descriptionURL)
            let rate = try #require(settings.firstRange(of: Data("0.001".utf8))).lowerBound
            var bad = settings
            bad[rate + 4] ^= 2
            try bad.write(to: run.descriptionURL)
            let refusal = #expect(throws: TrainingError.self) { try run.readDescription() }
            #expect("\(try #require(refusal))".contains("run.json is damaged or was changed"))
            try settings.write(to: run.descriptionURL)

            // As the versions before digests wrote them.
            try FileManager.default.removeItem(at: run.folder.appending(path: "run.json.sha256"))
            let file = try SafetensorsFile(contentsOf: run.latest)
            let metadata = file.metadata.filter { !["sha256", "record", "bestEpoch"].contains($0.key) }
            try Safetensors.write(file.names.map { ($0, try file.array($0)) }, metadata: metadata, to: run.latest)
            let old = try Trainer(run: run, description: description, resume: true)
            #expect(old.epochsDone == 1)
            try old.train { _ in }
            #expect(run.records().map(\.epoch) == [1, 2])
            #expect(try Safetensors.verify(run.latest))
        }
    }

    @Test func `A run's folder is one trainer's; what a killed one left half written is gone when the next begins`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let description = try description(in: folder)
            let run = TrainingRun(folder: folder.appending(path: "run"))
            var first: Trainer? = try Trainer(run: run, description: description)
            let error = #expect(throws: FolderInUse.self) { try Trainer(run: run, description: description, resume: true) }
            #expect(error?.holder.contains("process \(getpid()) on ") == true)
            _ = first
            first = nil
            let left = run.latest.deletingLastPathComponent().appending(path: ".checkpoint.safetensors.\(Int32.max).partial")
            try FileManager.default.createDirectory(at: left.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("half".utf8).write(to: left)
            try Trainer(run: run, description: description, resume: true).train { _ in }
            #expect(!FileManager.default.fileExists(atPath: left.path))
        }
    }
}
