import Foundation
import TestSupport
import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

/// Probabilities in files beside masks.
struct CalibrationFileTests {
    /// Three cases of a row of four voxels, the second half of label 1, with probabilities of so much for the right label.
    private func withCases(_ certainties: [Float], _ body: (URL, [CasePair]) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { folder in
            let map = labelMap([1, 1, 4], [0, 0, 1, 1])
            for (number, certainty) in certainties.enumerated() {
                for side in ["p", "r"] { try NIfTI.write(labels: map, to: folder.appending(path: "\(side)/case \(number).nii.gz")) }
                let (sure, unsure) = (certainty, 1 - certainty)
                let values = [sure, sure, unsure, unsure, unsure, unsure, sure, sure]
                try NIfTI.write(
                    scan: Scan(geometry: map.geometry, channels: 2, voxels: values), to: folder.appending(path: "probabilities/case \(number).nii.gz"))
            }
            try body(folder, CasePair.match(predictions: folder.appending(path: "p"), references: folder.appending(path: "r")))
        }
    }

    @Test func `Each case gets the file of its name, and its figures are those of its probabilities`() throws {
        try withCases([0.75, 1, 0.875]) { folder, pairs throws in
            let all = try CasePair.adding(probabilities: folder.appending(path: "probabilities"), to: pairs)
            #expect(all.map { $0.probabilities?.lastPathComponent } == ["case 0.nii.gz", "case 1.nii.gz", "case 2.nii.gz"])
            #expect(all.map(\.prediction) == pairs.map(\.prediction) && all.map(\.reference) == pairs.map(\.reference))
            let result = try Evaluator(surfaces: false).evaluate(all)
            // Always right, at a confidence of p: 1 − p, and 2 · (1 − p)².
            #expect(result.calibrations.map(\.expectedCalibrationError) == [0.25, 0, 0.125])
            #expect(result.calibrations.map(\.brierScore) == [0.125, 0, 0.03125])
            #expect(result.calibrations.map(\.foregroundBrierScore) == [0.125, 0, 0.03125])
            let page = EvaluationReport(title: "t", result: result).html
            // The means over the cases: 0.375 ⁄ 3 and 0.15625 ⁄ 3.
            #expect(page.contains("<b>0.1250</b><span>Expected calibration error<br>mean over cases</span>"))
            #expect(page.contains("<b>0.0521</b><span>Brier score<br>mean over cases</span>"))
            #expect(try !EvaluationReport(title: "t", result: Evaluator(surfaces: false).evaluate(pairs)).html.contains("Brier"))
        }
    }

    @Test func `One file serves one case, whatever it is called; of several each needs its own`() throws {
        try withCases([0.75, 1, 1]) { folder, pairs throws in
            let file = folder.appending(path: "probabilities/case 0.nii.gz")
            #expect(try CasePair.adding(probabilities: file, to: [pairs[1]]).map(\.probabilities) == [file])
            let error = try #require(throws: EvaluationError.self) { try CasePair.adding(probabilities: file, to: pairs) }
            #expect("\(error)" == "\(file.path): holds no probabilities for case 1, case 2; expected CASE.nii.gz with one channel a label.")
            try FileManager.default.removeItem(at: folder.appending(path: "probabilities/case 1.nii.gz"))
            #expect(throws: EvaluationError.noProbabilities(cases: ["case 1"], folder: folder.appending(path: "probabilities").path)) {
                try CasePair.adding(probabilities: folder.appending(path: "probabilities"), to: pairs)
            }
            let gone = folder.appending(path: "none")
            #expect(throws: EvaluationError.missing(path: gone.path)) { try CasePair.adding(probabilities: gone, to: pairs) }
        }
    }

    @Test func `Probabilities that do not fit their case are refused with its name and the place`() throws {
        try withCases([1]) { folder, pairs throws in
            let file = folder.appending(path: "probabilities/case 0.nii.gz"), geometry = labelMap([1, 1, 4], [0, 0, 0, 0]).geometry
            func sentence(_ scan: Scan) throws -> String {
                try NIfTI.write(scan: scan, to: file)
                let pair = try CasePair.adding(probabilities: file, to: pairs)[0]
                return "\(try #require(throws: EvaluationError.self) { try Evaluator(surfaces: false).evaluate(pair) })"
            }
            #expect(
                try sentence(Scan(geometry: geometry, channels: 1, voxels: [1, 1, 1, 1]))
                    == "case 0: the probabilities cannot be used: there are 1 channels, at least background and one label are needed.")
            #expect(
                try sentence(Scan(geometry: geometry, channels: 2, voxels: [1, 1, 1, 1, 0, 0, 0, 0.5]))
                    == "case 0: the probabilities cannot be used: they sum to 1.5 at voxel 3, not to 1.")
            let short = labelMap([1, 1, 3], [0, 0, 0]).geometry
            #expect(
                try sentence(Scan(geometry: short, channels: 2, voxels: [1, 1, 1, 0, 0, 0]))
                    == "case 0: the probabilities cannot be used: they have [1, 1, 3] voxels [D, H, W], the reference [1, 1, 4].")
        }
    }

    @Test func `A case of which every voxel is ignored has no calibration`() throws {
        let map = labelMap([1, 1, 2], [9, 9]), even = Scan(geometry: map.geometry, channels: 2, voxels: [0.5, 0.5, 0.5, 0.5])
        #expect(throws: EvaluationError.probabilities(case: "a", problem: "every voxel is ignored")) {
            try Calibration().evaluate(even, against: map, ignoring: 9, case: "a")
        }
    }

    /// NumPy: Σ over bins of |hits − Σ confidence| ⁄ 4.
    @Test(arguments: [(1, 0.03125), (4, 0.25), (20, 0.34375)])
    func `Bins add up what they hold before the error is taken`(bins: Int, expected: Double) throws {
        // The third voxel is wrong.
        let map = labelMap([1, 1, 4], [0, 0, 1, 0]), sure: [Float] = [0.5625, 0.9375, 0.75, 0.875]
        let metrics = try Calibration(bins: bins).evaluate(
            Scan(geometry: map.geometry, channels: 2, voxels: sure + sure.map { 1 - $0 }), against: map, case: "a")
        #expect(metrics.expectedCalibrationError == expected)
    }
}
