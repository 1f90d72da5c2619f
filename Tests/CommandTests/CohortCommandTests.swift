import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRSupport
import UNETRVolumes

/// Many scans, done in parts, stopped, and gone on with.
struct CohortCommandTests {
    private struct Cohort {
        let folder: URL
        let scans: URL
        let model: URL

        init(_ folder: URL, cases: Int) throws {
            self.folder = folder
            scans = folder.appending(path: "scans")
            model = try TinyModel.bundle(in: folder).url
            try FileManager.default.createDirectory(at: scans, withIntermediateDirectories: true)
            for number in 0..<cases { try NIfTI.write(scan: TinyModel.ball(number).scan, to: scan(number)) }
        }

        func scan(_ number: Int) -> URL { scans.appending(path: "case_\(number).nii.gz") }

        func arguments(_ masks: String, _ more: String...) -> [String] {
            ["segment", scans.path, "-o", folder.appending(path: masks).path, "--model", model.path, "--no-mirroring", "--device", "cpu", "--threads", "1"]
                + more
        }

        func masks(_ name: String) throws -> [String: Data] {
            try Fixtures.contents(of: folder.appending(path: name)) { !$0.hasPrefix("records/") }
        }

        func record(_ name: String, of masks: String) throws -> JSONValue {
            try JSONText.decode(JSONValue.self, from: Data(contentsOf: folder.appending(path: "\(masks)/records/\(name).json")))
        }
    }

    private struct Row: Decodable {
        var `case`: String
        var skipped: Bool?
        var error: String?
    }

    private func rows(_ output: String) throws -> [Row] { try JSONText.decode([Row].self, from: Data(output.utf8)) }

    @Test func `Parts give the masks of the whole, each case once; their records make one table`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let cohort = try Cohort(folder, cases: 5)
            try CommandLineTool.succeed(cohort.arguments("whole"))
            var done: [String] = []
            for part in 0..<3 {
                let result = try CommandLineTool.run(
                    cohort.arguments("parts", "--shard", "auto/3", "--json"), environment: ["JOB_COMPLETION_INDEX": "\(part)"])
                #expect(result.status == 0, "\(result.errors)")
                done += try rows(result.output).map(\.case)
            }
            #expect(done == ["case_0", "case_3", "case_1", "case_4", "case_2"])
            let whole = try cohort.masks("whole")
            #expect(whole.count == 5)
            #expect(try cohort.masks("parts") == whole)
            let record = try cohort.record("case_3", of: "parts"), scan = try SHA256Digest(ofFile: cohort.scan(3)).text
            #expect(record["state"]?.string == "done" && record["shard"]?.string == "0/3" && record["scan"]?.string == scan)
            #expect(record["masks"]?["case_3.nii.gz"]?.string == SHA256Digest(of: try #require(whole["case_3.nii.gz"])).text)
            let log = try String(contentsOf: folder.appending(path: "parts/records/part-0-of-3.jsonl"), encoding: .utf8)
            #expect(log.split(separator: "\n").count == 2)

            let table = folder.appending(path: "table.csv")
            let text = try CommandLineTool.succeed(["cohort", "merge", folder.appending(path: "parts").path, "-o", table.path])
            #expect(text == "5 of 5 cases are done\n")
            let lines = try String(contentsOf: table, encoding: .utf8).split(separator: "\r\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false)
            }
            #expect(lines[0] == ["case", "state", "seconds", "network seconds", "peak memory MB", "ball ml", "error"])
            #expect(lines.dropFirst().map { $0[0] } == (0..<5).map { "case_\($0)" } && lines.dropFirst().allSatisfy { $0[1] == "done" })
            let voxels = try NIfTI.readLabels(folder.appending(path: "parts/case_1.nii.gz")).voxels
            #expect(Double(lines[2][5]) == Double(voxels.count { $0 == 1 }) / 1000)
        }
    }

    @Test func `What is done is left out; a changed scan is done anew, and a mask that was changed by hand is never replaced`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let cohort = try Cohort(folder, cases: 3)
            try CommandLineTool.succeed(cohort.arguments("masks", "--resume"))
            let first = try cohort.masks("masks")
            let again = try CommandLineTool.run(cohort.arguments("masks", "--resume", "--json"))
            #expect(again.status == 0 && again.errors.contains("3 of 3 scans are done already"))
            #expect(try rows(again.output).map(\.skipped) == [true, true, true])

            try NIfTI.write(scan: TinyModel.ball(7).scan, to: cohort.scan(1))
            try FileManager.default.removeItem(at: folder.appending(path: "masks/case_2.nii.gz"))
            let changed = try CommandLineTool.run(cohort.arguments("masks", "--resume", "--json"))
            #expect(try rows(changed.output).map(\.skipped) == [true, nil, nil])
            let second = try cohort.masks("masks")
            #expect(second["case_0.nii.gz"] == first["case_0.nii.gz"] && second["case_2.nii.gz"] == first["case_2.nii.gz"])
            #expect(second["case_1.nii.gz"] != first["case_1.nii.gz"])

            try CommandLineTool.fail(
                cohort.arguments("masks", "--resume", "--step", "0.7"), saying: ["case_0.nii.gz is already there, made with other options"])
            try CommandLineTool.fail(
                cohort.arguments("masks", "--resume", "--probabilities"), saying: ["case_0.nii.gz is already there, made with other options"])
            let other = try TinyModel.bundle(in: folder, named: "other", seed: 9).url
            var arguments = cohort.arguments("masks", "--resume")
            arguments[5] = other.path
            try CommandLineTool.fail(arguments, saying: ["case_0.nii.gz is already there, made by another model", "--force"])

            let corrected = folder.appending(path: "masks/case_0.nii.gz")
            try NIfTI.write(labels: TinyModel.ball(2).labels, to: corrected)
            let edited = try Data(contentsOf: corrected)
            try CommandLineTool.fail(cohort.arguments("masks", "--resume"), saying: ["case_0.nii.gz is already there"])
            #expect(try Data(contentsOf: corrected) == edited)
        }
    }

    @Test func `A bad scan fails alone, with the status for bad data, and the table tells why`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let cohort = try Cohort(folder, cases: 2)
            try Data("no scan".utf8).write(to: cohort.scan(0))
            let result = try CommandLineTool.run(cohort.arguments("masks", "--shard", "0/1"))
            #expect(result.status == 65)
            #expect(try cohort.masks("masks").keys.sorted() == ["case_1.nii.gz"])
            let expected = folder.appending(path: "all.csv"), masks = folder.appending(path: "masks").path
            try Data("age,case\n51,case_0\n37,case_1\n".utf8).write(to: expected)
            let merged = try CommandLineTool.run(["cohort", "merge", masks, "--cases", expected.path])
            #expect(merged.status == 65 && merged.output.contains("1 of 2 cases are done") && merged.output.contains("case_0.nii.gz"), "\(merged)")
            try Data("case_0\n# not yet\ncase_1\ncase_2\n".utf8).write(to: folder.appending(path: "all.txt"))
            let open = try CommandLineTool.run(["cohort", "merge", masks, "--cases", folder.appending(path: "all.txt").path])
            #expect(open.status == 75 && open.output.contains("another run may do case_2"), "\(open)")

            // The scan is mended, but somebody has drawn its mask meanwhile.
            let drawn = folder.appending(path: "masks/case_0.nii.gz")
            try NIfTI.write(scan: TinyModel.ball(0).scan, to: cohort.scan(0))
            try NIfTI.write(labels: TinyModel.ball(0).labels, to: drawn)
            let bytes = try Data(contentsOf: drawn)
            try CommandLineTool.fail(cohort.arguments("masks", "--shard", "0/1", "--resume"), saying: ["case_0.nii.gz is already there"])
            #expect(try Data(contentsOf: drawn) == bytes)
            try FileManager.default.removeItem(at: drawn)
            try CommandLineTool.succeed(cohort.arguments("masks", "--shard", "0/1", "--resume"))
            #expect(try cohort.masks("masks").keys.sorted() == ["case_0.nii.gz", "case_1.nii.gz"])
        }
    }

    @Test func `Only the cases of a list are done; whatever is no list or names no scan is refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let cohort = try Cohort(folder, cases: 3)
            let list = folder.appending(path: "list.txt")
            try Data("case_2.nii.gz\ncase_0\ncase_2\n".utf8).write(to: list)
            try CommandLineTool.succeed(cohort.arguments("masks", "--cases", list.path))
            #expect(try cohort.masks("masks").keys.sorted() == ["case_0.nii.gz", "case_2.nii.gz"])
            for (name, text, words) in [
                ("a.txt", "case_0\ncase_9\n", "names 1 cases that are not among the scans: case_9"), ("b.txt", "# nothing\n", "the list is empty"),
                ("c.csv", "age,sex\n1,2\n", "the table has no column for cases, but age, sex"), ("d.csv", "age,case\n1\n", "row 1 names no case"),
            ] {
                let file = folder.appending(path: name)
                try Data(text.utf8).write(to: file)
                try CommandLineTool.fail(cohort.arguments("none", "--cases", file.path), saying: [name, words])
            }
            try CommandLineTool.fail(cohort.arguments("none", "--shard", "3/3"), saying: ["there is no part 3/3"])
            try CommandLineTool.fail(cohort.arguments("one.nii.gz", "--shard", "0/3"), saying: ["one.nii.gz is one mask", "needs a folder"])
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "none").path))
            try CommandLineTool.fail(["cohort", "merge", folder.path], saying: ["holds no records of a cohort"])
        }
    }

    #if DEBUG
        @Test func `A part that is killed at any point goes on to the masks of one that was not`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let cohort = try Cohort(folder, cases: 2)
                try CommandLineTool.succeed(cohort.arguments("whole"))
                let whole = try cohort.masks("whole"), arguments = cohort.arguments("masks", "--shard", "0/1", "--resume")
                var kills = 0
                for number in stride(from: 1, to: .max, by: runsLongTests ? 1 : 4) {
                    let result = try CommandLineTool.run(arguments, environment: ["UNETRPP_FAULT": "kill:any:\(number)"])
                    if result.status == 0 { break }
                    #expect(result.status == SIGKILL, "\(result.errors)")
                    kills += 1
                    try CommandLineTool.succeed(arguments)
                    #expect(try cohort.masks("masks") == whole, "killed at \(number)")
                    try FileManager.default.removeItem(at: folder.appending(path: "masks"))
                }
                #expect(kills >= (runsLongTests ? 20 : 5))
            }
        }
    #endif
}
