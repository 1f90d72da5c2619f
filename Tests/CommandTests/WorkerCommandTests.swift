import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRVolumes
import UNETRWork

/// `unetrpp worker` as its server sees it: lines in, lines out.
struct WorkerCommandTests {
    private func start(_ folder: URL) throws -> (process: Process, input: FileHandle, output: FileHandle, errors: FileHandle) {
        let (process, output, errors) = try CommandLineTool.start(["worker", "--models", folder.path, "--device", "cpu", "--engine", "torch"], input: true)
        return (process, (process.standardInput as! Pipe).fileHandleForWriting, output.fileHandleForReading, errors.fileHandleForReading)
    }

    @Test func `An order's mask is that of the command, to the byte; the end of the input is the end of the worker`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url, scan = folder.appending(path: "scan.nii.gz")
            let masks = ["one.nii.gz", "two.nii.gz"].map { folder.appending(path: $0) }
            try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
            try CommandLineTool.succeed(["segment", scan.path, "-o", masks[0].path, "--model", model.path, "--device", "cpu", "--engine", "torch"])
            let (process, input, output, _) = try start(folder)
            let order = SegmentationOrder(job: "J", model: "m", scans: [scan.path], mask: masks[1].path, statistics: folder.appending(path: "s.json").path)
            try input.write(contentsOf: WorkerLine.encode(WorkerRequest.segment(order: order)))
            var text = ""
            while !text.contains(#""done":{"job":"J""#), case let data = output.availableData, !data.isEmpty { text += String(decoding: data, as: UTF8.self) }
            try input.close()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            let events = try text.split(separator: "\n").map { try WorkerLine.decode(WorkerEvent.self, from: Data($0.utf8)) }
            guard case .ready(let worker) = events.first else { throw CocoaError(.coderInvalidValue) }
            #expect(worker.models.map(\.name) == ["m"] && worker.models.map(\.title) == ["Balls"])
            #expect(try Data(contentsOf: masks[0]) == Data(contentsOf: masks[1]))
        }
    }

    @Test func `A line that is no request ends the worker with a sentence; a folder that is not there too; signals do not`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (process, input, output, errors) = try start(folder)
            _ = output.availableData
            process.terminate()
            try input.write(contentsOf: Data("{\"segment\":5}\n".utf8))
            process.waitUntilExit()
            #expect(process.terminationStatus == 1)
            let said = String(decoding: errors.readDataToEndOfFile(), as: UTF8.self)
            #expect(said.contains("standard input: a line is no request"), "\(said)")
            try CommandLineTool.fail(["worker", "--models", folder.appending(path: "none").path], saying: ["none", "cannot be read"])
        }
    }
}
