import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

@Suite struct LesionTests {
    /// Two voxels that touch at a corner, two at an edge, two by a face, in one slice each.
    private let touching = labelMap([6, 4, 4]) { d, h, w in
        switch (d, h, w) {
        case (0, 0, 0), (1, 1, 1): 1  // corner
        case (3, 0, 0), (3, 1, 1): 1  // edge
        case (5, 0, 0), (5, 0, 1): 1  // face
        default: 0
        }
    }

    @Test("Components follow the connectivity", arguments: [(LesionMatching.Connectivity.faces, 5), (.edges, 4), (.corners, 3)])
    func connectivity(_ connectivity: LesionMatching.Connectivity, _ count: Int) throws {
        let evaluator = Evaluator(surfaces: false, lesions: LesionMatching(connectivity: connectivity))
        let lesions = try #require(try evaluator.evaluate(touching, against: touching, case: "a").classes["1"]?.lesions)
        #expect(lesions == LesionMetrics(predicted: count, referenced: count, matchedPredictions: count, detected: count))
        #expect(lesions.f1 == 1)
    }

    @Test("A lesion counts as found if one voxel is met; what meets nothing is a false alarm")
    func detection() throws {
        //                                0  1  2  3  4  5  6  7  8  9 10 11
        let reference = labelMap([1, 1, 12], [1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0])
        let prediction = labelMap([1, 1, 12], [0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0])
        let evaluator = Evaluator(lesions: LesionMatching())
        let lesions = try #require(try evaluator.evaluate(prediction, against: reference, case: "a").classes["1"]?.lesions)
        // One predicted component meets two of the four lesions; one meets none.
        #expect(lesions == LesionMetrics(predicted: 2, referenced: 4, matchedPredictions: 1, detected: 2))
        #expect(lesions.precision == 0.5 && lesions.recall == 0.5 && lesions.f1 == 0.5)
    }

    @Test("Without lesions on one side F1 is 0, on both it is undefined")
    func nothingToDetect() {
        #expect(LesionMetrics(predicted: 0, referenced: 3, matchedPredictions: 0, detected: 0).f1 == 0)
        #expect(LesionMetrics(predicted: 2, referenced: 0, matchedPredictions: 0, detected: 0).f1 == 0)
        #expect(LesionMetrics(predicted: 2, referenced: 2, matchedPredictions: 0, detected: 0).f1 == 0)
        #expect(LesionMetrics(predicted: 0, referenced: 0, matchedPredictions: 0, detected: 0).f1 == nil)
    }
}

@Suite struct CalibrationTests {
    private func volume(_ channels: [[Float]]) -> Volume<Float> {
        let geometry = labelMap([1, 1, channels[0].count], [Int16](repeating: 0, count: channels[0].count)).geometry
        return Volume(geometry: geometry, channels: channels.count, voxels: channels.flatMap { $0 })
    }

    @Test("Calibration error and Brier score are what the formulas give by hand")
    func values() throws {
        let probabilities = volume([[0.875, 0.875, 0.25, 0.375], [0.125, 0.125, 0.75, 0.625]])
        let reference = labelMap([1, 1, 4], [0, 0, 1, 0])
        let metrics = try Calibration(bins: 10).evaluate(probabilities, against: reference, case: "a")
        // Confidences 0.875 ×2 (right, right), 0.75 (right), 0.625 (wrong), in three bins: (|2 − 1.75| + |1 − 0.75| + |0 − 0.625|) / 4.
        #expect(metrics.expectedCalibrationError == 1.125 / 4)
        // 2·0.125² twice, 2·0.25², 2·0.625².
        #expect(metrics.brierScore == (2 * 0.015625 * 2 + 2 * 0.0625 + 2 * 0.390625) / 4)
        // Voxels 2 and 3 alone are not background in both.
        #expect(metrics.foregroundCalibrationError == 0.875 / 2)
        #expect(metrics.foregroundBrierScore == (2 * 0.0625 + 2 * 0.390625) / 2)
    }

    @Test("The ignored label is left out")
    func ignored() throws {
        let metrics = try Calibration().evaluate(
            volume([[1, 0.5], [0, 0.5]]), against: labelMap([1, 1, 2], [0, 9]), ignoring: 9, case: "a")
        #expect(metrics.brierScore == 0 && metrics.expectedCalibrationError == 0 && metrics.foregroundBrierScore == nil)
    }

    @Test("Probabilities that do not sum to 1, logits, too few channels and other sizes are refused with the place")
    func refused() throws {
        let reference = labelMap([1, 1, 2], [0, 1])
        for (bad, words) in [
            (volume([[0.5, 0.5], [0.5, 0.75]]), "sum to 1.25 at voxel 1"), (volume([[-3, 0.5], [4, 0.5]]), "channel 0 is -3.0 at voxel 0"),
            (volume([[.nan, 0.5], [1, 0.5]]), "channel 0 is nan"), (volume([[1, 1]]), "at least background and one label"),
            (volume([[1, 1, 1], [0, 0, 0]]), "[1, 1, 3]"),
        ] {
            let error = try #require(throws: EvaluationError.self) { try Calibration().evaluate(bad, against: reference, case: "case_7") }
            #expect(error.description.contains("case_7") && error.description.contains(words), "\(error)")
        }
        let strange = labelMap([1, 1, 2], [0, 5])
        let error = try #require(throws: EvaluationError.self) {
            try Calibration().evaluate(volume([[1, 1], [0, 0]]), against: strange, case: "a")
        }
        #expect(error.description.contains("label 5"))
    }
}
