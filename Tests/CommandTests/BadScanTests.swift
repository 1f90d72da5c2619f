import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRSupport
import UNETRVolumes

/// Everything a scan can have wrong, in one folder: each is told with its own sentence, and the sound ones are done.
struct BadScanTests {
    /// A ball of ordinary geometry as an uncompressed file whose bytes can be changed.
    private func write(_ name: String, in folder: URL, _ change: (inout Data) -> Void = { _ in }) throws {
        let url = folder.appending(path: "\(name).nii")
        try NIfTI.write(scan: TinyModel.ball(1).scan, to: url)
        var bytes = try Data(contentsOf: url)
        change(&bytes)
        try bytes.write(to: url)
    }

    private static func put<Value>(_ value: Value, at offset: Int, in data: inout Data) {
        withUnsafeBytes(of: value) { data.replaceSubrange(offset..<(offset + $0.count), with: $0) }
    }

    /// What is wrong, and words of its sentence. Offsets are those of the NIfTI-1 header.
    private static let defects: [(name: String, words: [String], change: @Sendable (inout Data) -> Void)] = [
        ("flat", ["a scan needs three axes"], { put(Int16(1), at: 46, in: &$0) }),
        (
            "four_volumes", ["promises"],
            {
                put(Int16(4), at: 40, in: &$0); put(Int16(4), at: 48, in: &$0)
            }
        ),
        ("zero_axis", ["dim[2]"], { put(Int16(0), at: 44, in: &$0) }),
        ("singular", ["axes fall together"], { data in for byte in 0..<16 { data[296 + byte] = data[280 + byte] } }),
        ("spacing_zero", ["spacing"], { for offset in [80, 280, 284, 288, 296, 300, 304] { put(Float(0), at: offset, in: &$0) } }),
        ("spacing_nan", ["pixdim"], { put(Float.nan, at: 84, in: &$0) }),
        ("nan_voxels", ["3 voxels that are not a finite number"], { for index in 0..<3 { put(Float.nan, at: 352 + 4 * index, in: &$0) } }),
        ("constant", ["7.0 everywhere"], { data in for index in 0..<(18 * 17 * 19) { put(Float(7), at: 352 + 4 * index, in: &data) } }),
        ("zeros", ["nothing but zeros"], { data in data.resetBytes(in: 352..<data.count) }),
        ("cut_off", ["cut off"], { $0 = $0.prefix(2000) }),
    ]

    @Test func `Each defect is one sentence, the others are done, and the exit code says so`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let scans = folder.appending(path: "scans")
            try FileManager.default.createDirectory(at: scans, withIntermediateDirectories: true)
            for defect in Self.defects { try write(defect.name, in: scans, defect.change) }
            let ball = TinyModel.ball(1).scan
            let two = Scan(geometry: ball.geometry, channels: 2, voxels: ball.voxels + ball.voxels)
            try NIfTI.write(scan: two, to: scans.appending(path: "two_channels.nii"))
            // Sound: an ordinary one, and one smaller than the patch along every axis.
            try write("sound", in: scans)
            try NIfTI.write(scan: ball.cropped(to: [2..<11, 3..<10, 1..<14]), to: scans.appending(path: "small.nii"))
            let masks = folder.appending(path: "masks")
            let result = try CommandLineTool.run([
                "segment", scans.path, "-o", masks.path, "--model", model.path, "--no-mirroring", "--json", "--device", "cpu",
            ])
            #expect(result.status == 65)
            let rows = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
            let problems = Dictionary(uniqueKeysWithValues: rows.map { ($0["case"] as? String ?? "", $0["error"] as? String) })
            for (name, words) in Self.defects.map({ ($0.name, $0.words) }) + [("two_channels", ["has 2 channels", "expects 1 (MRI)"])] {
                let problem = problems[name] ?? nil
                for word in [name] + words {
                    #expect(problem?.contains(word) == true, "\(name): '\(word)' is not in: \(problem ?? "no error")")
                }
                #expect(result.errors.contains("unetrpp: \(problem ?? "?")"))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: masks.path).sorted() == ["small.nii.gz", "sound.nii.gz"])
            #expect(try NIfTI.readLabels(masks.appending(path: "small.nii.gz")).geometry.size == [9, 7, 13])
            #expect(result.errors.contains("\(Self.defects.count + 1) of \(Self.defects.count + 3) scans failed"))
        }
    }

    @Test func `A missing channel is named`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(TinyModel.plan(channelNames: ["T1", "T2", "FLAIR"]), in: folder).url
            let scans = folder.appending(path: "scans")
            for name in ["a_0000", "a_0001", "a_0002", "b_0000", "b_0002", "c_0001"] {
                try NIfTI.write(scan: TinyModel.ball(2).scan, to: scans.appending(path: "\(name).nii.gz"))
            }
            let masks = folder.appending(path: "masks")
            let result = try CommandLineTool.run([
                "segment", scans.path, "-o", masks.path, "--model", model.path, "--no-mirroring", "--device", "cpu",
            ])
            #expect(result.status == 65)
            #expect(result.errors.contains("b_0001.nii.gz does not exist, but the channel T2 of b needs it"), "\(result.errors)")
            #expect(result.errors.contains("c has 1 channel, the plan expects 3 (T1, T2, FLAIR)"), "\(result.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: masks.path) == ["a.nii.gz"])
        }
    }

    /// A limit on the size of files stands for a full disk: the system refuses the same calls.
    @Test func `A disk that is full while masks and plans are written is told, and nothing half done stays`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let dataset = try TinyData.dataset(in: folder, cases: 3)
            let output = folder.appending(path: "out")
            let segment = ["segment", dataset.appending(path: "images").path, "-o", output.path, "--model", model.path, "--no-mirroring", "--device", "cpu"]
            for (arguments, word, status) in [
                (segment, "case_0.nii.gz: cannot be written", 75), (segment + ["--probabilities"], "probabilities/case_0.nii: cannot be written", 75),
                (["plan", dataset.path, "-o", output.appending(path: "plan.json").path], "plan.json: cannot be written", 1),
                (["prepare", dataset.path, "-o", output.path, "--plan", model.appending(path: "plan.json").path], "case_0.safetensors: cannot be written", 1),
            ] {
                let result = try CommandLineTool.run(arguments, largestFile: 0)
                #expect(result.status == status, "\(arguments)")
                #expect(result.errors.contains(word) && result.errors.contains("File too large"), "\(result.errors)")
                let left = FileManager.default.enumerator(at: output, includingPropertiesForKeys: [.isRegularFileKey])?.compactMap { $0 as? URL } ?? []
                #expect(left.filter { !$0.hasDirectoryPath }.isEmpty, "\(left)")
            }
        }
    }
}
