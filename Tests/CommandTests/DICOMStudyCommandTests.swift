import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRVolumes

/// Commands on DICOM studies as they come: tilted series, structures beside the images, and nothing of the patient in what is written.
@Suite struct DICOMStudyCommandTests {
    private let tilted = Fixtures.url("dicom/10b_tilt_untagged")

    private func structures(_ name: String) -> URL { Fixtures.url("dicom-structures/\(name)") }

    @Test func `A tilted series is made straight on request, and the commands say so`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let output = folder.appending(path: "a.nii.gz")
            try CommandLineTool.fail(["scan", "convert", tilted.path, output.path], saying: ["pushed sideways by 2.0", "--correct-tilt does that"])
            #expect(!FileManager.default.fileExists(atPath: output.path))
            let note = "the slices were pushed sideways by 2.0 degrees; they are moved straight, which resamples them"
            let converted = try CommandLineTool.run(["scan", "convert", tilted.path, output.path, "--correct-tilt"])
            #expect(converted.status == 0 && converted.errors.contains(note))
            #expect(try VolumeFile.readHeader(output).geometry.size == [8, 65, 64])
            #expect(try CommandLineTool.succeed(["scan", "info", tilted.path, "--correct-tilt"]).contains(note))
            try CommandLineTool.fail(["scan", "info", output.path, "--correct-tilt"], saying: ["--correct-tilt are for DICOM studies"])

            let model = try TinyModel.bundle(in: folder).url, masks = folder.appending(path: "masks")
            let common = ["segment", tilted.path, "--model", model.path, "--no-mirroring", "--device", "cpu", "--output-format", "nifti,dicom-seg"]
            try CommandLineTool.fail(
                common + ["-o", folder.appending(path: "none").path], saying: ["have the slices moved straight as they are read", "--correct-tilt does that"])
            let json = try CommandLineTool.run(common + ["-o", folder.appending(path: "none").path, "--json"])
            #expect(json.status == 65 && json.output.contains("--correct-tilt does that"))
            let segmented = try CommandLineTool.run(common + ["-o", masks.path, "--correct-tilt"])
            #expect(segmented.status == 0 && segmented.errors.contains(note))
            #expect(try VolumeFile.readHeader(masks.appending(path: "10b_tilt_untagged.nii.gz")).geometry.size == [8, 65, 64])
        }
    }

    @Test func `scan info of headers only has no intensities, and with them they are those of the scan`() throws {
        let study = Fixtures.url("dicom/06b_negative_slope"), scan = try VolumeFile.readScan(study)
        func json(_ more: [String]) throws -> [String: Any] {
            let text = try CommandLineTool.succeed(["scan", "info", study.path, "--json"] + more)
            return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }
        #expect(try json(["--header-only"])["intensities"] == nil)
        #expect(try json(["--header-only"])["size"] as? [Int] == [48, 40, 6])
        let intensities = try #require(try json([])["intensities"] as? [String: Double])
        #expect(intensities["minimum"] == scan.voxels.min().map { Double($0) })
        #expect(intensities["maximum"] == scan.voxels.max().map { Double($0) })
    }

    @Test func `Where nobody names a form a mask is like its scan; a cohort goes on with it, and evaluate takes it`() throws {
        try Fixtures.withTemporaryFolder { folder in
            func place(_ path: String) -> URL { folder.appending(path: path) }
            let study = Fixtures.url("dicom/06b_negative_slope"), structures = ["ball", "shell"].enumerated().map { LabelDefinition(name: $1, value: $0 + 1) }
            let model = try TinyModel.bundle(TinyModel.plan(structures, channelNames: ["CT"]), findingAllIn: VolumeFile.readScan(study), in: folder).url
            try FileManager.default.createDirectory(at: place("scans"), withIntermediateDirectories: true)
            for name in ["a", "b"] { try FileManager.default.copyItem(at: study, to: place("scans/\(name)")) }
            try VolumeFile.convert(study, to: place("scans/c.nrrd"))
            func segment(_ output: String, _ more: String...) throws -> CommandLineTool.Result {
                let scans = ["a", "b", "c.nrrd"].map { place("scans/\($0)").path }
                return try CommandLineTool.run(
                    ["segment"] + scans + ["-o", place(output).path, "--model", model.path, "--no-mirroring", "--device", "cpu", "--threads", "1"] + more)
            }
            func files(_ output: String) throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: place(output).path).filter { $0 != "records" }.sorted()
            }
            #expect(try segment("masks", "--resume").status == 0)
            #expect(try files("masks") == ["a.seg.dcm", "b.seg.dcm", "c.nrrd"])
            let first = try Data(contentsOf: place("masks/a.seg.dcm"))
            #expect(try segment("masks", "--resume").errors.contains("3 of 3 scans are done already"))
            #expect(try Data(contentsOf: place("masks/a.seg.dcm")) == first)
            #expect(try segment("maps", "--output-format", "nifti").status == 0)
            #expect(try files("maps") == ["a.nii.gz", "b.nii.gz", "c.nii.gz"])

            func dice(_ references: String, _ more: String...) throws -> [[Double?]] {
                let text = try CommandLineTool.succeed(["evaluate", place("masks").path, place(references).path, "--json"] + more)
                let cases = (try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])?["cases"] as? [[String: Any]] ?? []
                return cases.map { scored in ["1", "2"].map { (scored["classes"] as? [String: [String: Any]])?[$0]?["dice"] as? Double } }
            }
            let perfect: [Double?] = [1, 1]
            #expect(try dice("maps") == [perfect, perfect, perfect])
            // Objects on both sides lie on the grid of their series: beside the references, or where --images says.
            for name in ["a", "b"] {
                let (object, patient) = (place("masks/\(name).seg.dcm"), place("patients/\(name)"))
                for folder in [patient, place("objects")] { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
                try FileManager.default.copyItem(at: study, to: patient.appending(path: "images"))
                try FileManager.default.copyItem(at: object, to: patient.appending(path: "object"))
                try FileManager.default.copyItem(at: object, to: place("objects/\(name).dcm"))
            }
            #expect(try dice("patients", "--only-matched") == [perfect, perfect])
            #expect(try dice("objects", "--only-matched", "--images", place("scans").path, "-o", place("report").path) == [perfect, perfect])
            try CommandLineTool.fail(
                ["evaluate", place("masks").path, place("objects").path, "--only-matched"],
                saying: ["a: prediction and reference are DICOM objects", "--images` takes the folder of the scans"])
            // Segments are numbered anew in each object, so without names nobody knows which label of a plain map they are.
            try FileManager.default.removeItem(at: place("masks/c.nrrd"))
            for name in ["a", "b"] {
                try VolumeFile.write(labels: VolumeFile.readLabels(place("maps/\(name).nii.gz")), to: place("plain/\(name).nii.gz"))
            }
            try CommandLineTool.fail(
                ["evaluate", place("masks").path, place("plain").path], saying: ["nothing says which labels they are", "--labels names a dataset.json"])
            #expect(try dice("plain", "--labels", model.path) == [perfect, perfect])
        }
    }

    @Test func `With probabilities a DICOM segmentation is fractional`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let study = Fixtures.url("dicom/06b_negative_slope"), model = try TinyModel.bundle(in: folder).url, output = folder.appending(path: "out")
            try CommandLineTool.succeed([
                "segment", study.path, "-o", output.path, "--model", model.path, "--no-mirroring", "--device", "cpu", "--output-format", "dicom-seg,nifti",
                "--probabilities",
            ])
            let object = output.appending(path: "06b_negative_slope.seg.dcm"), mask = output.appending(path: "06b_negative_slope.nii.gz")
            #expect(try Data(contentsOf: object).range(of: Data("FRACTIONAL".utf8)) != nil)
            let labels = try #require(try VolumeFile.readLabelSet(mask)), geometry = try VolumeFile.readHeader(mask).geometry
            let found = try VolumeFile.readLabels(object, on: geometry, as: labels)
            let values = try VolumeFile.readScan(output.appending(path: "probabilities/06b_negative_slope.nii"))
            // Of the structures with at least half, the last.
            let expected = (0..<geometry.count).map { voxel in
                Int16(labels.outputValues.indices.dropFirst().last { (values.voxels[$0 * geometry.count + voxel] * 255).rounded() >= 128 } ?? 0)
            }
            #expect(found.voxels == expected)
        }
    }

    @Test func `evaluate takes segmentations as references, as files and in folders of their cases`() throws {
        let mask = try VolumeFile.readLabels(structures("mask.nii.gz"))
        try Fixtures.withTemporaryFolder { folder in
            func dice(_ references: URL, named: Bool) throws -> [Double?] {
                let predictions = folder.appending(path: "p-\(UUID())")
                let labels = LabelSet(definitions: [
                    LabelDefinition(name: "background", value: 0), LabelDefinition(name: "Liver", value: 1), LabelDefinition(name: "Left kidney", value: 2),
                    LabelDefinition(name: "Tumor", value: 3),
                ])
                try VolumeFile.write(labels: mask, named: named ? labels : nil, to: predictions.appending(path: "one.nii.gz"))
                // The same mask in another form beside it changes nothing.
                try FileManager.default.copyItem(at: structures("turned.dcm"), to: predictions.appending(path: "one.seg.dcm"))
                let text = try CommandLineTool.succeed(["evaluate", predictions.path, references.path, "--json"])
                let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
                let classes = ((json?["cases"] as? [[String: Any]])?.first?["classes"] as? [String: [String: Any]]) ?? [:]
                return ["1", "2", "3"].map { classes[$0]?["dice"] as? Double }
            }
            for name in ["binary.dcm", "fractional.dcm", "labelmap.dcm", "contours.dcm"] {
                let files = folder.appending(path: "files-\(name)"), cases = folder.appending(path: "cases-\(name)/one")
                for place in [files, cases] { try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true) }
                try FileManager.default.copyItem(at: structures(name), to: files.appending(path: "one.seg.dcm"))
                try FileManager.default.copyItem(at: structures(name), to: cases.appending(path: "whatever"))
                for references in [files, cases.deletingLastPathComponent()] {
                    // With the names of the prediction, and where it has none with those of the object.
                    for named in [true, false] { #expect(try dice(references, named: named) == [1, 1, 1], "\(name)") }
                }
            }
        }
    }

    @Test func `A DICOM folder with structures for each patient is a data set`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let data = folder.appending(path: "patients"), plan = folder.appending(path: "plan.json"), study = Fixtures.url("dicom/06b_negative_slope")
            let volumes = folder.appending(path: "volumes")  // the same as NIfTI
            let geometry = try VolumeFile.readHeader(study).geometry
            var mask = LabelMap(geometry: geometry, voxels: [Int16](repeating: 0, count: geometry.count))
            for d in 1..<5 { for h in 5..<30 { for w in 6..<30 { mask.voxels[mask.offset(d, h, w)] = 1 } } }
            let input = folder.appending(path: "mask.nii.gz")
            for number in 1...5 {
                let patient = data.appending(path: "patient_\(number)"), place = patient.appending(path: "images")
                try FileManager.default.createDirectory(at: patient, withIntermediateDirectories: true)
                try FileManager.default.copyItem(at: study, to: place)
                mask.voxels[mask.offset(0, 0, number)] = 1
                let labels = LabelSet(definitions: [
                    LabelDefinition(name: "background", value: 0), LabelDefinition(name: number == 2 ? "gtv mass" : "GTV_Mass", value: 1),
                ])
                try VolumeFile.write(labels: mask, named: labels, to: input)
                let object = number == 5 ? "a.seg.dcm" : "RTSTRUCT.rtstruct.dcm"
                try CommandLineTool.succeed(["scan", "convert", input.path, patient.appending(path: object).path, "--reference", place.path, "--force"])
                try FileManager.default.removeItem(at: input)
                try VolumeFile.convert(study, to: volumes.appending(path: "images/patient_\(number).nii.gz"))
                try VolumeFile.write(labels: mask, to: volumes.appending(path: "labels/patient_\(number).nii.gz"))
            }
            let report = try CommandLineTool.run(["dataset", "check", data.path])
            #expect(report.output.contains("5 cases, channels CT; labels 1 in 5 cases"), "\(report.output)")
            try CommandLineTool.succeed(["plan", data.path, "-o", plan.path])
            let labels = try Plan(contentsOf: plan).labels
            #expect(labels.foreground.map(\.name) == ["GTV_Mass"])
            let prepared = [data, volumes].map { $0.appendingPathExtension("prepared") }
            for (source, target) in zip([data, volumes], prepared) {
                try CommandLineTool.succeed(["prepare", source.path, "--plan", plan.path, "-o", target.path])
            }
            for number in 1...5 {
                let (one, other) = (prepared[0].appending(path: "patient_\(number).safetensors"), prepared[1].appending(path: "patient_\(number).safetensors"))
                #expect(try Data(contentsOf: one) == Data(contentsOf: other))
            }

            let tiny = folder.appending(path: "tiny.json"), run = folder.appending(path: "run")
            try TinyModel.plan(labels.foreground, channelNames: ["CT"]).write(to: tiny)
            try CommandLineTool.succeed([
                "train", data.path, "-o", run.path, "--plan", tiny.path, "--epochs", "1", "--iterations", "2", "--fold", "0", "--group", "none", "--device",
                "cpu", "--threads",
                "1",
                "--precision", "float32",
            ])
            let (held, results) = (try CrossValidation.folds((1...5).map { "patient_\($0)" })[0].validation, run.appending(path: "validation"))
            for name in held { #expect(try VolumeFile.readHeader(results.appending(path: "\(name).nii.gz")).geometry.size == geometry.size) }
            let decide = ["postprocess", results.path, data.path, "--model", run.appending(path: "model.unetrpp").path, "--dry-run"]
            #expect(try CommandLineTool.succeed(decide).contains("Mean Dice of \(held.count) cases"))

            try Data().write(to: data.appending(path: "patient_1/RTSTRUCT.rtstruct.dcm"))
            try FileManager.default.copyItem(at: structures("binary.dcm"), to: data.appending(path: "patient_2/second.dcm"))
            try CommandLineTool.fail(
                ["prepare", data.path, "--plan", plan.path, "-o", folder.appending(path: "other").path],
                saying: ["the case patient_2 cannot be used", "several segmentations or structure sets"])
        }
    }

    @Test func `Nothing of the patient is in what the commands say and write, but in DICOM objects`() throws {
        let secrets = ["Golden", "PID-", "19700101", "Hidden", "SECRET"]
        try Fixtures.withTemporaryFolder { folder in
            let study = folder.appending(path: "study"), model = try TinyModel.bundle(in: folder).url, output = folder.appending(path: "out")
            try FileManager.default.copyItem(at: Fixtures.url("dicom/06b_negative_slope"), to: study)
            let source = String(decoding: try Data(contentsOf: study.appending(path: "001.dcm")), as: UTF8.self)
            #expect(source.contains("Golden"))
            let outputs = ["-o", output.path, "--output-format", "nifti,nrrd,mha,dicom-seg,rtstruct", "--probabilities"]
            let commands = [
                ["scan", "info", study.path], ["scan", "info", study.path, "--json"], ["scan", "info", Fixtures.url("dicom/09_missing_slice").path],
                ["scan", "info", Fixtures.url("dicom/13_mixed_folder").path], ["scan", "info", Fixtures.url("dicom/10b_tilt_untagged").path],
                ["segment", study.path, "--model", model.path, "--no-mirroring", "--device", "cpu", "--json"] + outputs,
                ["scan", "convert", study.path, output.appending(path: "scan.nrrd").path], ["scan", "convert", study.path, "/nowhere/scan.nii"],
                ["evaluate", structures("mask.nii.gz").path, structures("binary.dcm").path, "-o", output.appending(path: "report").path],
                ["evaluate", structures("mask.nii.gz").path, structures("contours.dcm").path, "--json"],
                ["scan", "convert", structures("binary.dcm").path, output.appending(path: "x.nii.gz").path, "--reference", study.path],
            ]
            let cache = folder.appending(path: "cache")
            for command in commands {
                let result = try CommandLineTool.run(command, environment: ["UNETRPP_CACHE": cache.path])
                for secret in secrets { #expect(!(result.output + result.errors).contains(secret), "\(command) \(secret): \(result.errors)") }
            }
            var written = 0
            for place in [output, cache] {
                let files = FileManager.default.enumerator(at: place, includingPropertiesForKeys: nil)
                while let file = files?.nextObject() as? URL {
                    guard !file.path.hasSuffix(".dcm"), let bytes = try? Data(contentsOf: file) else { continue }
                    written += 1
                    for secret in secrets { #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file.path)") }
                }
            }
            #expect(written >= 6)
        }
    }
}
