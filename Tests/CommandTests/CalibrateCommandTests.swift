import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRPlanning
import UNETRVolumes

struct CalibrateCommandTests {
    /// Three cases in which "ball" is said with 0.9 and is right in three of four voxels; the other voxels are certain.
    private static func cases(in folder: URL, p: Float = 0.9) throws -> (probabilities: URL, references: URL) {
        let (probabilities, references) = (folder.appending(path: "probabilities"), folder.appending(path: "references"))
        for number in 0..<3 {
            var labels = TinyModel.ball(number).labels
            let ball = labels.voxels.indices.filter { labels.voxels[$0] == 1 }
            var values = labels.voxels.map { Float($0 == 1 ? 1 - p : 1) } + labels.voxels.map { $0 == 1 ? p : 0 }
            // A different share of the ball is wrong in each case, a quarter in all.
            for (place, index) in ball.prefix(ball.count / 4 * 4).enumerated() where place % 4 == number { labels.voxels[index] = 0 }
            for index in ball.dropFirst(ball.count / 4 * 4) {
                values[index] = 0
                values[labels.voxels.count + index] = 1
            }
            try NIfTI.write(labels: labels, to: references.appending(path: "case_\(number).nii.gz"))
            try FileManager.default.createDirectory(at: probabilities, withIntermediateDirectories: true)
            try VolumeFile.writeParts(channels: 2, geometry: labels.geometry, to: probabilities.appending(path: "case_\(number).nii")) { file in
                try values.withUnsafeBufferPointer { try file.write($0, at: 0) }
            }
        }
        return (probabilities, references)
    }

    @Test func `The temperature is stored in every bundle, and another calibration goes on from there`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let models = try ["one", "two"].map { try TinyModel.bundle(in: folder, named: $0).url }
            func temperatures() throws -> [Double?] { try models.map { try Plan(contentsOf: $0.appending(path: "plan.json")).inference.temperature } }
            let (probabilities, references) = try Self.cases(in: folder)
            let arguments = ["calibrate", probabilities.path, references.path] + models.flatMap { ["--model", $0.path] }
            #expect(try CommandLineTool.succeed(arguments + ["--dry-run"]).contains("Nothing was stored"))
            #expect(try temperatures() == [nil, nil])

            let report = try CommandLineTool.succeed(arguments)
            // ln 9 over ln 3; before, 0.9 was said where 0.75 is so.
            for text in ["3 cases", "temperature 2.000", "ball", "0.6547", "0.5623", "0.8575", "0.0000"] { #expect(report.contains(text), "\(report)") }
            for temperature in try temperatures() { #expect(abs(try #require(temperature) - 2) < 1e-4) }
            for model in models { #expect(try CommandLineTool.succeed(["model", "verify", model.path]).isEmpty == false) }

            // Probabilities that were made with that temperature fit.
            let (warm, same) = try Self.cases(in: folder.appending(path: "again"), p: 0.75)
            let text = try CommandLineTool.succeed(["calibrate", warm.path, same.path, "--json"] + models.flatMap { ["--model", $0.path] })
            let json = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            #expect(abs(try #require(json["temperature"] as? Double) - 2) < 1e-4 && json["cases"] as? Int == 3)
            let loss = try #require(json["loss"] as? [String: Double]), structures = try #require(json["structures"] as? [[String: Any]])
            #expect(abs(try #require(loss["after"]) + (3 * log(0.75) + log(0.25)) / 4) < 1e-5)
            #expect(structures.count == 1 && structures[0]["name"] as? String == "ball" && structures[0]["cases"] as? Int == 3)
        }
    }

    @Test func `What cannot be calibrated is refused, and nothing is stored`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let (probabilities, references) = try Self.cases(in: folder)
            func refusal(_ probabilities: URL, _ more: [String] = []) throws -> String {
                let result = try CommandLineTool.run(["calibrate", probabilities.path, references.path, "--model", model.path] + more)
                #expect(result.status != 0 && result.output.isEmpty)
                return result.errors
            }
            let sure = folder.appending(path: "sure"), three = folder.appending(path: "three")
            for number in 0..<3 {
                let labels = try NIfTI.readLabels(references.appending(path: "case_\(number).nii.gz"))
                for (place, channels) in [(sure, 2), (three, 3)] {
                    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                    try VolumeFile.writeParts(channels: channels, geometry: labels.geometry, to: place.appending(path: "case_\(number).nii")) { file in
                        let values = labels.voxels.map { Float($0 == 0 ? 1 : 0) } + labels.voxels.map { Float($0) }
                        try values.withUnsafeBufferPointer { try file.write($0, at: 0) }
                    }
                }
            }
            #expect(try refusal(sure).contains("are right and certain in every voxel"))
            #expect(try refusal(three).contains("case_0") && refusal(three).contains("there are 3 channels, but the model has 2 outputs"))
            #expect(try refusal(folder.appending(path: "nowhere")).contains("nowhere"))
            var other = try TinyModel.plan([.init(name: "cube", value: 1)])
            other.dataset = "Cubes"
            let cubes = try TinyModel.bundle(other, in: folder, named: "cubes").url
            #expect(try refusal(probabilities, ["--model", cubes.path]).contains("has other labels than"))
            #expect(try Plan(contentsOf: model.appending(path: "plan.json")).inference.temperature == nil)
        }
    }

    @Test func `Segmenting tells uncertainty in files, on standard error and as JSON`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let ball = TinyModel.ball(0), model = try TinyModel.bundle(TinyModel.plan(), findingAllIn: ball.scan, in: folder).url
            let scan = folder.appending(path: "scan.nii.gz")
            try NIfTI.write(scan: ball.scan, to: scan)
            let arguments = ["segment", scan.path, "--model", model.path, "--no-mirroring", "--device", "cpu", "--json", "-o"]
            let result = try CommandLineTool.run(arguments + [folder.appending(path: "mask.nii.gz").path, "--uncertainty", "--probabilities"])
            #expect(result.status == 0 && result.errors.contains("scan: expected Dice ball 0."), "\(result)")
            let rows = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
            let expected = try #require((rows[0]["expectedDice"] as? [String: Double])?["ball"])
            let values = try VolumeFile.readScan(folder.appending(path: "mask_probabilities.nii")).voxels, count = ball.labels.voxels.count
            let entropies = try VolumeFile.readScan(folder.appending(path: "mask_uncertainty.nii")).voxels
            var (inside, all, found) = (0.0, 0.0, 0)
            for index in 0..<count {
                let (p, q) = (Double(values[count + index]), Double(values[index]))
                all += p
                if p > q { (inside, found) = (inside + p, found + 1) }
                let entropy = -(p > 0 ? p * log(p) : 0) - (q > 0 ? q * log(q) : 0)
                #expect(abs(Double(entropies[index]) - entropy / log(2)) < 1e-4)
            }
            #expect(found > 0 && abs(expected - 2 * inside / (Double(found) + all)) < 1e-4)
            // In a folder of masks they have one of their own.
            let out = folder.appending(path: "out")
            try CommandLineTool.succeed(arguments + [out.path, "--uncertainty"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: out.path).sorted() == ["scan.nii.gz", "uncertainty"])
            #expect(try VolumeFile.readScan(out.appending(path: "uncertainty/scan.nii")).voxels == entropies)
            #expect(try CommandLineTool.run(arguments + [out.path, "--uncertainty"]).status != 0)
        }
    }
}
