import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRInference
import UNETRModels
import UNETRSupport
import UNETRTorchEngine
import UNETRVolumes

@testable import UNETRWorkflows

/// What is noted about the cases of a cohort, and what a run that goes on makes of it.
struct CohortRecordTests {
    /// A cohort that may go on, in a folder with an umlaut.
    private static func options(_ folder: URL, cases: Int = 2) throws -> CohortSegmentation.Options {
        let scans = try TinyData.dataset(in: folder, cases: cases).appending(path: "images")
        var options = CohortSegmentation.Options(
            scans: [scans], output: folder.appending(path: "Masken für Köln"), models: [try TinyModel.bundle(in: folder).url])
        (options.engine, options.mirroring, options.precision, options.resumes) = (.torch, false, .float32, true)
        return options
    }

    /// The names of the cases that were done and of those that were done before.
    private static func run(_ options: CohortSegmentation.Options) throws -> (done: [String], before: [String]) {
        var done: [String] = [], before: [String] = []
        try CohortSegmentation(options, logger: Notes().logger).job().run { event in
            switch event {
            case .begins(let outline): before = outline.done.map(\.name)
            case .task(.ended(let outcomes)):
                #expect(outcomes.allSatisfy { $0.problem == nil }, "\(outcomes)")
                done = outcomes.map(\.name)
            case .task: break
            }
        }
        return (done, before)
    }

    private static func refusal(_ options: CohortSegmentation.Options) -> (any Error)? {
        do { _ = try run(options) } catch { return error }
        return nil
    }

    private static func mask(_ number: Int, _ options: CohortSegmentation.Options) -> URL { options.output.appending(path: "case_\(number).nii.gz") }

    @Test func `A case's record says what was made of what, and the log has a line for each`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder)
            (options.shard, options.version, options.resumes) = (try Shard(1, of: 2), "1.2", false)
            #expect(try Self.run(options) == (["case_1"], []))
            let records = CohortRecords(masks: options.output), record = try #require(try records.record(of: "case_1"))
            #expect(record.name == "case_1" && record.state == .done && record.shard == "1/2" && record.version == "1.2" && record.device == "cpu")
            #expect(try record.error == nil && record.scan == SHA256Digest(ofFile: options.scans[0].appending(path: "case_1.nii.gz")).text)
            #expect(try record.masks == ["case_1.nii.gz": SHA256Digest(ofFile: Self.mask(1, options)).text])
            let voxels = try NIfTI.readLabels(Self.mask(1, options)).voxels.count { $0 == 1 }
            #expect(abs(try #require(record.millilitres?["ball"]) - Double(voxels) / 1000) < 1e-9)
            #expect(try #require(record.seconds) >= #require(record.networkSeconds) && record.peakMemory! > 1 << 20)
            #expect(try Date(record.time, strategy: .iso8601) <= Date.now)
            let log = try String(contentsOf: records.log(options.shard), encoding: .utf8).split(separator: "\n")
            #expect(records.log(options.shard).lastPathComponent == "part-1-of-2.jsonl" && records.log(nil).lastPathComponent == "log.jsonl")
            #expect(try log.count == 1 && JSONText.decode(CaseRecord.self, from: Data(log[0].utf8)) == record)
            #expect(try records.all() == [record] && records.record(of: "case_0") == nil)
        }
    }

    @Test func `A case that was begun and did not end is done again, and whatever mask it left is replaced`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let options = try Self.options(folder), records = CohortRecords(masks: options.output)
            #expect(try Self.run(options).done == ["case_0", "case_1"])
            let whole = try Data(contentsOf: Self.mask(0, options))
            var begun = try #require(try records.record(of: "case_0"))
            (begun.state, begun.masks, begun.scan) = (.begun, [:], nil)
            try records.write(begun)
            try Data("half".utf8).write(to: Self.mask(0, options))
            #expect(try Self.run(options) == (["case_0"], ["case_1"]))
            #expect(try Data(contentsOf: Self.mask(0, options)) == whole)
            #expect(try records.record(of: "case_0")?.state == .done)
            let log = try String(contentsOf: records.log(nil), encoding: .utf8).split(separator: "\n")
            let states = try log.map { try JSONText.decode(CaseRecord.self, from: Data($0.utf8)).state }
            #expect(states == [.done, .done, .skipped, .done])
        }
    }

    @Test func `Masks made in another way are not mixed with these, unless they may be replaced or are gone`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder)
            _ = try Self.run(options)
            options.stepFraction = 0.8
            let path = Self.mask(0, options).path
            #expect(Self.refusal(options) as? WorkflowError == .madeOtherwise(mask: path, by: .otherOptions))
            options.replaces = true
            #expect(try Self.run(options).done == ["case_0", "case_1"])
            #expect(try Self.run(options) == ([], ["case_0", "case_1"]))
            (options.replaces, options.models) = (false, [try TinyModel.bundle(in: folder, named: "other", seed: 8).url])
            #expect(Self.refusal(options) as? WorkflowError == .madeOtherwise(mask: path, by: .anotherModel))
            for number in 0...1 { try FileManager.default.removeItem(at: Self.mask(number, options)) }
            #expect(try Self.run(options).done == ["case_0", "case_1"])
        }
    }

    @Test func `A case whose probabilities are gone is done again, where they are wanted`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder)
            options.writesProbabilities = true
            _ = try Self.run(options)
            let values = options.output.appending(path: "probabilities/case_1.nii"), whole = try Data(contentsOf: values)
            #expect(try Self.run(options) == ([], ["case_0", "case_1"]))
            try FileManager.default.removeItem(at: values)
            #expect(try Self.run(options) == (["case_1"], ["case_0"]))
            #expect(try Data(contentsOf: values) == whole)
        }
    }

    @Test func `A record that cannot be read, one file for all records and a part that is in use are refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var options = try Self.options(folder)
            let records = CohortRecords(masks: options.output), file = records.folder.appending(path: "case_1.json")
            try AtomicFile.write(Data(#"{"case": "case_1", "state": "finished"}"#.utf8), to: file)
            let error = try #require(Self.refusal(options))
            #expect(
                "\(error)"
                    == "\(file.path): state is \"finished\", which is not one of the words that may stand there; remove the file to have the case segmented anew"
            )
            try Data("{".utf8).write(to: file)
            #expect(throws: WorkflowError.self) { try records.all() }
            let lock = try FolderLock(records.lock(nil))
            #expect(Self.refusal(options) is FolderInUse)
            _ = lock
            options.output = folder.appending(path: "one.nii.gz")
            #expect(Self.refusal(options) as? WorkflowError == .noFolderForRecords(path: options.output.path))
            options.output = folder.appending(path: "balls/images/case_0.nii.gz/masks")
            #expect(Self.refusal(options) is OutputError)
        }
    }

    @Test func `A folder without records has no cohort`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let records = CohortRecords(masks: folder)
            #expect(throws: WorkflowError.noRecords(folder: records.folder.path)) { try records.all() }
            try AtomicFile.makeFolder(records.folder)
            try Data().write(to: records.log(nil))
            #expect(throws: WorkflowError.noRecords(folder: records.folder.path)) { try records.all() }
        }
    }

    // MARK: The table

    private static func record(_ name: String, _ state: CaseRecord.State, _ change: (inout CaseRecord) -> Void = { _ in }) -> CaseRecord {
        var record = CaseRecord(name: name, state: state, model: "m", options: "o", version: "1", time: "2026-11-30T12:00:00Z")
        change(&record)
        return record
    }

    @Test func `The table has a line for each case and a column for each structure; what is not known is empty`() {
        let records = [
            Self.record("c", .failedForNow) { $0.error = "the disk, \"big\", is full" },
            Self.record("a", .done) {
                ($0.seconds, $0.networkSeconds, $0.peakMemory, $0.millilitres) = (2.5, 1.25, 3 << 20, ["liver": 1.5, "Ärmel, links": 0])
            },
            Self.record("b", .failed) { ($0.seconds, $0.error) = (0.5, "no scan") }, Self.record("d", .begun), Self.record("e", .skipped),
        ]
        let summary = CohortSummary(records, expected: ["z", "a", "y"])
        #expect(summary.records.map(\.name) == ["a", "b", "c", "d", "e"] && summary.untouched == ["y", "z"] && summary.count == 7)
        #expect(summary.done.map(\.name) == ["a", "e"] && summary.failed.map(\.name) == ["b"] && summary.unfinished == ["c", "d", "y", "z"])
        #expect(
            summary.csv.components(separatedBy: "\r\n") == [
                "case,state,seconds,network seconds,peak memory MB,liver ml,\"Ärmel, links ml\",error", "a,done,2.5,1.25,3,1.5,0.0,",
                "b,failed,0.5,,,,,no scan",
                "c,failedForNow,,,,,,\"the disk, \"\"big\"\", is full\"", "d,begun,,,,,,", "e,skipped,,,,,,", "y,untouched,,,,,,", "z,untouched,,,,,,", "",
            ])
        let few = CohortSummary([Self.record("a", .done)])
        #expect(
            few.untouched.isEmpty && few.unfinished.isEmpty && few.count == 1
                && few.csv.hasPrefix("case,state,seconds,network seconds,peak memory MB,error\r\n"))
    }
}
