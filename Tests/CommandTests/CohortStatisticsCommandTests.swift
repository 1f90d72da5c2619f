import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETREvaluation
import UNETRModels
import UNETRSupport
import UNETRVolumes

/// Statistics of masks, of whoever made them.
struct CohortStatisticsCommandTests {
    private struct Cohort {
        let root: URL
        var masks: URL { root.appending(path: "masks") }
        var scans: URL { root.appending(path: "scans") }
        var report: URL { root.appending(path: "report") }

        /// Boxes of label 1 that grow with the case's number in scans whose voxels have that number.
        init(_ root: URL, cases: Int) throws {
            self.root = root
            for folder in [masks, scans] { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
            for number in 0..<cases { try write(number, endings: (".nrrd", "_0000.nii.gz")) }
        }

        func write(_ number: Int, endings: (mask: String, scan: String)) throws {
            let geometry = Geometry(size: [8, 8, 8], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
            var mask = LabelMap(geometry: geometry, voxels: Array(repeating: 0, count: 512))
            for d in 1..<3 + number % 4 { for h in 1..<4 { for w in 1..<4 { mask.voxels[mask.offset(d, h, w)] = 1 } } }
            try VolumeFile.write(labels: mask, to: masks.appending(path: "case_\(number)\(endings.mask)"))
            try VolumeFile.write(
                scan: Scan(geometry: geometry, voxels: Array(repeating: Float(number), count: 512)), to: scans.appending(path: "case_\(number)\(endings.scan)"))
        }

        func arguments(_ more: String...) -> [String] { ["cohort", "statistics", masks.path] + more }

        func cases(_ output: String) throws -> [CaseStatistics] { try JSONText.decode([CaseStatistics].self, from: Data(output.utf8)) }
    }

    @Test func `Masks in any format are measured with their scans, whose names may have the channel's number`() throws {
        try Fixtures.withTemporaryFolder { root in
            let cohort = try Cohort(root, cases: 3)
            try cohort.write(3, endings: (".nii", ".mha"))
            try Data(#"{"labels": {"background": 0, "cube": 1}}"#.utf8).write(to: root.appending(path: "dataset.json"))
            let output = try CommandLineTool.succeed(
                cohort.arguments(cohort.scans.path, "-o", cohort.report.path, "--json", "--threads", "2"))
            let cases = try cohort.cases(output)
            #expect(cases.map(\.name) == ["case_0", "case_1", "case_2", "case_3"])
            #expect(cases.map { $0.structures.map(\.name) } == Array(repeating: ["cube"], count: 4))
            #expect(cases.map { $0.structures[0].voxels } == [18, 27, 36, 45])
            #expect(cases.map { $0.structures[0].intensities?.mean } == [0, 1, 2, 3])
            #expect(try Fixtures.contents(of: cohort.report).keys.sorted() == ["statistics.csv", "statistics.html", "statistics.jsonl"])
            let lines = try CSV.rows(of: String(contentsOf: cohort.report.appending(path: "statistics.csv"), encoding: .utf8))
            #expect(lines.count == 5 && lines[4].prefix(5) == ["case_3", "cube", "1", "45", "0.045"])

            let text = try CommandLineTool.succeed(cohort.arguments("--threads", "1"))
            #expect(text.contains("4 of 4 cases are measured") && text.contains("cube"), "\(text)")
            try CommandLineTool.fail(
                cohort.arguments("-o", cohort.report.path), saying: ["statistics.csv is already there", "--force"])
            try CommandLineTool.succeed(cohort.arguments("-o", cohort.report.path, "--force"))
        }
    }

    @Test func `A case that cannot be measured is told and stops no other; the status is that of bad data`() throws {
        try Fixtures.withTemporaryFolder { root in
            let cohort = try Cohort(root, cases: 4)
            try Data("no mask".utf8).write(to: cohort.masks.appending(path: "broken.nii"))
            try FileManager.default.removeItem(at: cohort.scans.appending(path: "case_1_0000.nii.gz"))
            let other = Scan(
                geometry: Geometry(size: [8, 8, 7], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1]),
                voxels: Array(repeating: 0, count: 448))
            try VolumeFile.write(scan: other, to: cohort.scans.appending(path: "case_2_0000.nii.gz"))
            let result = try CommandLineTool.run(cohort.arguments(cohort.scans.path, "-o", cohort.report.path))
            #expect(result.status == 65 && result.output.contains("2 of 5 cases are measured"), "\(result)")
            for words in ["broken.nii", "case_1.nrrd: its scan is not in", "case_2.nrrd: does not lie on the grid of its scan", "case_2_0000.nii.gz"] {
                #expect(result.errors.contains(words), "'\(words)' is not in: \(result.errors)")
            }
            let lines = try CSV.rows(of: String(contentsOf: cohort.report.appending(path: "statistics.csv"), encoding: .utf8))
            #expect(lines.map { $0[0] } == ["case", "broken", "case_0", "case_1", "case_2", "case_3"])
            #expect(lines.map { $0.last?.isEmpty } == [false, false, true, false, false, true])
        }
    }

    @Test func `One mask is measured with a scan of any name; names come from the mask itself or from a model`() throws {
        try Fixtures.withTemporaryFolder { root in
            let cohort = try Cohort(root, cases: 2), scan = cohort.scans.appending(path: "case_1_0000.nii.gz")
            let mask = root.appending(path: "mine.nii.gz"), map = try VolumeFile.readLabels(cohort.masks.appending(path: "case_1.nrrd"))
            let named = LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "block", value: 1)])
            try VolumeFile.write(labels: map, named: named, to: mask)
            let own = try cohort.cases(CommandLineTool.succeed(["cohort", "statistics", mask.path, scan.path, "--json"]))
            #expect(own.map(\.name) == ["mine"] && own[0].structures.map(\.name) == ["block"] && own[0].structures[0].intensities?.mean == 1)
            let model = try TinyModel.bundle(in: root).url
            let others = try cohort.cases(CommandLineTool.succeed(["cohort", "statistics", mask.path, "--model", model.path, "--json"]))
            #expect(others[0].structures.map(\.name) == ["ball"] && others[0].scan == nil)
        }
    }

    @Test func `Structures of DICOM objects are measured on the grid of their scan; without it the sentence asks for it`() throws {
        try Fixtures.withTemporaryFolder { root in
            let masks = root.appending(path: "masks"), scans = root.appending(path: "scans")
            for folder in [masks, scans] { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
            try FileManager.default.copyItem(at: Fixtures.url("dicom-structures/binary.dcm"), to: masks.appending(path: "p.seg.dcm"))
            try FileManager.default.copyItem(at: Fixtures.url("dicom-structures/mask.nii.gz"), to: scans.appending(path: "p.nii.gz"))
            let output = try CommandLineTool.succeed(["cohort", "statistics", masks.path, scans.path, "--json"])
            let cases = try JSONText.decode([CaseStatistics].self, from: Data(output.utf8)), map = try NIfTI.readLabels(scans.appending(path: "p.nii.gz"))
            #expect(cases.map(\.name) == ["p"])
            // The scan here is the mask that the object was made from, so in each structure it shows one value.
            #expect(cases[0].structures.map(\.voxels).reduce(0, +) == map.voxels.count { $0 > 0 })
            #expect(cases[0].structures.allSatisfy { $0.intensities?.percentile5 == $0.intensities?.percentile95 })
            let alone = try CommandLineTool.run(["cohort", "statistics", masks.path])
            #expect(alone.status == 65 && alone.errors.contains("p.seg.dcm: is a DICOM object, and the series that it is about does not lie beside it"))
        }
    }

    @Test func `Places where nothing is, a channel that is no number of one, and too little memory are refused in a sentence`() throws {
        try Fixtures.withTemporaryFolder { root in
            let cohort = try Cohort(root, cases: 1), empty = root.appending(path: "empty")
            try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
            try CommandLineTool.fail(["cohort", "statistics", empty.path], saying: ["empty: holds no label maps"])
            try CommandLineTool.fail(["cohort", "statistics", root.appending(path: "none").path], saying: ["none: there is no such file or folder"])
            try CommandLineTool.fail(cohort.arguments(root.appending(path: "gone").path), saying: ["gone: there is no such file or folder"])
            try CommandLineTool.fail(cohort.arguments("--channel=-1"), saying: ["--channel is -1"])
            try CommandLineTool.fail(cohort.arguments("--labels", empty.path), saying: ["neither dataset.json nor plan.json"])
            let channel = try CommandLineTool.run(cohort.arguments(cohort.scans.path, "--channel", "1"))
            #expect(channel.status == 65 && channel.errors.contains("case_0.nrrd: its scan is not in"))
            let memory = try CommandLineTool.run(cohort.arguments("--memory", "1K"))
            #expect(memory.status == 65 && memory.errors.contains("case_0.nrrd needs"), "\(memory)")
        }
    }
}
