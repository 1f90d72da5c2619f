import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRSupport
import UNETRVolumes

/// `model profile`, and the warnings of `segment` that follow from it.
struct ProfileCommandTests {
    private struct Row: Decodable {
        var `case`: String
        var trainingDistance: TrainingDistance?
    }

    @Test func `A model gets a profile from its data, shows it, and warns of a scan unlike them; the mask is made all the same`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder), data = try TinyData.dataset(in: folder, cases: 13), new = folder.appending(path: "new.unetrpp")
            let told = try CommandLineTool.succeed(["model", "profile", model.url.path, data.path, "-o", new.path])
            #expect(told.hasPrefix("\(new.path): 13 training scans; warns of scans farther from them than ") && told.contains("of 13 scans\n"))
            #expect(try ModelBundle(contentsOf: new).weightsDigest() == model.weightsDigest())
            #expect(try CommandLineTool.succeed(["model", "verify", new.path]).contains("plan.json, profile.json are what their digests say"))
            #expect(try CommandLineTool.succeed(["model", "show", new.path]).contains("profile     13 training scans; warns of"))
            try CommandLineTool.fail(["model", "profile", model.url.path, data.path, "-o", new.path], saying: ["\(new.path)", "--force"])

            let ball = TinyModel.ball(3).scan, scans = folder.appending(path: "scans"), masks = folder.appending(path: "masks")
            try FileManager.default.createDirectory(at: scans, withIntermediateDirectories: true)
            try NIfTI.write(scan: ball, to: scans.appending(path: "like.nii.gz"))
            var far = ball
            far.geometry = Geometry(size: ball.geometry.size, affine: [[-1, 0, 0, 9], [0, 1, 0, -8], [0, 0, 3, 7], [0, 0, 0, 1]], spacing: [3, 1, 1])
            try NIfTI.write(scan: far, to: scans.appending(path: "unlike.nii.gz"))
            let options = ["--no-mirroring", "--device", "cpu", "--json"]
            let result = try CommandLineTool.run(["segment", scans.path, "-o", masks.path, "--model", new.path] + options)
            #expect(result.status == 0)
            let warnings = result.errors.split(whereSeparator: \.isNewline).filter { $0.contains("warning:") }
            #expect(warnings.count == 1)
            #expect(warnings.first?.contains("unlike: the scan lies outside what the model was trained on: ") == true)
            let rows: [Row] = try JSONText.decode(from: Data(result.output.utf8))
            #expect(rows.map { $0.trainingDistance?.warning == nil } == [true, false])
            #expect(try FileManager.default.contentsOfDirectory(atPath: masks.path).sorted() == ["like.nii.gz", "unlike.nii.gz"])
            // A model without a profile says nothing.
            let silent = try CommandLineTool.run(["segment", scans.path, "-o", masks.path, "--model", model.url.path, "--force"] + options)
            #expect(silent.status == 0 && !silent.errors.contains("warning:") && !silent.output.contains("trainingDistance"))
        }
    }

    @Test func `Few cases give a profile that does not warn; converting keeps it`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder), data = try TinyData.dataset(in: folder, cases: 3)
            let (new, converted) = (folder.appending(path: "new.unetrpp"), folder.appending(path: "half.unetrpp"))
            #expect(
                try CommandLineTool.succeed(["model", "profile", model.url.path, data.path, "-o", new.path]).contains(
                    "3 training scans, of which 10 are needed"))
            try CommandLineTool.succeed(["convert", new.path, converted.path, "--dtype", "float16"])
            let profile = try #require(try ModelBundle(contentsOf: converted).trainingProfile())
            #expect(profile.cases == 3 && profile.limit == nil)
            try CommandLineTool.fail(["model", "profile", model.url.path, folder.appending(path: "none").path, "-o", new.path, "--force"], saying: ["none"])
        }
    }
}
