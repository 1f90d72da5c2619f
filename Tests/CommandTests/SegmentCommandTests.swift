import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRPlanning
import UNETRVolumes

struct SegmentCommandTests {
    @Test func `One scan gives one mask with its geometry; again gives the same bytes`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let scan = folder.appending(path: "scan.nii.gz")
            try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
            let masks = ["one.nii.gz", "two.nii.gz"].map { folder.appending(path: $0) }
            for mask in masks {
                try CommandLineTool.succeed([
                    "segment", scan.path, "-o", mask.path, "--model", model.path, "--device", "cpu", "--threads", "2",
                ])
            }
            #expect(try Data(contentsOf: masks[0]) == Data(contentsOf: masks[1]))
            let (before, after) = (try NIfTI.readHeader(scan), try NIfTI.readHeader(masks[0]))
            #expect(before.affine == after.affine && before.pixdim == after.pixdim)
            #expect(before.sformCode == after.sformCode && before.qformCode == after.qformCode)
        }
    }

    @Test func `A mask has the format of its scan, or the one that its name asks for`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let scans = folder.appending(path: "scans"), masks = folder.appending(path: "masks"), named = folder.appending(path: "named.nii")
            try FileManager.default.createDirectory(at: scans, withIntermediateDirectories: true)
            let ball = TinyModel.ball(0)
            for name in ["a.nii", "b.nrrd", "c.nhdr", "d.mha", "e.mhd"] { try VolumeFile.write(scan: ball.scan, to: scans.appending(path: name)) }
            let options = ["--model", model.path, "--no-mirroring", "--device", "cpu"]
            try CommandLineTool.succeed(["segment", scans.path, "-o", masks.path] + options)
            try CommandLineTool.succeed(["segment", scans.appending(path: "d.mha").path, "-o", named.path] + options)
            let names = ["a.nii.gz", "b.nrrd", "c.nrrd", "d.mha", "e.mha"]
            #expect(try FileManager.default.contentsOfDirectory(atPath: masks.path).sorted() == names)
            let labels = try (names.map { masks.appending(path: $0) } + [named]).map { try VolumeFile.readLabels($0) }
            for map in labels { #expect(map.geometry == ball.scan.geometry && map.voxels == labels[0].voxels) }
        }
    }

    @Test func `A folder is done but for its broken scan, which is named; the exit code says so`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let scans = try TinyData.dataset(in: folder, cases: 2).appending(path: "images")
            try Data("no scan".utf8).write(to: scans.appending(path: "broken.nii"))
            let output = folder.appending(path: "masks")
            let result = try CommandLineTool.run([
                "segment", scans.path, "-o", output.path, "--model", model.path, "--no-mirroring", "--json", "--device", "cpu",
            ])
            #expect(result.status == 65)
            #expect(result.errors.contains("broken.nii") && result.errors.contains("1 of 3 scans failed"))
            let rows = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
            #expect(rows.count == 3 && rows.filter { $0["error"] != nil }.count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: output.path).sorted() == ["case_0.nii.gz", "case_1.nii.gz"])
        }
    }

    @Test func `Probabilities, chosen structures and a limit of memory`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let plan = try TinyModel.plan([.init(name: "a", value: 1), .init(name: "b", value: 4)])
            let model = try TinyModel.bundle(plan, findingAllIn: TinyModel.ball(0).scan, in: folder).url
            let scans = try TinyData.dataset(in: folder, cases: 2).appending(path: "images")
            let output = folder.appending(path: "masks")
            let common = ["segment", scans.path, "--model", model.path, "--no-mirroring", "--device", "cpu"]
            let result = try CommandLineTool.run(common + ["-o", output.path, "--probabilities", "--structures", "b, 1", "--memory", "2G"])
            #expect(result.status == 0)
            #expect(result.errors.contains("Predicted peak memory") && result.errors.contains("MB of 2G, one scan read ahead"), "\(result.errors)")
            for name in ["case_0", "case_1"] {
                let values = try NIfTI.readScan(output.appending(path: "probabilities/\(name).nii"))
                #expect(try values.channels == 3 && values.geometry == NIfTI.readHeader(scans.appending(path: "\(name).nii.gz")).geometry)
            }
            let one = folder.appending(path: "one.nii.gz")
            try CommandLineTool.succeed([
                "segment", scans.appending(path: "case_0.nii.gz").path, "--model", model.path, "--no-mirroring", "--device", "cpu", "-o", one.path,
                "--probabilities", "--roi", "B",  // the earlier name
            ])
            let (all, chosen) = (try NIfTI.readLabels(output.appending(path: "case_0.nii.gz")), try NIfTI.readLabels(one))
            #expect(chosen.voxels == all.voxels.map { $0 == 4 ? 4 : 0 } && chosen.voxels.contains(4))
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: "one_probabilities.nii").path))
            try CommandLineTool.fail(common + ["-o", output.path, "--probabilities"], saying: ["case_0.nii.gz is already there; --force replaces it"])
            try CommandLineTool.fail(
                common + ["-o", output.path, "--force", "--memory", "100M"], saying: ["needs about", "allowed are 100 MB", "2 of 2 scans failed"])
            try CommandLineTool.fail(common + ["-o", output.path, "--memory", "much"], saying: ["--memory is 'much'"])
            try CommandLineTool.fail(common + ["-o", output.path, "--force", "--structures", "spleen"], saying: ["no structure 'spleen'", "a (1), b (4)"])
        }
    }

    @Test func `Bad arguments are refused with what to do`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let scan = folder.appending(path: "scan.nii.gz")
            try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
            try CommandLineTool.fail(["segment", scan.path, "-o", "x"], saying: ["--model"])
            #expect(try !CommandLineTool.succeed(["segment", "--help"]).contains("--roi"))
            try CommandLineTool.fail(
                ["segment", scan.path, "-o", "x", "--model", model.path, "--structures", "1", "--roi", "1"], saying: ["earlier name of --structures"])
            try CommandLineTool.fail(
                ["segment", scan.path, "-o", "x", "--model", folder.path], saying: ["is no model that is known here", "results folders of nnU-Net v2"])
            try CommandLineTool.fail(["segment", "/nowhere.nii", "-o", "x", "--model", model.path], saying: ["/nowhere.nii", "no such file"])
            try CommandLineTool.fail(["segment", scan.path, "-o", scan.path, "--model", model.path], saying: ["overwrite"])
            try CommandLineTool.fail(
                ["segment", scan.path, "-o", "x", "--model", model.path, "--device", "abacus"], saying: ["abacus", "expected auto, cpu, cuda"])
            try CommandLineTool.fail(
                ["segment", scan.path, "-o", "x", "--model", model.path, "--precision", "float7"], saying: ["float7", "bfloat16"])
            try CommandLineTool.fail(["segment", scan.path, "-o", "x", "--model", model.path, "--threads", "0"], saying: ["--threads is 0"])
            for size in ["much", "0", "-1G", "1e400"] {
                try CommandLineTool.fail(
                    ["segment", scan.path, "-o", "x", "--model", model.path, "--device-memory=\(size)"], saying: ["--device-memory is '\(size)'", "8G or 900M"])
            }
            // The status tells a scheduler whether it was called wrongly or is on the wrong machine.
            for (device, status, words) in [
                ("abacus", 64, "is unknown"), ("cuda:99", 70, "device cuda:99 is not there: libtorch sees"), ("cuda:-1", 64, "is unknown"),
            ] {
                let result = try CommandLineTool.run(["segment", scan.path, "-o", "x", "--model", model.path, "--device", device])
                #expect(result.status == Int32(status) && result.errors.contains(words), "\(result)")
            }
        }
    }
}
