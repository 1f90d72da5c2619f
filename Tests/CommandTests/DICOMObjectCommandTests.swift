import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRVolumes

@Suite struct DICOMObjectCommandTests {
    private let study = Fixtures.url("dicom/06b_negative_slope")

    /// A mask on the grid of the study: a box of label 1 and one of label 2.
    private func mask() throws -> LabelMap {
        let geometry = try VolumeFile.readHeader(study).geometry
        var mask = LabelMap(geometry: geometry, voxels: [Int16](repeating: 0, count: geometry.count))
        for d in 1..<4 {
            for h in 5..<20 {
                for w in 6..<30 { mask.voxels[mask.offset(d, h, w)] = w < 16 ? 1 : 2 }
            }
        }
        return mask
    }

    private let labels = LabelSet(definitions: [
        LabelDefinition(name: "background", value: 0), LabelDefinition(name: "Liver", value: 1), LabelDefinition(name: "Left kidney", value: 2),
    ])

    @Test func `A mask becomes a segmentation and a structure set, and contours become a mask`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let mask = try mask(), input = folder.appending(path: "mask.nii.gz")
            try VolumeFile.write(labels: mask, named: labels, to: input)
            let objects = ["mask.seg.dcm", "mask.rtstruct.dcm"].map { folder.appending(path: $0) }
            for object in objects {
                try CommandLineTool.succeed(["scan", "convert", input.path, object.path, "--reference", study.path, "--seed", "1"])
                try CommandLineTool.fail(["scan", "convert", input.path, object.path, "--reference", study.path], saying: ["--force"])
            }
            let other = folder.appending(path: "other.dcm")
            try CommandLineTool.succeed(
                ["scan", "convert", input.path, other.path, "--reference", study.path, "--seed", "1", "--output-format", "dicom-seg"])
            #expect(try Data(contentsOf: other) == Data(contentsOf: objects[0]))
            // The names came with the mask.
            #expect(try DICOMStructureSet(contentsOf: objects[1]).structures.map(\.name) == ["Liver", "Left kidney"])
            let back = folder.appending(path: "back.nii.gz")
            try CommandLineTool.succeed(["scan", "convert", objects[1].path, back.path, "--reference", study.path])
            #expect(try VolumeFile.readLabels(back).voxels == mask.voxels)
            #expect(try VolumeFile.readLabelSet(back)?.definitions.map(\.name) == ["background", "Liver", "Left kidney"])
        }
    }

    @Test func `A mask of another grid, an empty one, and a reference that is no series are refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var mask = try mask()
            let input = folder.appending(path: "mask.nii.gz"), empty = folder.appending(path: "empty.nii.gz"), output = folder.appending(path: "a.seg.dcm").path
            mask.geometry.affine[2][3] += 1
            try VolumeFile.write(labels: mask, to: input)
            try CommandLineTool.fail(
                ["scan", "convert", input.path, output, "--reference", study.path], saying: ["the mask does not lie on the grid of the series"])
            try CommandLineTool.fail(
                ["scan", "convert", input.path, output, "--reference", input.path], saying: ["there is no DICOM series that an object could be about"])
            mask.geometry.affine[2][3] -= 1
            let good = folder.appending(path: "good.nii.gz")
            try VolumeFile.write(labels: mask, to: good)
            mask.voxels = mask.voxels.map { _ in 0 }
            try VolumeFile.write(labels: mask, to: empty)
            try CommandLineTool.fail(["scan", "convert", empty.path, output, "--reference", study.path], saying: ["the mask is empty, so nothing was written"])
            #expect(!FileManager.default.fileExists(atPath: output))
            // Folders that cannot be written in, or made, are told before the work.
            for (place, words) in [("/proc/none", "/proc/none"), (good.path, "is not a folder")] {
                for ending in ["seg.dcm", "rtstruct.dcm"] {
                    try CommandLineTool.fail(["scan", "convert", good.path, "\(place)/a.\(ending)", "--reference", study.path], saying: [words])
                }
            }
            try CommandLineTool.fail(
                ["scan", "convert", input.path, output, "--reference", folder.appending(path: "none").path], saying: ["none"])
            try CommandLineTool.fail(
                ["scan", "convert", input.path, folder.appending(path: "a.dcm").path, "--reference", study.path], saying: ["--output-format"])
        }
    }

    @Test func `segment writes all forms at once`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url, output = folder.appending(path: "out")
            let common = ["--model", model.path, "--no-mirroring", "--device", "cpu"]
            try CommandLineTool.succeed(
                ["segment", study.path, "-o", output.path, "--output-format", "nifti,dicom-seg,rtstruct,nrrd,mha", "--seed", "3"] + common)
            let stem = study.lastPathComponent
            let mask = try VolumeFile.readLabels(output.appending(path: "\(stem).nii.gz"))
            for ending in [".seg.nrrd", ".mha"] { #expect(try VolumeFile.readLabels(output.appending(path: stem + ending)).voxels == mask.voxels) }
            let names = try #require(try VolumeFile.readLabelSet(output.appending(path: "\(stem).nii.gz")))
            let contours = output.appending(path: "\(stem).rtstruct.dcm")
            let isEmpty = mask.voxels.allSatisfy { $0 == 0 }
            for file in [contours, output.appending(path: "\(stem).seg.dcm")] { #expect(FileManager.default.fileExists(atPath: file.path) != isEmpty) }
            if !isEmpty { #expect(try VolumeFile.readLabels(contours, on: mask.geometry, as: names).voxels == mask.voxels) }

            let scan = folder.appending(path: "scan.nii.gz")
            try VolumeFile.convert(study, to: scan)
            try CommandLineTool.fail(
                ["segment", scan.path, "-o", folder.appending(path: "x.seg.dcm").path] + common,
                saying: ["there is no DICOM series that an object could be about", "--output-format nifti"])
        }
    }

    @Test func `evaluate takes contours as references, and names from the masks`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let mask = try mask(), (predictions, references) = (folder.appending(path: "p"), folder.appending(path: "r"))
            try VolumeFile.write(labels: mask, named: labels, to: predictions.appending(path: "case.nii.gz"))
            try CommandLineTool.succeed(
                [
                    "scan", "convert", predictions.appending(path: "case.nii.gz").path, references.appending(path: "case.rtstruct.dcm").path, "--reference",
                    study.path,
                ])
            let text = try CommandLineTool.succeed(["evaluate", predictions.path, references.path])
            #expect(text.contains("Liver") && text.contains("Left kidney"))
            let json = try JSONSerialization.jsonObject(with: Data(CommandLineTool.succeed(["evaluate", predictions.path, references.path, "--json"]).utf8))
            let cases = try #require((json as? [String: Any])?["cases"] as? [[String: Any]])
            let classes = try #require(cases[0]["classes"] as? [String: [String: Any]])
            #expect(["1", "2"].map { classes[$0]?["dice"] as? Double } == [1, 1])
        }
    }
}
