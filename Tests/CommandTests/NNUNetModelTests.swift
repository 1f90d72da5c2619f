import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRSupport
import UNETRVolumes

/// Models that nnU-Net v2 itself has trained and exported, and what it makes of a scan that they have not seen (Tests/Fixtures/nnunet/make_fixtures.py).
struct NNUNetModelTests {
    struct Model: Decodable, CustomTestStringConvertible {
        var name: String
        var file: String
        var arguments: [String]
        var indices: [Int]
        /// Probabilities where nnU-Net sums logits in float16, as it does, and where it sums them in float32. Its weights of windows are float16 in
        /// both, a relative error of up to 0.0005.
        var half: [Float]
        var single: [Float]

        var testDescription: String { name }

        static let all: [Model] = {
            struct File: Decodable { var models: [Model] }
            let data = try! Data(contentsOf: Fixtures.url("nnunet/expected.json"))
            return (try! JSONDecoder().decode(File.self, from: data)).models
        }()
    }

    private static let scan = Fixtures.url("nnunet/scan.nii.gz")

    /// Segments the scan, and compares the mask with nnU-Net's.
    private func check(_ model: Model, _ place: URL, in folder: URL) throws {
        let mask = folder.appending(path: "mask.nii.gz")
        try CommandLineTool.succeed(
            [
                "segment", Self.scan.path, "-o", mask.path, "--model", place.path, "--engine", "torch", "--precision", "float32", "--probabilities", "--device",
                "cpu",
            ]
                + model.arguments)
        let labels = try NIfTI.readLabels(mask)
        for (kind, probabilities, least, tolerance) in [("", model.half, 0.9997, Float(0.02)), ("_single", model.single, 0.99995, 0.003)] {
            let expected = try NIfTI.readLabels(Fixtures.url("nnunet/\(model.name)\(kind).nii.gz"))
            #expect(labels.geometry.size == expected.geometry.size && Set(expected.voxels) == [0, 1, 2])
            let equal = zip(labels.voxels, expected.voxels).count { $0 == $1 }
            #expect(Double(equal) >= least * Double(labels.voxels.count), "\(model.name)\(kind): \(labels.voxels.count - equal) voxels differ")
            for value in [Int16(1), 2] {
                let both = zip(labels.voxels, expected.voxels).count { $0 == value && $1 == value }
                let sum = labels.voxels.count { $0 == value } + expected.voxels.count { $0 == value }
                #expect(Double(2 * both) >= 0.995 * Double(sum), "Dice of \(value)")
            }
            let found = try NIfTI.readScan(folder.appending(path: "mask_probabilities.nii")).voxels
            let difference = zip(model.indices, probabilities).map { abs(found[$0] - $1) }.max() ?? 1
            #expect(difference <= tolerance, "\(model.name)\(kind): probabilities differ by \(difference)")
        }
    }

    @Test(arguments: Model.all)
    func `Masks and probabilities of an exported zip file are nnU-Net's`(model: Model) throws {
        try Fixtures.withTemporaryFolder { try check(model, Fixtures.url("nnunet/\(model.file)"), in: $0) }
    }

    /// The results folder that an exported zip file holds.
    private func unpack(_ file: String, in folder: URL) throws -> URL {
        let archive = try ZipArchive(contentsOf: Fixtures.url("nnunet/\(file)")), results = folder.appending(path: "results")
        for name in archive.names { try archive.extract(name, into: results) }
        return results.appending(path: "Dataset004_Hippocampus")
    }

    @Test func `Weights that do not fit the plans beside them are refused with the keys, and leave no mask`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let training = try unpack("no_mirroring.zip", in: folder).appending(path: "nnUNetTrainerNoMirroring__nnUNetPlansSmall__3d_fullres")
            let plans = training.appending(path: "plans.json"), text = try String(contentsOf: plans, encoding: .utf8)
            // Of the three stages' features, 4, 8 and 12, the last.
            let other = text.replacing(/("features_per_stage": \[\s*4,\s*8,\s*)12/) { "\($0.1)16" }
            #expect(other != text)
            try Data(other.utf8).write(to: plans)
            try CommandLineTool.fail(
                ["segment", Self.scan.path, "-o", folder.appending(path: "mask.nii.gz").path, "--model", training.path, "--device", "cpu"],
                saying: ["fold_0/checkpoint_final.pth does not fit the plan beside it", "encoder.stages.2.0.convs.0.conv.weight"])
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "mask.nii.gz").path))
        }
    }

    @Test func `The results folder is the same model as the zip file of it`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try check(#require(Model.all.first { $0.name == "no_mirroring" }), unpack("no_mirroring.zip", in: folder), in: folder)
        }
    }

    @Test(arguments: ["NibabelIOWithReorient", "SimpleITKIOWithReorient"])
    func `A reader that turns scans gives a scan of other axes nnU-Net's mask`(reader: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            let results = try unpack("no_mirroring.zip", in: folder), mask = folder.appending(path: "mask.nii.gz")
            let plans = results.appending(path: "nnUNetTrainerNoMirroring__nnUNetPlansSmall__3d_fullres/plans.json")
            let text = try String(contentsOf: plans, encoding: .utf8)
            func differing() throws -> Int {
                try CommandLineTool.succeed([
                    "segment", Fixtures.url("nnunet/turned_scan.nii.gz").path, "-o", mask.path, "--model", results.path, "--engine", "torch", "--precision",
                    "float32", "--device", "cpu", "--force",
                ])
                let labels = try NIfTI.readLabels(mask), expected = try NIfTI.readLabels(Fixtures.url("nnunet/turned.nii.gz"))
                #expect(labels.geometry == expected.geometry)
                return zip(labels.voxels, expected.voxels).count { $0 != $1 }
            }
            // Without turning it is another mask.
            #expect(try differing() > 100)
            try Data(text.replacing("SimpleITKIO", with: reader).utf8).write(to: plans)
            #expect(try differing() <= 15)
        }
    }

    @Test func `What was read is shown, and an ensemble becomes bundles that make the same mask`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let archive = Fixtures.url("nnunet/full_low.zip")
            let shown = try CommandLineTool.succeed(["model", "show", archive.path])
            for part in ["ensemble of", "averaged with, on the grid of the scan:", "3d_lowres", "3d_fullres", "are mirrored, as the checkpoint says"] {
                #expect(shown.contains(part), "\(part)")
            }
            let output = folder.appending(path: "bundles")
            let paths = try CommandLineTool.succeed(["model", "import", archive.path, "-o", output.path])
                .split(separator: "\n").map(String.init)
            #expect(paths.count == 2)
            let masks = ["archive.nii.gz", "bundles.nii.gz"].map { folder.appending(path: $0) }
            for (mask, models) in zip(masks, [[archive.path], paths]) {
                try CommandLineTool.succeed(
                    [
                        "segment", Self.scan.path, "-o", mask.path, "--engine", "torch", "--precision", "float32", "--no-mirroring", "--step", "0.9",
                        "--device", "cpu",
                    ]
                        + models.flatMap { ["--model", $0] })
            }
            #expect(try Data(contentsOf: masks[0]) == Data(contentsOf: masks[1]))
        }
    }
}
