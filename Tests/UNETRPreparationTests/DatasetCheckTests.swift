import Foundation
import TestSupport
import Testing
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

@Suite struct DatasetCheckTests {
    @Test func `A sound data set has no findings`() throws {
        try withDataset { folder in
            let report = try DatasetCheck.run(on: folder)
            #expect(report.findings == [])
            #expect(report.isUsable && report.caseCount == 3)
            #expect(report.casesWithLabel == [1: 3, 2: 3])
            #expect(report.lines.last == "no problems found")
        }
    }

    @Test func `The two real scans have no findings`() throws {
        let report = try DatasetCheck.run(on: Fixtures.url("preparation/hippocampus"))
        #expect(report.isUsable, "\(report.lines)")
        #expect(report.casesWithLabel == [1: 2, 2: 2])
    }

    @Test func `A stray label is named with case and count`() throws {
        try withDataset { folder in
            var labels = Self.labels()
            (labels.voxels[0], labels.voxels[1], labels.voxels[2]) = (-2, -2, 7)
            try NIfTI.write(labels: labels, to: folder.appendingPathComponent("labelsTr/b.nii.gz"))
            let findings = try DatasetCheck.run(on: folder).findings
            #expect(findings.map(\.kind) == [.unknownLabel, .unknownLabel])
            #expect(findings.map(\.caseName) == ["b", "b"])
            #expect(findings.contains { $0.sentence.contains("label -2 in 2 voxels") })
            #expect(findings.contains { $0.sentence.contains("label 7 in 1 voxel,") })
        }
    }

    @Test func `Voxels that are no numbers, empty scans and constant ones are found`() throws {
        try withDataset { folder in
            var scan = Self.scan(1)
            scan.voxels[3] = .nan
            try NIfTI.write(scan: scan, to: folder.appendingPathComponent("imagesTr/a.nii.gz"))
            scan.voxels = scan.voxels.map { _ in 0 }
            try NIfTI.write(scan: scan, to: folder.appendingPathComponent("imagesTr/b.nii.gz"))
            scan.voxels = scan.voxels.map { _ in 5 }
            try NIfTI.write(scan: scan, to: folder.appendingPathComponent("imagesTr/c.nii.gz"))
            let report = try DatasetCheck.run(on: folder)
            #expect(report.findings.map(\.kind) == [.notFinite, .emptyScan, .constantChannel])
            #expect(!report.isUsable)
        }
    }

    @Test func `The same voxels under two names are a warning while they lie on one side`() throws {
        try withDataset { folder in
            try NIfTI.write(scan: Self.scan(1), to: folder.appendingPathComponent("imagesTr/c.nii.gz"))
            let report = try DatasetCheck.run(on: folder)
            let finding = try #require(report.findings.first)
            #expect(finding.kind == .duplicateScan && finding.severity == .warning && report.isUsable)
            #expect(finding.sentence.hasPrefix("a and c hold the same voxels; folds keep them on one side"))
        }
    }

    @Test func `The same voxels on both sides of a split are an error`() throws {
        try withDataset { folder in
            try NIfTI.write(scan: Self.scan(1), to: folder.appendingPathComponent("imagesTr/c.nii.gz"))
            let splits = folder.appendingPathComponent("splits_final.json")
            try Data(#"[{"train": ["a", "c"], "val": ["b"]}, {"train": ["a", "b"], "val": ["c"]}]"#.utf8).write(to: splits)
            let report = try DatasetCheck.run(on: folder)
            #expect(report.findings.map(\.kind) == [.duplicateScan] && !report.isUsable)
            #expect(report.findings[0].sentence.hasPrefix("a and c hold the same voxels, and split 1 of "))
            let own = folder.appendingPathComponent("own.json")
            try Data(#"{"train": ["a", "c"], "val": ["b"]}"#.utf8).write(to: own)
            #expect(try DatasetCheck.run(on: folder, splits: own).isUsable)
        }
        try withDataset { folder in
            try NIfTI.write(scan: Self.scan(2), to: folder.appendingPathComponent("imagesTs/t.nii.gz"))
            let report = try DatasetCheck.run(on: folder)
            #expect(report.findings.map(\.kind) == [.duplicateScan] && !report.isUsable)
            #expect(report.findings[0].sentence.contains("division into training and test cases"))
        }
    }

    /// Two copies within the published training part are in the data as they were published.
    @Test func `A scan twice in the published training part is a warning, across its parts an error`() throws {
        let fold = try #require(CrossValidation.publishedFold(.synapse))
        for (other, isUsable) in [(fold.training[1], true), (fold.validation[0], false)] {
            try Fixtures.withTemporaryFolder { root in
                let folder = root.appendingPathComponent("Task02_Synapse")
                for (number, name) in (fold.training + fold.validation).enumerated() {
                    var scan = Self.scan(1)
                    scan.voxels[0] = Float(name == other ? 0 : number)
                    try NIfTI.write(scan: scan, to: folder.appendingPathComponent("images/\(name).nii"))
                    try NIfTI.write(labels: Self.labels(), to: folder.appendingPathComponent("labels/\(name).nii"))
                }
                let report = try DatasetCheck.run(on: folder)
                #expect(report.findings.map(\.kind) == [.duplicateScan] && report.isUsable == isUsable, "\(report.lines)")
            }
        }
    }

    @Test func `Patients that names state are told, torn ones are a warning, a useless file of splits is an error`() throws {
        try withDataset(["patient1_a", "patient1_b", "patient2_a"]) { folder in
            let splits = folder.appendingPathComponent("splits.json")
            try Data(#"{"train": ["patient1_a", "patient2_a"], "val": ["patient1_b"]}"#.utf8).write(to: splits)
            let report = try DatasetCheck.run(on: folder)
            #expect(report.groups?.hasPrefix("3 cases are 2 groups by the patients in their names") == true && report.lines[1] == report.groups)
            #expect(report.findings.map(\.kind) == [.tornGroup] && report.isUsable)
            #expect(report.findings[0].sentence.hasSuffix("on both sides: patient1"))
            try Data(#"{"train": ["x"], "val": ["patient1_b"]}"#.utf8).write(to: splits)
            #expect(try DatasetCheck.run(on: folder).findings.map(\.kind) == [.unusableSplit])
            #expect(throws: SplitError.self) { try DatasetCheck.run(on: folder, splits: splits) }
        }
    }

    @Test func `A shifted label map is found and the offered repair moves it back`() throws {
        try withDataset { folder in
            var labels = Self.labels()
            labels.geometry.affine[0][3] += 2
            let url = folder.appendingPathComponent("labelsTr/a.nii.gz")
            try NIfTI.write(labels: labels, to: url)
            let finding = try #require(DatasetCheck.run(on: folder).findings.first)
            #expect(finding.kind == .differentGrid && finding.sentence.contains("2.0 mm apart"))
            try #require(finding.repair).apply()
            #expect(try DatasetCheck.run(on: folder).findings == [])
            #expect(try NIfTI.readLabels(url).voxels == labels.voxels)
        }
    }

    @Test func `Noise in the direction is tolerated, and told`() throws {
        try withDataset { folder in
            var labels = Self.labels()
            labels.geometry.affine[0][1] += 5e-4
            try NIfTI.write(labels: labels, to: folder.appendingPathComponent("labelsTr/a.nii.gz"))
            let report = try DatasetCheck.run(on: folder)
            #expect(report.findings.map(\.kind) == [.gridNoise] && report.isUsable)
            #expect(report.findings[0].repair != nil)
        }
    }

    @Test func `Missing, broken, flat, unused and empty files are all in one report`() throws {
        try withDataset { folder in
            let file = { (path: String) in folder.appendingPathComponent(path) }
            try FileManager.default.removeItem(at: file("labelsTr/a.nii.gz"))
            try Data("broken".utf8).write(to: file("imagesTr/b.nii.gz"))
            var empty = Self.labels()
            empty.voxels = empty.voxels.map { _ in 0 }
            try NIfTI.write(labels: empty, to: file("labelsTr/c.nii.gz"))
            try NIfTI.write(labels: empty, to: file("labelsTr/z.nii.gz"))
            let report = try DatasetCheck.run(on: folder)
            #expect(report.caseCount == 2)
            let errors = report.findings.filter { $0.severity == .error }.map(\.kind)
            let warnings = report.findings.filter { $0.severity == .warning }.map(\.kind)
            #expect(Set(errors) == [.missingFile, .unreadableFile] && errors.count == 2)
            #expect(Set(warnings) == [.emptyLabels, .unusedLabel, .labelsWithoutScan])
        }
    }

    @Test func `A wrong number of channels and channels on other grids are found`() throws {
        try withDataset { folder in
            let two = Scan(geometry: Self.scan(1).geometry, channels: 2, voxels: Self.scan(4).voxels + Self.scan(5).voxels)
            try NIfTI.write(scan: two, to: folder.appendingPathComponent("imagesTr/a.nii.gz"))
            #expect(try DatasetCheck.run(on: folder).findings.map(\.kind) == [.wrongChannelCount])
        }
        try withDataset { folder in
            try FileManager.default.removeItem(at: folder.appendingPathComponent("imagesTr/a.nii.gz"))
            var scan = Self.scan(1)
            try NIfTI.write(scan: scan, to: folder.appendingPathComponent("imagesTr/a_0000.nii.gz"))
            scan.geometry.affine[2][3] = 9
            try NIfTI.write(scan: scan, to: folder.appendingPathComponent("imagesTr/a_0001.nii.gz"))
            #expect(try DatasetCheck.run(on: folder).findings.map(\.kind).contains(.differentGrid))
        }
    }

    @Test func `A data set is found below the folder of all data`() throws {
        try withDataset { folder in
            let root = folder.appendingPathComponent("all"), task = root.appendingPathComponent("unetr_pp_raw/unetr_pp_raw_data/Task02_Synapse")
            try FileManager.default.createDirectory(at: task, withIntermediateDirectories: true)
            for part in ["imagesTr", "labelsTr", "dataset.json"] {
                try FileManager.default.copyItem(at: folder.appendingPathComponent(part), to: task.appendingPathComponent(part))
            }
            #expect(try Dataset(contentsOf: root).cases.map(\.name) == ["a", "b", "c"])
            #expect(Dataset.folders(in: root).map(\.lastPathComponent) == ["Task02_Synapse"])
        }
    }

    /// The trees of UNETR++'s README: the original and its copy for nnU-Net v1 side by side, cropped data beside them.
    @Test(arguments: [
        ("Task02_Synapse", "Task002_Synapse", Benchmark.synapse), ("Task01_ACDC", "Task001_ACDC", .acdc), ("Task06_Lung", "Task006_Lung", .lung),
        ("task01_acdc", "TASK001_ACDC", .acdc), ("TASK06_LUNG", "Task006_Lung", .lung), ("Task03_tumor", "Task003_tumor", .tumor),
    ])
    func `The folder trees of UNETR++ are found and known, whatever the case`(task: String, copy: String, benchmark: Benchmark) throws {
        try withDataset { folder in
            let root = folder.appendingPathComponent("DATASET"), raw = root.appendingPathComponent("unetr_pp_raw/unetr_pp_raw_data")
            let cropped = root.appendingPathComponent("unetr_pp_raw/unetr_pp_cropped_data/\(copy)")
            for place in [raw.appendingPathComponent(copy), raw.appendingPathComponent(task)] {
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                // Folders spelled in another case than dataset.json spells them.
                for (part, name) in [("imagesTr", "ImagesTR"), ("labelsTr", "labelstr"), ("dataset.json", "dataset.json")] {
                    try FileManager.default.copyItem(at: folder.appendingPathComponent(part), to: place.appendingPathComponent(name))
                }
            }
            try FileManager.default.createDirectory(at: cropped, withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: folder.appendingPathComponent("dataset.json"), to: cropped.appendingPathComponent("dataset.json"))
            var dataset = try Dataset(contentsOf: root)
            #expect(dataset.folder.lastPathComponent == task && dataset.cases.map(\.name) == ["a", "b", "c"])
            #expect(dataset.cases.allSatisfy { FileManager.default.fileExists(atPath: $0.imageURLs[0].path) })
            dataset.channelNames = Array(repeating: "MRI", count: benchmark.channelCount)
            #expect(Benchmark(of: dataset) == benchmark)
            dataset.channelNames.append("one more")
            #expect(Benchmark(of: dataset) == nil, "other channels are other data")
        }
    }

    /// A folder with three small cases.
    private func withDataset(_ names: [String] = ["a", "b", "c"], _ body: (URL) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { folder in
            var training: [String] = []
            for (index, name) in names.enumerated() {
                try NIfTI.write(scan: Self.scan(index + 1), to: folder.appendingPathComponent("imagesTr/\(name).nii.gz"))
                try NIfTI.write(labels: Self.labels(), to: folder.appendingPathComponent("labelsTr/\(name).nii.gz"))
                training.append(#"{"image": "./imagesTr/\#(name).nii.gz", "label": "./labelsTr/\#(name).nii.gz"}"#)
            }
            try Data(
                #"""
                {"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "x", "2": "y"}, "training": [\#(training.joined(separator: ","))]}
                """#.utf8
            ).write(to: folder.appendingPathComponent("dataset.json"))
            try body(folder)
        }
    }

    private static let geometry = Geometry(
        size: [4, 5, 6], affine: [[1, 0, 0, -3], [0, 1, 0, 2], [0, 0, 2, 1], [0, 0, 0, 1]], spacing: [2, 1, 1])
    private static func scan(_ seed: Int) -> Scan { Scan(geometry: geometry, voxels: (0..<120).map { Float(($0 * seed) % 17) }) }
    private static func labels() -> LabelMap { LabelMap(geometry: geometry, voxels: (0..<120).map { Int16($0 % 3) }) }
}
