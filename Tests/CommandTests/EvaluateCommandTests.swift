import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

@Suite struct EvaluateCommandTests {
    /// Folders of predictions and references with these cases, boxes of label 1 that overlap by two thirds.
    private func folders(_ root: URL, predictions: [String], references: [String], depth: Int = 4) throws -> (String, String) {
        func write(_ name: String, _ cases: [String], shift: Int, depth: Int) throws -> String {
            let folder = root.appending(path: name)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let affine = [[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]]
            var voxels: [Int16] = []
            for d in 0..<depth { for h in 0..<5 { for w in 0..<6 { voxels.append((1...2).contains(d) && h < 3 && (1..<4).contains(w - shift) ? 1 : 0) } } }
            let map = LabelMap(geometry: Geometry(size: [depth, 5, 6], affine: affine, spacing: [2, 1, 1]), voxels: voxels)
            for name in cases { try NIfTI.write(labels: map, to: folder.appending(path: "\(name).nii.gz")) }
            return folder.path
        }
        return (try write("predictions", predictions, shift: 1, depth: depth), try write("references", references, shift: 0, depth: 4))
    }

    @Test("evaluate --json prints the definition, every figure by its name, and null for what is undefined; --output writes four files")
    func json() throws {
        try Fixtures.withTemporaryFolder { root in
            let (predictions, references) = try folders(root, predictions: ["a"], references: ["a"])
            let report = root.appending(path: "report")
            let text = try CommandLineTool.succeed(
                ["evaluate", predictions, references, "--classes", "1,2", "--json", "--output", report.path])
            let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            #expect((document["definition"] as? [String: Any])?["name"] as? String == "default" || document["definition"] as? String == "default")
            let cases = try #require(document["cases"] as? [[String: Any]])
            #expect(cases.map { $0["case"] as? String } == ["a"])
            let classes = try #require(cases[0]["classes"] as? [String: [String: Any]])
            let one = try #require(classes["1"])
            // Boxes of 2×3×3 voxels, of which 2×3×2 are shared; 120 voxels in all; voxels of 2 mm³.
            let expected: [String: Double] = [
                "tp": 12, "fp": 6, "fn": 6, "tn": 96, "dice": 2.0 / 3, "jaccard": 0.5, "precision": 2.0 / 3, "recall": 2.0 / 3,
                "predictionVolume": 0.036, "referenceVolume": 0.036, "hd": 1, "hd95": 1,
            ]
            for (name, value) in expected {
                let found = try #require((one[name] as? NSNumber)?.doubleValue, "\(name)")
                #expect(abs(found - value) < 1e-9, "\(name)")
            }
            #expect((one["nsd"] as? [String: Double])?.keys.sorted() == ["1", "2"])
            #expect(one["assd"] is NSNumber)
            #expect(classes["2"]?["dice"] is NSNull && classes["2"]?["hd95"] is NSNull)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: report.path).sorted()
                    == ["evaluation.json", "metrics.csv", "report.html", "summary.json"])
        }
    }

    @Test("A case without its counterpart, another grid and an undeclared label fail by name, and nothing is written")
    func refusals() throws {
        try Fixtures.withTemporaryFolder { root in
            let report = root.appending(path: "report")
            var (predictions, references) = try folders(root.appending(path: "1"), predictions: ["a"], references: ["a", "b"])
            try CommandLineTool.fail(["evaluate", predictions, references, "--output", report.path], saying: ["references without prediction: b"])
            (predictions, references) = try folders(root.appending(path: "2"), predictions: ["a"], references: ["a"], depth: 5)
            try CommandLineTool.fail(["evaluate", predictions, references, "--output", report.path], saying: ["a", "5", "4", "--resample"])
            (predictions, references) = try folders(root.appending(path: "3"), predictions: ["a"], references: ["a"])
            try Data(#"{"labels": {"background": 0, "liver": 3}}"#.utf8).write(to: URL(fileURLWithPath: references).appending(path: "dataset.json"))
            try CommandLineTool.fail(["evaluate", predictions, references, "--output", report.path], saying: ["label", "1"])
            try CommandLineTool.fail(["evaluate", predictions, root.path, "--output", report.path], saying: ["holds no label maps"])
            try CommandLineTool.fail(["evaluate", predictions, references, "--definition", "hausdorff"], saying: ["hausdorff", "medpy"])
            #expect(!FileManager.default.fileExists(atPath: report.path))
        }
    }
}
