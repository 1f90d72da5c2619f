import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETREvaluation
import UNETRModels
import UNETRSupport
import UNETRVolumes

/// A BIDS data set goes in, one of derivatives comes out.
struct BIDSCommandTests {
    private struct Study {
        let root: URL
        let model: URL
        var raw: URL { root.appending(path: "raw") }

        static let scans = ["sub-01/ses-1/anat/sub-01_ses-1_T1w", "sub-01/ses-2/anat/sub-01_ses-2_T1w", "sub-02/anat/sub-02_run-1_T1w"]
        static let masks = [
            "sub-01/ses-1/anat/sub-01_ses-1_space-orig_seg-tiny1_dseg", "sub-01/ses-2/anat/sub-01_ses-2_space-orig_seg-tiny1_dseg",
            "sub-02/anat/sub-02_run-1_space-orig_seg-tiny1_dseg",
        ]

        init(_ root: URL) throws {
            self.root = root
            model = try TinyModel.bundle(in: root, named: "tiny_1").url
            for (number, scan) in Self.scans.enumerated() { try write(number, scan) }
            try Data(#"{"Name": "Study", "BIDSVersion": "1.8.0"}"#.utf8).write(to: raw.appending(path: "dataset_description.json"))
            try Data("participant_id\tage\nsub-01\t50\nsub-02\t60\n".utf8).write(to: raw.appending(path: "participants.tsv"))
        }

        func write(_ number: Int, _ path: String) throws {
            let file = raw.appending(path: "\(path).nii.gz")
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try NIfTI.write(scan: TinyModel.ball(number).scan, to: file)
        }

        func arguments(_ output: String, _ more: String...) -> [String] {
            ["segment", raw.path, "-o", root.appending(path: output).path, "--model", model.path, "--no-mirroring", "--device", "cpu", "--threads", "1"] + more
        }

        func json(_ path: String) throws -> JSONValue { try JSONText.decode(from: Data(contentsOf: root.appending(path: path))) }

        func files(_ output: String) throws -> [String: Data] {
            try Fixtures.contents(of: root.appending(path: output)) { !$0.hasPrefix("records/") }
        }
    }

    @Test func `The masks of a data set are a data set of derivatives, the same as those of single scans`() throws {
        try Fixtures.withTemporaryFolder { root in
            let study = try Study(root)
            try CommandLineTool.succeed(study.arguments("out"))
            let files = try study.files("out")
            let expected = Study.masks.flatMap { ["\($0).nii.gz", "\($0).json"] } + [".bidsignore", "dataset_description.json", "seg-tiny1_dseg.tsv"]
            #expect(files.keys.sorted() == expected.sorted())
            let single = root.appending(path: "one.nii.gz"), scan = study.raw.appending(path: "\(Study.scans[2]).nii.gz")
            var arguments = study.arguments("one.nii.gz")
            arguments[1] = scan.path
            try CommandLineTool.succeed(arguments)
            #expect(try files["\(Study.masks[2]).nii.gz"] == Data(contentsOf: single))

            let description = try study.json("out/dataset_description.json"), generator = try #require(description["GeneratedBy"]?.array?.first)
            #expect(description["DatasetType"]?.string == "derivative" && description["BIDSVersion"]?.string == "1.10.0")
            #expect(description["Name"]?.string == "Masks of Study" && description["DatasetLinks"]?["raw"]?.string == "../raw")
            #expect(description["SourceDatasets"]?.array?.first?["URL"]?.string == "../raw")
            let digest = try SHA256Digest(ofModels: [[ModelBundle(contentsOf: study.model)]], task: nil).text
            #expect(generator["Name"]?.string == "unetrpp" && generator["Description"]?.string == "masks of the model tiny_1, SHA-256 \(digest)")
            let sidecar = try study.json("out/\(Study.masks[0]).json")
            #expect(sidecar["Sources"] == .array([.string("bids:raw:\(Study.scans[0]).nii.gz")]))
            #expect(sidecar["SpatialReference"]?.string == "orig" && sidecar["Manual"] == .bool(false))
            let table = CSV.rows(of: String(decoding: try #require(files["seg-tiny1_dseg.tsv"]), as: UTF8.self))
            #expect(table.map { $0.prefix(2) } == [["index", "name"], ["1", "ball"]] && table[1][2].hasPrefix("#"))
        }
    }

    @Test func `Parts, going on and lists of participants work as with folders`() throws {
        try Fixtures.withTemporaryFolder { root in
            let study = try Study(root)
            for part in 0..<2 { try CommandLineTool.succeed(study.arguments("out", "--shard", "\(part)/2")) }
            let whole = try study.files("out")
            #expect(whole.count == 9)
            let again = try CommandLineTool.run(study.arguments("out", "--resume", "--json"))
            #expect(again.status == 0 && again.errors.contains("3 of 3 scans are done already"), "\(again)")
            #expect(again.output.contains("out/\(Study.masks[0]).nii.gz"), "\(again.output)")
            #expect(try study.files("out") == whole)
            #expect(try CommandLineTool.succeed(["cohort", "merge", root.appending(path: "out").path]) == "3 of 3 cases are done\n")
            try CommandLineTool.fail(study.arguments("out"), saying: ["sub-01_ses-1_space-orig_seg-tiny1_dseg.nii.gz is already there"])

            func done(_ output: String, _ list: String) throws -> [String] {
                let file = root.appending(path: "list.tsv")
                try Data(list.utf8).write(to: file)
                try CommandLineTool.succeed(study.arguments(output, "--cases", file.path))
                return try study.files(output).keys.filter { $0.hasSuffix("_dseg.nii.gz") }.sorted()
            }
            #expect(try done("a", "participant_id\nsub-01\n") == Study.masks.prefix(2).map { "\($0).nii.gz" })
            #expect(try done("b", "case\nsub-01_ses-2\nsub-02_run-1_T1w.nii.gz\n") == Study.masks.dropFirst().map { "\($0).nii.gz" })
            try CommandLineTool.succeed(study.arguments("c", "--cases", study.raw.appending(path: "participants.tsv").path))
            #expect(try study.files("c").count == 9)
            try Data("participant_id\nsub-09\n".utf8).write(to: root.appending(path: "list.tsv"))
            try CommandLineTool.fail(study.arguments("d", "--cases", root.appending(path: "list.tsv").path), saying: ["are not among the scans: sub-09"])
        }
    }

    @Test func `Channels are files of several suffixes; a participant without one of them fails alone`() throws {
        try Fixtures.withTemporaryFolder { root in
            let study = try Study(root)
            for (number, scan) in Study.scans.prefix(2).enumerated() { try study.write(number + 3, scan.replacingOccurrences(of: "T1w", with: "T2w")) }
            try CommandLineTool.fail(study.arguments("out"), saying: ["the data set has the scans T1w (3), T2w (2)", "--suffix"])
            try CommandLineTool.fail(study.arguments("out", "--suffix", "FLAIR"), saying: ["has no scans FLAIR, but T1w (3), T2w (2)"])
            try CommandLineTool.fail(study.arguments("out", "--suffix", "T1w,T2w"), saying: ["T1w, T2w were named; expected 1 different one"])
            try CommandLineTool.succeed(study.arguments("out", "--suffix", "T2w", "--probabilities"))
            #expect(try study.files("out").keys.filter { $0.hasSuffix("_probseg.nii") }.count == 2)
            let names = try study.json("out/\(Study.masks[0].replacingOccurrences(of: "dseg", with: "probseg")).json")["LabelMap"]
            #expect(names == .array([.string("background"), .string("ball")]))

            let two = try TinyModel.bundle(TinyModel.plan(channelNames: ["T2w", "T1w"]), in: root, named: "two").url
            var arguments = study.arguments("both")
            arguments[5] = two.path
            let result = try CommandLineTool.run(arguments)
            #expect(result.status == 65 && result.errors.contains("sub-02_run-1"), "\(result)")
            let sidecar = try study.json("both/\(Study.masks[0].replacingOccurrences(of: "tiny1", with: "two")).json")
            #expect(
                sidecar["Sources"]?.array?.map(\.string)
                    == [Study.scans[0].replacingOccurrences(of: "T1w", with: "T2w"), Study.scans[0]].map { "bids:raw:\($0).nii.gz" })
        }
    }

    @Test func `Masks of another model join the data set; another data set is never touched`() throws {
        try Fixtures.withTemporaryFolder { root in
            let study = try Study(root), original = try Fixtures.contents(of: study.raw)
            try CommandLineTool.succeed(study.arguments("out"))
            var arguments = study.arguments("out")
            arguments[5] = try TinyModel.bundle(in: root, named: "other", seed: 9).url.path
            try CommandLineTool.succeed(arguments)
            #expect(try study.json("out/dataset_description.json")["GeneratedBy"]?.array?.count == 2)
            #expect(try study.files("out").keys.filter { $0.hasSuffix("_dseg.tsv") }.sorted() == ["seg-other_dseg.tsv", "seg-tiny1_dseg.tsv"])

            try CommandLineTool.fail(study.arguments("raw"), saying: ["raw/dataset_description.json describes another data set"])
            #expect(try Fixtures.contents(of: study.raw) == original)
            let (one, two) = (
                Study.scans[2].replacingOccurrences(of: "_T1w", with: "_seg-a_T2w"), Study.scans[2].replacingOccurrences(of: "_T1w", with: "_seg-b_T2w")
            )
            for scan in [one, two] { try study.write(1, scan) }
            try CommandLineTool.fail(study.arguments("new", "--suffix", "T2w"), saying: ["would both become the mask sub-02_run-1_space-orig_seg-tiny1_dseg"])
            try CommandLineTool.fail(study.arguments("new.nii.gz"), saying: ["whose masks go to a folder as .nii.gz, but new.nii.gz was named"])
            try CommandLineTool.fail(study.arguments("new", "--output-format", "mha"), saying: ["but mha was named"])
            var plain = study.arguments("new", "--suffix", "T1w")
            plain[1] = study.raw.appending(path: "\(Study.scans[2]).nii.gz").path
            try CommandLineTool.fail(plain, saying: ["suffixes choose among the files of one BIDS data set"])
            #expect(!FileManager.default.fileExists(atPath: root.appending(path: "new").path))
        }
    }

    @Test func `Derivatives are measured with the scans that they come from`() throws {
        try Fixtures.withTemporaryFolder { root in
            let study = try Study(root), out = root.appending(path: "out")
            try CommandLineTool.succeed(study.arguments("out"))
            let output = try CommandLineTool.succeed(["cohort", "statistics", out.path, study.raw.path, "--json"])
            let cases = try JSONText.decode([CaseStatistics].self, from: Data(output.utf8))
            #expect(cases.map(\.name) == ["sub-01_ses-1", "sub-01_ses-2", "sub-02_run-1"])
            #expect(cases.compactMap { $0.scan?.hasSuffix("_T1w.nii.gz") } == [true, true, true])
            #expect(cases.allSatisfy { $0.structures.map(\.name) == ["ball"] })
            // Masks made elsewhere: without names of their own, with a table.
            try Data("index\tname\tcolor\n1\tsphere\tn/a\n".utf8).write(to: out.appending(path: "seg-tiny1_dseg.tsv"))
            let renamed = try CommandLineTool.succeed(["cohort", "statistics", out.path, "--json"])
            #expect(try JSONText.decode([CaseStatistics].self, from: Data(renamed.utf8)).allSatisfy { $0.structures.map(\.name) == ["sphere"] })
            for text in ["index\n1\n", "index\tname\n70000\tbig\n", "index\tname\n1\ta\n1\tb\n", "index\tname\n0\tbackground\n"] {
                let table = root.appending(path: "bad.tsv")
                try Data(text.utf8).write(to: table)
                try CommandLineTool.fail(["cohort", "statistics", out.path, "--labels", table.path], saying: ["bad.tsv"])
            }
            try study.write(8, Study.scans[0].replacingOccurrences(of: "T1w", with: "T2w"))
            try CommandLineTool.fail(["cohort", "statistics", out.path, study.raw.path], saying: ["T1w (3), T2w (1)", "--suffix"])
            let other = try CommandLineTool.run(["cohort", "statistics", out.path, study.raw.path, "--suffix", "T2w"])
            #expect(other.status == 65 && other.output.contains("1 of 3 cases are measured"), "\(other)")
        }
    }
}
