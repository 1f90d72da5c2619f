import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRPlanning
import UNETRVolumes

/// What each command says, and the status it ends with, when its inputs or outputs are not what they should be.
struct CommandErrorTests {
    /// Words of a command line that stand for files of the test's folder.
    private struct Place {
        let folder: URL

        init(_ folder: URL) throws {
            self.folder = folder
            let model = try TinyModel.bundle(in: folder).url
            try FileManager.default.copyItem(at: model.appending(path: "plan.json"), to: folder.appending(path: "plan.json"))
            _ = try TinyData.dataset(in: folder, cases: 2)
            try NIfTI.write(scan: TinyModel.ball(0).scan, to: folder.appending(path: "scan.nii.gz"))
            try NIfTI.write(labels: TinyModel.ball(0).labels, to: folder.appending(path: "labels.nii.gz"))
            for name in ["pipe.nii", "pipe.json", "pipe.safetensors"] { mkfifo(folder.appending(path: name).path, 0o600) }
            try FileManager.default.createDirectory(at: folder.appending(path: "empty"), withIntermediateDirectories: true)
            try Data("x".utf8).write(to: folder.appending(path: "file"))
        }

        /// "@name" is a file of the folder.
        func arguments(_ line: String) -> [String] {
            line.split(separator: " ").map { $0.hasPrefix("@") ? folder.appending(path: String($0.dropFirst())).path : String($0) }
        }
    }

    /// A command line, its exit status, and what its sentence holds ("@name": the file's path).
    private static let table: [(line: String, status: Int32, sentence: String)] = [
        ("segment @nowhere.nii -o @m.nii.gz --model @m.unetrpp", 1, "@nowhere.nii: there is no such file or folder"),
        ("segment @file -o @m.nii.gz --model @m.unetrpp", 1, "@file: a scan's name ends in .nii, .nii.gz, .hdr"),
        ("segment @empty -o @masks --model @m.unetrpp", 1, "@empty: the folder holds no scans"),
        ("segment @pipe.nii -o @m.nii.gz --model @m.unetrpp --engine torch", 65, "is a named pipe, not a regular file"),
        ("segment @scan.nii.gz -o @m.nii.gz --model @file", 1, "@file is no model that is known here"),
        ("segment @scan.nii.gz -o @labels.nii.gz --model @m.unetrpp", 1, "@labels.nii.gz is already there; --force replaces it"),
        ("segment @scan.nii.gz -o @file/m.nii.gz --model @m.unetrpp", 1, "@file cannot be made: @file is not a folder"),
        ("segment @scan.nii.gz -o /dev/null --model @m.unetrpp", 1, "/dev/null is not a folder"),
        ("segment @scan.nii.gz -o @m.nii.gz --model @m.unetrpp --threads 9999", 64, "--threads is 9999; expected 1 to"),
        (
            "segment @scan.nii.gz -o @m.nii.gz --model @m.unetrpp --output-format dicom", 64,
            "'dicom' is no form of a mask; expected nifti, nrrd, mha, dicom-seg, rtstruct"
        ),
        ("segment @scan.nii.gz -o @m.nii.gz --validation-of @empty", 1, "@empty is not a training run: run.json is missing"),
        ("evaluate @nowhere @labels.nii.gz", 1, "@nowhere: there is no such file or folder"),
        ("evaluate @empty @empty", 1, "@empty: holds no label maps"),
        ("evaluate @pipe.nii @labels.nii.gz", 65, "is a named pipe, not a regular file"),
        ("evaluate @labels.nii.gz @labels.nii.gz --labels @pipe.json", 1, "@pipe.json: is a named pipe, not a regular file"),
        ("evaluate @labels.nii.gz @labels.nii.gz --probabilities @pipe.nii", 65, "is a named pipe, not a regular file"),
        ("evaluate @labels.nii.gz @labels.nii.gz -o @file", 1, "@file cannot be made: @file is not a folder"),
        ("evaluate @labels.nii.gz @labels.nii.gz --device cpu", 64, "Unknown option '--device'"),
        ("evaluate @labels.nii.gz @labels.nii.gz --memory much", 64, "--memory is 'much'; expected a size"),
        ("evaluate @labels.nii.gz @labels.nii.gz --memory 1K", 1, "allowed are 0 MB (--memory)"),
        ("compare @pipe.json @pipe.json", 1, "@pipe.json: is a named pipe, not a regular file"),
        ("compare @a.json @b.json", 1, "@a.json: cannot be read: No such file or directory"),
        ("plan @empty -o @p.json", 1, "@empty is no data set"),
        ("plan @balls -o @plan.json", 1, "@plan.json is already there; --force replaces it"),
        ("plan @balls -o @empty", 1, "@empty is a folder; name a file to write"),
        ("plan @pipe.json --import -o @p.json", 1, "is a named pipe, not a regular file"),
        ("prepare @empty --plan @plan.json -o @out", 1, "@empty is no data set"),
        ("prepare @balls --plan @nowhere.json -o @out", 1, "@nowhere.json is no plan: the file cannot be read: No such file or directory"),
        ("prepare @balls --plan @pipe.json -o @out", 1, "is a named pipe, not a regular file"),
        ("prepare @balls --plan @plan.json -o @file", 1, "@file cannot be made: @file is not a folder"),
        ("restore @pipe.safetensors @plan.json --plan @plan.json -o @r.nii.gz", 1, "@plan.json: the field"),
        ("restore @file @pipe.json --plan @plan.json -o @r.nii.gz", 1, "is a named pipe, not a regular file"),
        ("restore @file @plan.json --plan @plan.json -o @r.txt", 64, "--output is @r.txt; expected a name that ends in .nii.gz, .nii"),
        ("postprocess @labels.nii.gz @labels.nii.gz --model @file", 1, "@file is not a model bundle: it is a file"),
        ("summary --all --no-timing --picture @empty", 1, "@empty is a folder; name a file to write"),
        ("summary --configuration @pipe.json --no-timing", 1, "is a named pipe, not a regular file"),
        ("trace @balls --plan @plan.json --prepared @pp -o @labels.nii.gz", 1, "@labels.nii.gz is already there; --force replaces it"),
        ("trace @balls --plan @plan.json --prepared @file -o @t.safetensors", 1, "@file cannot be made: @file is not a folder"),
        ("demo --data @balls --model @m.unetrpp -o @file", 1, "@file cannot be made: @file is not a folder"),
        ("dataset check @nowhere", 1, "@nowhere is no data set"),
    ]

    @Test func `Each refusal is one sentence with its status, before the work and without a trace`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let place = try Place(folder)
            let before = FileManager.default.subpaths(atPath: folder.path)?.sorted()
            for (line, status, sentence) in Self.table {
                let result = try CommandLineTool.run(place.arguments(line))
                #expect(result.status == status, "\(line): \(result.errors)")
                let expected = sentence.replacingOccurrences(of: "@", with: folder.path + "/")
                #expect(result.errors.contains(expected), "\(line): '\(expected)' is not in: \(result.errors)")
                for raw in ["Error Domain", "NSCocoa", "Fatal", "CancellationError"] { #expect(!result.errors.contains(raw), "\(line): \(result.errors)") }
            }
            #expect(FileManager.default.subpaths(atPath: folder.path)?.sorted() == before)
        }
    }

    @Test func `A full disk under prepare is not blamed on the scans, and a folder of another plan is not overwritten`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let place = try Place(folder)
            let prepare = place.arguments("prepare @balls --plan @plan.json -o @out")
            let full = try CommandLineTool.run(prepare, largestFile: 0)
            #expect(full.status == 1 && full.errors.contains("out cannot take the prepared cases; make room there"), "\(full.errors)")
            #expect(!full.errors.contains("repair") && !full.errors.contains("case_1:"), "the second case must not be tried: \(full.errors)")
            try CommandLineTool.succeed(prepare)
            var other = try TinyModel.plan()
            other.targetSpacing = [2, 2, 2]
            try other.write(to: folder.appending(path: "other.json"))
            let again = place.arguments("prepare @balls --plan @other.json -o @out")
            try CommandLineTool.fail(again, saying: ["case_0.json was prepared with another plan", "--force"])
            try CommandLineTool.succeed(again + ["--force"])
            try CommandLineTool.succeed(again)
        }
    }
}
