import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// What commands print about masks, data sets, scans and models, to the letter.
struct ReportCommandTests {
    private static let geometry = Geometry(size: [1, 1, 10], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])

    /// Masks of a row of ten voxels in a folder with a space, under names with umlauts.
    private func write(_ root: URL, _ name: String, _ masks: [[Int16]]) throws -> String {
        let folder = root.appending(path: name)
        for (number, voxels) in masks.enumerated() {
            try NIfTI.write(
                labels: LabelMap(geometry: Self.geometry, voxels: voxels), to: folder.appending(path: ["Ärztin", "böse Katze"][number] + ".nii.gz"))
        }
        return folder.path
    }

    /// Dice 1 and 2 · 3 ⁄ (5 + 3).
    private func folders(_ root: URL) throws -> [String] {
        [
            try write(root, "found masks", [[1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1, 0, 0, 0, 0]]),
            try write(root, "expert masks", [[1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 0, 0, 0, 0, 0, 0]]),
        ]
    }

    private static let definition = """
        Definition default:
        - Distances in mm between surface voxels (a six-neighbor outside the mask).
        - HD95 is the larger of the two directed 95th percentiles, ASSD the mean over both surfaces together.
        - NSD is the part of both surfaces within the tolerance.
        - One mask empty: Dice 0; Hausdorff, HD95, average distances: the image's diagonal; surface Dice: 0. Both empty: Dice, Jaccard, Hausdorff, HD95, \
        average distances, surface Dice: undefined (left out, counted).

        """

    @Test func `evaluate prints cases, classes, the mean and what the figures mean`() throws {
        try Fixtures.withTemporaryFolder { root in
            let folders = try folders(root)
            let plain = try CommandLineTool.run(["evaluate"] + folders + ["--overlap-only"])
            // NumPy: std([1, 0.75], ddof=1) is 0.1768. The volumes differ by 0 and 0.002 ml.
            #expect(
                plain.output == """
                    Dice by case       1    mean
                    böse Katze    0.7500  0.7500
                    Ärztin        1.0000  1.0000

                    Means by class    Dice      SD  median     95 % interval  volume diff. ml  Dice left out
                    1               0.8750  0.1768  0.8750  0.7500 to 1.0000            0.001              0

                    Mean Dice over classes: 0.8750

                    \(Self.definition)
                    """)
            #expect(plain.status == 0 && plain.errors.split(separator: "\n").last?.hasPrefix("Scoring: 2/2, ") == true)

            // The surface of a row is all of it: distances 0, 0, 0 and 0, 0, 0, 1, 2; the 95th percentile of these is 1.8, of the other way 0.
            let distances = try CommandLineTool.succeed(
                ["evaluate"] + folders + ["--classes", "1=Leber,7", "--tolerances", "0.5", "--lesions", "26", "--benchmark", "lung"])
            #expect(
                distances.hasPrefix(
                    """
                    Dice by case   Leber  7    mean
                    böse Katze    0.7500  –  0.7500
                    Ärztin        1.0000  –  1.0000

                    Means by class    Dice      SD  median     95 % interval  HD95 mm  ASSD mm  NSD 0.5  lesion F1  volume diff. ml  Dice left out
                    Leber           0.8750  0.1768  0.8750  0.7500 to 1.0000     0.90    0.188   0.8750     1.0000            0.001              0
                    7                    –       –       –                 –        –        –        –          –            0.000              2

                    Mean Dice over classes: 0.8750

                    MSD lung (Task06, CT), Dice %

                    """))
            #expect(distances.contains("\nthis result (default, HD95 in mm)   87.50\nUNETR++ (published)                 80.68\n"))
            #expect(
                distances.contains("\n- Comparable only on the same cases: the published numbers are of one fixed split.\n")
                    && !distances.contains("Not scored"))
        }
    }

    @Test func `Of many classes a terminal shows only the mean of a case; probabilities add their calibration`() throws {
        try Fixtures.withTemporaryFolder { root in
            let map = LabelMap(geometry: Self.geometry, voxels: (0..<10).map { Int16($0) }), file = root.appending(path: "m.nii.gz").path
            try NIfTI.write(labels: map, to: root.appending(path: "m.nii.gz"))
            #expect(try CommandLineTool.succeed(["evaluate", file, file, "--overlap-only"]).hasPrefix("Dice by case    mean\nm             1.0000\n\n"))
            let half = LabelMap(geometry: Self.geometry, voxels: [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]), values = half.voxels.map { $0 == 1 ? Float(0.25) : 0.75 }
            try NIfTI.write(labels: half, to: root.appending(path: "m.nii.gz"))
            let probabilities = root.appending(path: "p.nii.gz")
            try NIfTI.write(scan: Scan(geometry: Self.geometry, channels: 2, voxels: values + values.map { 1 - $0 }), to: probabilities)
            let text = try CommandLineTool.succeed(["evaluate", file, file, "--overlap-only", "--probabilities", probabilities.path])
            #expect(text.contains("\nExpected calibration error 0.2500, Brier score 0.1250 (means over cases)\n"))
        }
    }

    @Test func `compare prints a table for each opponent and the ranking`() throws {
        try Fixtures.withTemporaryFolder { root in
            let folders = try folders(root)
            let text = try CommandLineTool.succeed(["compare", folders[1], folders[0], "--reference", folders[1], "--overlap-only", "--names", "Experte, wir"])
            #expect(
                text == """
                    A = Experte, B = wir, definition default
                                  A       B   A − B     95 % interval  p (Wilcoxon)  A wins  ties  loses  left out
                    1, Dice  1.0000  0.8750  0.1250  0.0000 to 0.2500        1.0000       1     1      0         0

                    """)
            let three = try CommandLineTool.succeed([
                "compare", folders[1], folders[0], folders[1], "--reference", folders[1], "--overlap-only", "--names", "x,y,z",
            ])
            #expect(
                three.hasSuffix(
                    "\n\nRanking by Dice  mean rank    mean\nx                    1.750  1.0000\nz                    1.750  1.0000\ny                    2.500  0.8750\n"
                ))
        }
    }

    @Test func `postprocess prints what each structure gains; models of other labels do not share a decision`() throws {
        try Fixtures.withTemporaryFolder { root in
            let plan = try TinyModel.plan([.init(name: "Leber", value: 1), .init(name: "Niere", value: 2)])
            let models = [try TinyModel.bundle(plan, in: root, named: "a").url.path, try TinyModel.bundle(in: root, named: "b").url.path]
            // A second part of label 1 that the expert does not have; label 2 is as it should be, in one case of two.
            let folders = [
                try write(root, "p", [[1, 1, 1, 0, 1, 0, 2, 2, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]]),
                try write(root, "r", [[1, 1, 1, 0, 0, 0, 2, 2, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]]),
            ]
            let dry = try CommandLineTool.succeed(["postprocess"] + folders + ["--model", models[0], "--dry-run"])
            // Label 1: 6 ⁄ 7 and 1. All together, the largest part is that of label 1 alone.
            #expect(
                dry == """
                    Mean Dice of 2 cases  predicted  largest of all  largest of each  keep largest
                    Leber                    0.9286          1.0000           1.0000           yes
                    Niere                    1.0000          0.0000           1.0000            no
                    All structures together are left as they are.
                    Nothing was stored.

                    """)
            let json = try JSONText.decode(
                JSONValue.self, from: Data(CommandLineTool.succeed(["postprocess"] + folders + ["--model", models[0], "--json"]).utf8))
            #expect(json["cases"] == 2 && json["keepLargest"] == [[1]] && json["models"] == [.string(models[0])])
            #expect(json["jointDice"]?["2"] == 0 && json["singleDice"]?["1"] == 1)
            #expect(try Plan(contentsOf: URL(fileURLWithPath: models[0]).appending(path: "plan.json")).postProcessing == PostProcessing(keepLargest: [[1]]))
            try CommandLineTool.fail(
                ["postprocess"] + folders + ["--model", models[0], "--model", models[1]],
                saying: ["\(models[1]) has other labels than \(models[0]); decide about each by itself"])
        }
    }

    @Test func `dataset check says what it found; what it repaired is in order, and the status says so`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 2), file = dataset.appending(path: "labels/case_1.nii.gz")
            let sound = "balls: 2 cases, channels channel 0; labels 1 in 2 cases\nno problems found\n"
            #expect(try CommandLineTool.succeed(["dataset", "check", dataset.path]) == sound)
            var labels = try NIfTI.readLabels(file)
            labels.geometry.affine[0][3] += 40
            try NIfTI.write(labels: labels, to: file)
            let shifted = try CommandLineTool.run(["dataset", "check", dataset.path])
            let scan = dataset.appending(path: "images/case_1.nii.gz").path
            #expect(shifted.status == 1)
            #expect(
                shifted.output == """
                    balls: 2 cases, channels channel 0; labels 1 in 2 cases
                    error: \(scan) and \(file.path) do not lie on the same grid: their origins are 40.0 mm apart; resample one onto the other, or let the check \
                    write the labels with the scan's geometry
                    1 errors, 0 warnings

                    """)
            let repaired = try CommandLineTool.run(["dataset", "check", dataset.path, "--repair"])
            #expect(repaired.status == 0 && repaired.output == sound && repaired.errors == "unetrpp: 1 label map written anew with the geometry of the scan\n")
            let json = try JSONText.decode(
                DatasetReport.self, from: Data(CommandLineTool.succeed(["dataset", "check", dataset.path, "--json", "--repair"]).utf8))
            #expect(json.isUsable && json.casesWithLabel == [1: 2] && json.findings.isEmpty)
        }
    }

    @Test func `scan info prints grid and intensities, in words and as JSON`() throws {
        let file = Fixtures.url("formats/itk-int16.nrrd").path
        #expect(
            try CommandLineTool.succeed(["scan", "info", file]) == """
                NRRD
                size         7 × 6 × 5 voxels (i × j × k)
                spacing      0.7 × 0.8125 × 2.5 mm
                orientation  LPS
                intensities  15.0 to 106.0, mean 74.3476

                """)
        let json = try JSONText.decode(JSONValue.self, from: Data(CommandLineTool.succeed(["scan", "info", file, "--json", "--header-only"]).utf8))
        #expect(json["format"] == "NRRD" && json["size"] == [7, 6, 5] && json["orientation"] == "LPS" && json["channels"] == 1)
        #expect(json["intensities"] == nil && json["warnings"] == [] && json["series"] == [])
        try CommandLineTool.fail(
            ["scan", "info", file, "--series", "1"], saying: ["\(file): --series and --correct-tilt are for DICOM studies; leave them out"])
    }

    @Test func `model show says what a bundle is, setting by setting`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let plain = try TinyModel.bundle(in: folder)
            #expect(
                try CommandLineTool.succeed(["model", "show", plain.url.path]) == """
                    m.unetrpp: Balls
                      network     UNETR++, patch 16 × 16 × 16 voxels
                      channels    MRI (zScore)
                      spacing     1.0 × 1.0 × 1.0 mm, axes 0, 1, 2, compatibility modern
                      orientation as stored
                      structures  ball (1)
                      prediction  probabilities averaged, step 0.5, mirrored axes: 0, 1, 2
                      windows     placed as nnunet, weight nnunet, padded with zeros
                      back        averages
                      clean-up    none

                    """)
            var plan = try TinyModel.plan([.init(name: "whole", values: [1, 2]), .init(name: "core", value: 2)], regionOrder: [1, 2])
            plan.orientation = AxisCodes("RAS")
            plan.normalization = [
                .init(steps: [.range(from: .init(-57, 164), to: .init(0, 1), clips: true), .extremes(to: .init(-1, 1)), .standardize(onlyNonZero: true)])
            ]
            plan.compatibility = .monai
            plan.inference = InferenceSettings(
                mirrorAxes: [], stepFraction: 0.25, aggregation: .logits, windows: .monai(.gaussian, sigmaScale: 0.25, padding: .edge), restored: .nearestLabels
            )
            plan.postProcessing = PostProcessing(keepLargest: [[1], [1, 2]], connectivity: .corners, grid: .prepared)
            let other = try TinyModel.bundle(plan, in: folder, named: "zwei")
            let text = try CommandLineTool.succeed(["model", "show", other.url.path])
            #expect(
                text == """
                    zwei.unetrpp: Balls
                      network     UNETR++, patch 16 × 16 × 16 voxels
                      channels    MRI (-57.0…164.0 to 0.0…1.0, clipped, then extremes to -1.0…1.0, then standardized where not 0)
                      spacing     1.0 × 1.0 × 1.0 mm, axes 0, 1, 2, compatibility monai
                      orientation RAS
                      structures  whole (1, 2), core (2)
                      prediction  logits averaged, step 0.25, mirrored axes: none
                      windows     placed as monai, weight gaussian 0.25, padded with edge
                      back        nearest-labels
                      clean-up    largest part of [1], [1, 2], 26 neighbors, prepared grid

                    """)
            let json = try JSONText.decode(JSONValue.self, from: Data(CommandLineTool.succeed(["model", "show", plain.url.path, "--json"]).utf8))
            #expect(json["model"]?.string == plain.url.path && json["plan"]?["dataset"] == "Balls" && json["imported"] == nil && json["otherPlans"] == nil)
            #expect(try json["parameters"]?.int == plain.network.complexity().parameters)
            try CommandLineTool.fail(
                ["model", "show", plain.url.path, "--folds", "0"], saying: ["is one model in one configuration; there is nothing to choose"])
        }
    }

    @Test func `cohort merge prints the records as they are, and says where its table cannot go`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let records = folder.appending(path: "records")
            func write(_ name: String, _ state: String, _ more: String = "") throws {
                let text = #"{"case": "\#(name)", "state": "\#(state)", "model": "m", "options": "o", "masks": {}, "version": "1", "time": "t"\#(more)}"#
                try AtomicFile.write(Data(text.utf8), to: records.appending(path: "\(name).json"))
            }
            try write("b", "failed", #", "error": "no scan""#)
            try write("ä 1", "done", #", "seconds": 1.5, "millilitres": {"Leber": 0.25}"#)
            let failed = try CommandLineTool.run(["cohort", "merge", folder.path])
            #expect(failed.status == 65 && failed.output == "1 of 2 cases are done\nb: no scan\n")
            try write("c", "failedForNow", #", "error": "no space""#)
            let open = try CommandLineTool.run(["cohort", "merge", folder.path, "--json"])
            let rows = try #require(try JSONText.decode(JSONValue.self, from: Data(open.output.utf8)).array)
            #expect(open.status == 75 && rows.map { $0["case"]?.string } == ["b", "c", "ä 1"] && rows[2]["millilitres"] == ["Leber": 0.25])
            let table = folder.appending(path: "table.csv")
            try Data("mine".utf8).write(to: table)
            try CommandLineTool.fail(["cohort", "merge", folder.path, "-o", table.path], saying: ["table.csv is already there; --force replaces it"])
            #expect(try CommandLineTool.run(["cohort", "merge", folder.path, "-o", table.path, "--force"]).status == 75)
            let lines = try String(contentsOf: table, encoding: .utf8).components(separatedBy: "\r\n")
            #expect(
                lines == [
                    "case,state,seconds,network seconds,peak memory MB,Leber ml,error", "b,failed,,,,,no scan", "c,failedForNow,,,,,no space",
                    "ä 1,done,1.5,,,0.25,", "",
                ])
        }
    }
}
