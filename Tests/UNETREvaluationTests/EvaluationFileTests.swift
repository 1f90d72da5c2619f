import Foundation
import TestSupport
import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

/// The files of an evaluation, to the letter, and what is said about one that cannot be read.
struct EvaluationFileTests {
    private static let classes = [LabelDefinition(1), LabelDefinition(labels: [1, 2], name: "whole"), LabelDefinition(3)]

    private static func figures(_ tp: Int, _ fp: Int, _ fn: Int, _ tn: Int) -> ClassMetrics {
        ClassMetrics(
            counts: OverlapCounts(truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn), voxelMillilitres: 0.5, definition: .default)
    }

    private static let result: EvaluationResult = {
        var result = MadeUp.result(
            classes,
            [
                ("Müller 1", ["1": figures(1, 1, 0, 2), "1+2": figures(2, 1, 0, 1), "3": figures(0, 0, 0, 4)]),
                ("b", ["1": figures(3, 0, 1, 0), "1+2": figures(3, 0, 1, 0), "3": figures(0, 2, 0, 2)]),
            ])
        (result.cases[0].predictionFile, result.cases[0].referenceFile) = ("/m/Müller 1.nii.gz", "/r/Müller 1.nii.gz")
        return result
    }()

    /// Python 3.12: `json.dumps(document, indent=4, sort_keys=True, ensure_ascii=False)` of the same counts, means by NumPy's `nanmean`.
    private static let summary = """
        {
            "foreground_mean": {
                "Dice": 0.5301587301587302,
                "FN": 0.3333333333333333,
                "FP": 0.6666666666666666,
                "IoU": 0.4444444444444444,
                "TN": 1.5,
                "TP": 1.5,
                "n_pred": 2.1666666666666665,
                "n_ref": 1.8333333333333333
            },
            "mean": {
                "(1, 2)": {
                    "Dice": 0.8285714285714285,
                    "FN": 0.5,
                    "FP": 0.5,
                    "IoU": 0.7083333333333333,
                    "TN": 0.5,
                    "TP": 2.5,
                    "n_pred": 3.0,
                    "n_ref": 3.0
                },
                "1": {
                    "Dice": 0.7619047619047619,
                    "FN": 0.5,
                    "FP": 0.5,
                    "IoU": 0.625,
                    "TN": 1.0,
                    "TP": 2.0,
                    "n_pred": 2.5,
                    "n_ref": 2.5
                },
                "3": {
                    "Dice": 0.0,
                    "FN": 0.0,
                    "FP": 1.0,
                    "IoU": 0.0,
                    "TN": 3.0,
                    "TP": 0.0,
                    "n_pred": 1.0,
                    "n_ref": 0.0
                }
            },
            "metric_per_case": [
                {
                    "metrics": {
                        "(1, 2)": {
                            "Dice": 0.8,
                            "FN": 0,
                            "FP": 1,
                            "IoU": 0.6666666666666666,
                            "TN": 1,
                            "TP": 2,
                            "n_pred": 3,
                            "n_ref": 2
                        },
                        "1": {
                            "Dice": 0.6666666666666666,
                            "FN": 0,
                            "FP": 1,
                            "IoU": 0.5,
                            "TN": 2,
                            "TP": 1,
                            "n_pred": 2,
                            "n_ref": 1
                        },
                        "3": {
                            "Dice": NaN,
                            "FN": 0,
                            "FP": 0,
                            "IoU": NaN,
                            "TN": 4,
                            "TP": 0,
                            "n_pred": 0,
                            "n_ref": 0
                        }
                    },
                    "prediction_file": "/m/Müller 1.nii.gz",
                    "reference_file": "/r/Müller 1.nii.gz"
                },
                {
                    "metrics": {
                        "(1, 2)": {
                            "Dice": 0.8571428571428571,
                            "FN": 1,
                            "FP": 0,
                            "IoU": 0.75,
                            "TN": 0,
                            "TP": 3,
                            "n_pred": 3,
                            "n_ref": 4
                        },
                        "1": {
                            "Dice": 0.8571428571428571,
                            "FN": 1,
                            "FP": 0,
                            "IoU": 0.75,
                            "TN": 0,
                            "TP": 3,
                            "n_pred": 3,
                            "n_ref": 4
                        },
                        "3": {
                            "Dice": 0.0,
                            "FN": 0,
                            "FP": 2,
                            "IoU": 0.0,
                            "TN": 2,
                            "TP": 0,
                            "n_pred": 2,
                            "n_ref": 0
                        }
                    },
                    "prediction_file": "b",
                    "reference_file": "b"
                }
            ]
        }

        """

    @Test func `summary.json is to the letter what Python writes of the same counts`() {
        #expect(NNUNetSummary(Self.result).text == Self.summary)
    }

    @Test func `An evaluation of nothing has lists and objects without members`() {
        let nothing = EvaluationResult(definition: .default, classes: [], cases: [])
        let lines = NNUNetSummary(nothing).text.split(separator: "\n")
        #expect(lines.contains("    \"mean\": {},") && lines.last == "}" && lines.contains("    \"metric_per_case\": []"))
        #expect(lines.filter { $0.hasSuffix(": NaN,") || $0.hasSuffix(": NaN") }.count == 8)
    }

    @Test func `The table has the counts, ratios and volumes of each case and class, and no column that nothing was computed for`() {
        let lines = CSVTable(Self.result).text.components(separatedBy: "\r\n")
        #expect(
            lines[0]
                == "case,class,name,definition,unit,tp,fp,fn,tn,dice,jaccard,precision,recall,specificity,accuracy,predictionVolume,referenceVolume,"
                + "volumeDifference,volumeSimilarity,hd,hd95,assd")
        // Voxels of half a milliliter.
        #expect(
            lines[1]
                == "Müller 1,1,1,default,mm,1,1,0,2,0.6666666666666666,0.5,0.5,1.0,0.6666666666666666,0.75,1.0,0.5,0.5,0.6666666666666667,,,")
        #expect(lines[2].hasPrefix("Müller 1,1+2,whole,default,mm,2,1,0,1,0.8,"))
        #expect(lines[3] == "Müller 1,3,3,default,mm,0,0,0,4,,,,,1.0,1.0,0.0,0.0,0.0,,,,")
        #expect(lines.count == 8 && lines[7] == "")
    }

    @Test func `Lesions and surface Dice get columns of their own`() {
        var figures = MadeUp.figures(50, hd95: .infinity, nsd: 0.25)
        figures.lesions = LesionMetrics(predicted: 4, referenced: 2, matchedPredictions: 1, detected: 2)
        let lines = CSVTable(MadeUp.result([LabelDefinition(1)], [("a", ["1": figures])])).text.components(separatedBy: "\r\n")
        #expect(lines[0].hasSuffix(",hd,hd95,assd,lesionPrecision,lesionRecall,lesionF1,nsd1"))
        // 2 · ¼ · 1 ⁄ (¼ + 1).
        #expect(lines[1].hasSuffix(",inf,inf,inf,0.25,1.0,0.4,0.25"))
    }

    @Test func `All four files are written, each as its own writer makes it`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let report = EvaluationReport(title: "t", result: Self.result), place = folder.appending(path: "Bericht für Müller")
            try EvaluationFiles.write(report, to: place)
            func text(_ number: Int) throws -> String { try String(contentsOf: place.appending(path: EvaluationFiles.names[number]), encoding: .utf8) }
            #expect(try Data(contentsOf: place.appending(path: "evaluation.json")) == Self.result.json())
            #expect(try text(1) == Self.summary && text(2) == CSVTable(Self.result).text && text(3) == report.html)
        }
    }

    @Test func `An evaluation that was written is read with its regions, files, lesions and calibration`() throws {
        var result = Self.result
        result.cases[1].calibration = CalibrationMetrics(
            expectedCalibrationError: 0.125, foregroundCalibrationError: nil, brierScore: 0.5, foregroundBrierScore: 0.25)
        result.cases[1].classes["3"]!.lesions = LesionMetrics(predicted: 1, referenced: 0, matchedPredictions: 0, detected: 0)
        try Fixtures.withTemporaryFolder { folder in
            let file = folder.appending(path: "evaluation.json")
            try result.json().write(to: file)
            #expect(try EvaluationResult(contentsOf: file) == result)
        }
    }

    /// What is changed in the text of a sound evaluation, and what is said then.
    private static let broken: [(good: String, bad: String, sentence: String)] = [
        ("{", "[", "the file is not JSON (it may be cut off or not the file you meant)"),
        (#""definition" : "default""#, #""definition" : "mine""#, "definition: there is no definition \"mine\""),
        (#""cases" : ["#, #""cases" : 3, "more" : ["#, "cases is 3, but a list is expected"),
        (#""tp" : 1"#, #""tp" : -1"#, "cases[0].classes[1]: its voxel counts are [-1, 1, 0, 2], but from 0 to 2⁵⁵ are possible"),
        (
            #""tp" : 1"#, #""tp" : 9007199254740993000"#,
            "cases[0].classes[1]: its voxel counts are [9007199254740993000, 1, 0, 2], but from 0 to 2⁵⁵ are possible"
        ),
        (#""predicted" : 1"#, #""predicted" : -2"#, "cases[1].classes[3].lesions.predicted: the count is -2, but from 0 to 2⁵⁵ is possible"),
    ]

    @Test(arguments: broken)
    func `A file that is no evaluation is refused with the place in it`(good: String, bad: String, sentence: String) throws {
        var result = Self.result
        result.cases[1].classes["3"]!.lesions = LesionMetrics(predicted: 1, referenced: 0, matchedPredictions: 0, detected: 0)
        let text = String(decoding: try result.json(), as: UTF8.self), range = try #require(text.range(of: good))
        try Fixtures.withTemporaryFolder { folder in
            let file = folder.appending(path: "evaluation.json")
            try Data(text.replacingCharacters(in: range, with: bad).utf8).write(to: file)
            let error = try #require(throws: EvaluationError.self) { try EvaluationResult(contentsOf: file) }
            #expect("\(error)" == "\(file.path) is not an evaluation.json of this program: \(sentence)")
        }
    }
}
