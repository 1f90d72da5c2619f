import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRVolumes

@Suite struct ScanCommandTests {
    @Test func `scan info shows a study and its series, also as JSON`() throws {
        let study = Fixtures.url("dicom/13_mixed_folder").path
        let text = try CommandLineTool.succeed(["scan", "info", study])
        #expect(text.contains("DICOM") && text.contains("64×64×12") && text.contains("no volume"))
        let json = try JSONSerialization.jsonObject(with: Data(CommandLineTool.succeed(["scan", "info", study, "--json"]).utf8)) as? [String: Any]
        #expect((json?["series"] as? [[String: Any]])?.count == 4)
        #expect(json?["size"] == nil)
        // Descriptions are typed by people, who may type anything.
        let described = try DICOMStudy(contentsOf: Fixtures.url("dicom/13_mixed_folder")).series.map(\.description).filter { !$0.isEmpty }
        #expect(!described.isEmpty && described.allSatisfy { text.contains($0) })
        #expect((json?["series"] as? [[String: Any]])?.allSatisfy { $0["description"] == nil } == true)
        #expect(!text.contains("Golden"))
        let one = try CommandLineTool.succeed(["scan", "info", Fixtures.url("dicom/06b_negative_slope").path])
        #expect(one.contains("48 × 40 × 6 voxels") && one.contains("1.0 × 1.0 × 2.0 mm") && one.contains("LPS"))
        let file = try CommandLineTool.succeed(["scan", "info", Fixtures.url("formats/itk-int16.nrrd").path])
        #expect(file.hasPrefix("NRRD"))
    }

    @Test func `scan convert writes a study in every format, and says why it cannot`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let study = Fixtures.url("dicom/14b_signed_12_not_extended")
            let expected = try VolumeFile.readScan(study)
            for name in ["a.nii.gz", "a.nrrd", "a.mha"] {
                let output = folder.appending(path: name)
                try CommandLineTool.succeed(["scan", "convert", study.path, output.path])
                let scan = try VolumeFile.readScan(output)
                #expect(scan.voxels == expected.voxels)
                #expect(scan.geometry.isApproximatelyEqual(to: expected.geometry))
            }
            let output = folder.appending(path: "b.nii.gz").path, mixed = Fixtures.url("dicom/13_mixed_folder").path
            try CommandLineTool.fail(["scan", "convert", study.path, folder.appending(path: "a.nrrd").path], saying: ["--force"])
            try CommandLineTool.fail(["scan", "convert", Fixtures.url("dicom/09_missing_slice").path, output], saying: ["a slice is missing between"])
            try CommandLineTool.fail(["scan", "convert", mixed, output], saying: ["expected one", "--series"])
            // 65: the data cannot be right; 75: it may go better later. Nothing is left behind either way.
            #expect(try CommandLineTool.run(["scan", "convert", mixed, output]).status == 65)
            let full = try CommandLineTool.run(["scan", "convert", study.path, folder.appending(path: "c.nii").path], largestFile: 4)
            #expect(full.status == 75 && full.errors.contains("cannot be written"), "\(full)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a.mha", "a.nii.gz", "a.nrrd"])
            let uid = try DICOMStudy(contentsOf: URL(fileURLWithPath: mixed)).scans[0].uid
            try CommandLineTool.succeed(["scan", "convert", mixed, output, "--series", uid])
        }
    }

    @Test func `A DICOM folder is segmented like a file with the same voxels`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url, study = Fixtures.url("dicom/06b_negative_slope")
            let scan = folder.appending(path: "scan.nii.gz"), masks = ["one.nii.gz", "two.nii.gz"].map { folder.appending(path: $0) }
            try VolumeFile.convert(study, to: scan)
            for (input, mask) in zip([study, scan], masks) {
                try CommandLineTool.succeed(["segment", input.path, "-o", mask.path, "--model", model.path, "--no-mirroring", "--device", "cpu"])
            }
            let (one, two) = (try VolumeFile.readLabels(masks[0]), try VolumeFile.readLabels(masks[1]))
            #expect(one.voxels == two.voxels && one.geometry == two.geometry)
        }
    }
}
