import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// What a signal does to commands that are at work: real processes, stopped at a moment that their own output tells.
struct SignalTests {
    /// Starts the tool, waits until `isReached`, sends the signals, and returns the exit status and the errors.
    private func interrupt(
        _ arguments: [String], with signals: [Int32], when isReached: () -> Bool
    ) throws -> (status: Int32, reason: Process.TerminationReason, errors: String) {
        let tool = try CommandLineTool.start(arguments)
        let deadline = Date(timeIntervalSinceNow: 300)
        while !isReached(), tool.process.isRunning, deadline.timeIntervalSinceNow > 0 { usleep(2000) }
        #expect(tool.process.isRunning, "it ended before it could be stopped")
        for signal in signals { kill(tool.process.processIdentifier, signal); usleep(1000) }
        let errors = String(decoding: tool.errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        tool.process.waitUntilExit()
        return (tool.process.terminationStatus, tool.process.terminationReason, errors)
    }

    private func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func `segment keeps the masks that are done, leaves no half of one, and says how far it came`(signal: Int32, status: Int32) throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let scans = try TinyData.dataset(in: folder, cases: 40).appending(path: "images"), masks = folder.appending(path: "masks")
            let result = try interrupt(
                ["segment", scans.path, "-o", masks.path, "--model", model.path, "--probabilities", "--engine", "torch", "--device", "cpu"],
                with: [signal], when: { exists(masks.appending(path: "case_1.nii.gz")) })
            #expect(result.status == status && result.reason == .exit, "\(result)")
            let done = Fixtures.files(below: masks).filter { !$0.hasPrefix("probabilities/") }
            #expect((2..<40).contains(done.count) && result.errors.contains("stopped; \(done.count) of 40 scans are done"), "\(done) \(result.errors)")
            #expect(Fixtures.files(below: masks).allSatisfy { !$0.contains("partial") && $0.contains("case_") }, "\(Fixtures.files(below: masks))")
            for name in done { #expect(try NIfTI.readLabels(masks.appending(path: name)).geometry.size == [18, 17, 19]) }
            #expect(!result.errors.contains("scans failed"))
        }
    }

    @Test func `prepare stops after a case; the same command goes on from there`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let plan = folder.appending(path: "plan.json"), prepared = folder.appending(path: "prepared")
            try TinyModel.plan().write(to: plan)
            let dataset = try TinyData.dataset(in: folder, cases: 60)
            let arguments = ["prepare", dataset.path, "-o", prepared.path, "--plan", plan.path]
            let result = try interrupt(arguments, with: [SIGTERM], when: { exists(prepared.appending(path: "case_10.json")) })
            let done = Fixtures.files(below: prepared).filter { $0.hasSuffix(".json") }
            #expect(result.status == 143 && result.errors.contains("stopped; \(done.count) of 60 cases are prepared"), "\(result)")
            #expect(done.count < 60 && Fixtures.files(below: prepared).count == 2 * done.count)
            try CommandLineTool.succeed(arguments)
            #expect(Fixtures.files(below: prepared).count == 120)
        }
    }

    @Test func `train stops after a step, its last checkpoint is whole, and the resumed run has the bits of an unbroken one`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let plan = folder.appending(path: "plan.json"), dataset = try TinyData.dataset(in: folder)
            try TinyModel.plan().write(to: plan)
            func arguments(_ run: URL) -> [String] {
                ["train", dataset.path, "-o", run.path, "--plan", plan.path, "--epochs", "3", "--iterations", "6", "--device", "cpu", "--threads", "2"]
            }
            let (broken, whole) = (folder.appending(path: "broken"), folder.appending(path: "whole"))
            let result = try interrupt(arguments(broken), with: [SIGTERM], when: { exists(broken.appending(path: "latest/checkpoint.safetensors")) })
            #expect(result.status == 143 && result.errors.contains("of 3 epochs are done, and --resume goes on from there"), "\(result)")
            #expect(!Fixtures.files(below: broken).contains { $0.contains("partial") } && !exists(broken.appending(path: "model.unetrpp")))
            try CommandLineTool.succeed(arguments(broken) + ["--resume"])
            try CommandLineTool.succeed(arguments(whole))
            for name in ["latest/checkpoint.safetensors", "log.jsonl"] {
                #expect(try Data(contentsOf: broken.appending(path: name)) == Data(contentsOf: whole.appending(path: name)), "\(name)")
            }
        }
    }

    @Test func `evaluate stops between cases and writes nothing`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let labels = folder.appending(path: "labels"), report = folder.appending(path: "report")
            let geometry = Geometry(size: [48, 96, 96], affine: TinyModel.ball(0).scan.geometry.affine, spacing: [1, 1, 1])
            let voxels = (0..<geometry.count).map { Int16($0 % 7 == 0 ? 1 : 0) }
            for index in 0..<60 { try NIfTI.write(labels: LabelMap(geometry: geometry, voxels: voxels), to: labels.appending(path: "\(index).nii")) }
            let start = Date()
            let result = try interrupt(
                ["evaluate", labels.path, labels.path, "-o", report.path, "--threads", "1"], with: [SIGINT], when: { start.timeIntervalSinceNow < -1 })
            #expect(result.status == 130 && !exists(report), "\(result)")
        }
    }

    @Test func `The second signal ends the process at once, and partial files are removed all the same`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let scan = folder.appending(path: "scan.nii"), ball = TinyModel.ball(0).scan
            // Many patches in one scan, so that its file of probabilities is open for long.
            let geometry = Geometry(size: [160, 64, 64], affine: ball.geometry.affine, spacing: [1, 1, 1])
            try NIfTI.write(scan: Scan(geometry: geometry, voxels: (0..<geometry.count).map { Float($0 % 97) }), to: scan)
            let masks = folder.appending(path: "masks")
            let result = try interrupt(
                ["segment", scan.path, "-o", masks.path, "--model", model.path, "--probabilities", "--engine", "torch", "--device", "cpu"],
                with: [SIGINT, SIGINT], when: { Fixtures.files(below: masks).contains { $0.contains("partial") } })
            #expect(result.status == 130 && result.reason == .exit && Fixtures.files(below: masks).isEmpty, "\(result) \(Fixtures.files(below: masks))")
        }
    }

    @Test func `A command without steps is ended by the first signal`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let start = Date()
            let result = try interrupt(
                ["summary", "--preset", "synapse", "--repetitions", "1000", "--device", "cpu"], with: [SIGTERM],
                when: { start.timeIntervalSinceNow < -2 })
            #expect(result.status == 143 && start.timeIntervalSinceNow > -60)
        }
    }
}
