import Foundation
import TestSupport
import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

@Suite struct FolderTests {
    /// Writes small label maps: one box of label 1, moved by `shift`.
    private func write(_ folder: URL, _ names: [String], shift: Int = 0) throws {
        for name in names {
            let map = labelMap([4, 5, 6], spacing: [2, 1, 1]) { d, h, w in (1...2).contains(d) && h < 3 && (1..<4).contains(w - shift) ? 1 : 0 }
            try NIfTI.write(labels: map, to: folder.appendingPathComponent(name))
        }
    }

    private func folders<Result>(_ body: (URL, URL) throws -> Result) throws -> Result {
        try Fixtures.withTemporaryFolder { root in
            let (predictions, references) = (root.appendingPathComponent("predictions"), root.appendingPathComponent("references"))
            for folder in [predictions, references] {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            }
            return try body(predictions, references)
        }
    }

    @Test("Files of two folders belong together by their names without extension")
    func matching() throws {
        try folders { predictions, references in
            try write(predictions, ["b.nii.gz", "a.nii"], shift: 1)
            try write(references, ["a.nii.gz", "b.nii"])
            try Data("not a scan".utf8).write(to: predictions.appendingPathComponent("notes.txt"))
            let pairs = try CasePair.match(predictions: predictions, references: references)
            #expect(pairs.map(\.name) == ["a", "b"])
            let result = try Evaluator(surfaces: false).evaluate(pairs)
            // Of 3 columns 2 overlap: 2·2/(3+3).
            #expect(result.cases.map { $0.classes["1"]?.dice } == [2.0 / 3, 2.0 / 3])
            #expect(result.meanDice == 2.0 / 3)
            // 18 voxels of 2 mm³; one rounding.
            #expect(abs(try #require(result.cases[0].classes["1"]?.predictionVolume) - 0.036) < 1e-16)
        }
    }

    @Test("A missing file among many is named, on either side")
    func unmatched() throws {
        try folders { predictions, references in
            try write(predictions, ["a.nii.gz", "b.nii.gz", "extra.nii.gz"])
            try write(references, ["a.nii.gz", "b.nii.gz", "c.nii.gz", "d.nii.gz"])
            let error = try #require(throws: EvaluationError.self) {
                try CasePair.match(predictions: predictions, references: references)
            }
            #expect(error == .unmatched(predictions: ["extra"], references: ["c", "d"]))
            #expect(error.description.contains("references without prediction: c, d"))
            #expect(error.description.contains("predictions without reference: extra"))
            #expect(try CasePair.match(predictions: predictions, references: references, requireAll: false).map(\.name) == ["a", "b"])
        }
    }

    @Test("Two single files are one case; a file finds its own in a folder")
    func singleFiles() throws {
        try folders { predictions, references in
            try write(predictions, ["mine.nii.gz"])
            try write(references, ["mine.nii.gz", "other.nii.gz"])
            let file = predictions.appendingPathComponent("mine.nii.gz")
            let two = try CasePair.match(predictions: file, references: references.appendingPathComponent("other.nii.gz"))
            #expect(two.map(\.name) == ["other"])
            #expect(try CasePair.match(predictions: file, references: references).map(\.name) == ["mine"])
        }
    }

    @Test("Folders without a common case, without files, or that are not there say so")
    func nothingToScore() throws {
        try folders { predictions, references in
            #expect(throws: EvaluationError.noFiles(folder: predictions.path)) {
                try CasePair.match(predictions: predictions, references: references)
            }
            try write(predictions, ["a.nii.gz"])
            try write(references, ["b.nii.gz"])
            #expect(throws: EvaluationError.noCaseInCommon(predictions: predictions.path, references: references.path)) {
                try CasePair.match(predictions: predictions, references: references)
            }
            let gone = references.appendingPathComponent("gone")
            #expect(throws: EvaluationError.missing(path: gone.path)) { try CasePair.match(predictions: gone, references: references) }
            try write(predictions, ["a.nii"])
            #expect(throws: EvaluationError.duplicateCase(case: "a", folder: predictions.path)) {
                try CasePair.match(predictions: predictions, references: references)
            }
        }
    }

    @Test("Every case gets every class that occurs anywhere")
    func commonClasses() throws {
        let two = try Evaluator().evaluate(labelMap([1, 1, 3], [1, 2, 0]), against: labelMap([1, 1, 3], [1, 2, 2]), case: "two")
        let one = try Evaluator().evaluate(labelMap([1, 1, 3], [1, 0, 0]), against: labelMap([1, 1, 3], [1, 1, 0]), case: "one")
        let result = try Evaluator().result([two, one])
        #expect(result.classes.map(\.key) == ["1", "2"])
        let absent = try #require(result.cases[1].classes["2"])
        #expect(absent.dice == nil && absent.counts.trueNegatives == 3 && absent.surface?.hd95 == .some(nil))
        #expect(result.values(.dice, of: "2") == [2.0 / 3, nil])
        #expect(result.meanDice(of: "2") == 2.0 / 3)
        #expect(throws: EvaluationError.noClasses) {
            try Evaluator().result([Evaluator().evaluate(labelMap([1, 1, 1], [0]), against: labelMap([1, 1, 1], [0]), case: "empty")])
        }
    }

    @Test("summary.json has nnU-Net's layout and its NaN for classes in neither mask")
    func nnUNetSummary() throws {
        let evaluator = Evaluator(classes: [LabelDefinition(1), LabelDefinition(labels: [1, 2]), LabelDefinition(3)], surfaces: false)
        let metrics = try evaluator.evaluate(labelMap([1, 1, 4], [1, 1, 2, 0]), against: labelMap([1, 1, 4], [1, 2, 0, 0]), case: "a")
        let text = NNUNetSummary(try evaluator.result([metrics])).text
        #expect(text.contains("\"Dice\": NaN"))
        let strict = text.replacingOccurrences(of: "NaN", with: "null")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(strict.utf8)) as? [String: Any])
        #expect(Set(document.keys) == ["foreground_mean", "mean", "metric_per_case"])
        let row = try #require((document["metric_per_case"] as? [[String: Any]])?.first)
        #expect(row["reference_file"] as? String == "a")
        let region = try #require((row["metrics"] as? [String: [String: Any]])?["(1, 2)"])
        #expect(region["TP"] as? Int == 2 && region["FP"] as? Int == 1 && region["FN"] as? Int == 0 && region["TN"] as? Int == 1)
        #expect(region["n_pred"] as? Int == 3 && region["n_ref"] as? Int == 2)
        #expect(region["Dice"] as? Double == 0.8 && region["IoU"] as? Double == 2.0 / 3)
        let mean = try #require((document["mean"] as? [String: [String: Any]])?["1"])
        #expect(mean["Dice"] as? Double == 2.0 / 3)
        // As numpy.mean over the classes: one NaN makes it NaN.
        #expect((document["foreground_mean"] as? [String: Any])?["Dice"] is NSNull)
    }
}
