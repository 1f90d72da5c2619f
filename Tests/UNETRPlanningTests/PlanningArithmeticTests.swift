import Foundation
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETRPlanning

/// The rules that make a plan out of a fingerprint, step by step, by hand.
struct PlanningArithmeticTests {
    @Test func `Percentiles lie linearly between ranks`() {
        // Ranks 0, 0.4, 2, 3.8, 4 of five values.
        for (percent, expected) in [(0.0, 2.0), (10, 3.2), (50, 6), (95, 9.8), (100, 10)] {
            #expect(abs(Percentile.of(sorted: [2, 5, 6, 9, 10] as [Double], percent) - expected) < 1e-12)
        }
        #expect(Percentile.of(sorted: [7] as [Float], 99.5) == 7)
        #expect(Percentile.ofColumns([[3, 10], [1, 30], [2, 20]], 50) == [2, 20] && Percentile.ofColumns([], 50) == [])
    }

    @Test func `The coarsest axis becomes the first, of equal ones the first`() {
        #expect(PlanningRules.axisOrder([1, 1, 1]) == [0, 1, 2] && PlanningRules.axisOrder([1, 3, 2]) == [1, 0, 2])
        #expect(PlanningRules.axisOrder([1, 2, 2]) == [1, 0, 2] && PlanningRules.axisOrder([0.5, 0.5, 0.7]) == [2, 0, 1])
    }

    @Test func `The target is the median, but a finer one along an axis that is coarse and short`() {
        let sizes = [[Double]](repeating: [20, 300, 300], count: 5)
        // 5 mm is more than three times 1 mm, and 3 · 20 voxels are less than 300: the 10th percentile of 2, 5, 5, 5, 5 is 2 + 0.4 · 3.
        let spacings: [[Double]] = [[5, 1, 1], [2, 1, 1], [5, 1, 1], [5, 1, 1], [5, 1, 1]]
        #expect(abs(PlanningRules.targetSpacing(spacings, sizes)[0] - 3.2) < 1e-12)
        #expect(PlanningRules.targetSpacing(spacings, sizes).dropFirst() == [1, 1])
        // Where that is finer than the other axes, a little more than those.
        let fine: [[Double]] = [[10, 3, 2], [0.5, 3, 2], [10, 3, 2], [0.5, 3, 2], [10, 3, 2]]
        #expect(PlanningRules.targetSpacing(fine, sizes) == [3 + 1e-5, 3, 2])
        // Not coarse enough, or long enough: the median.
        #expect(PlanningRules.targetSpacing([[3, 1, 1], [3, 1, 1]], sizes) == [3, 1, 1])
        #expect(PlanningRules.targetSpacing(spacings, [[Double]](repeating: [100, 300, 300], count: 5)) == [5, 1, 1])
    }

    @Test(
        arguments: [
            // 5 % of 10 · 100³ voxels are 1.9 patches of 64³, of 100 scans 19.1; never less than two.
            (8, [64, 64, 64], [100, 100, 100], 10, 2), (8, [64, 64, 64], [100, 100, 100], 100, 8), (30, [64, 64, 64], [100, 100, 100], 100, 19),
            (1, [64, 64, 64], [100, 100, 100], 100, 1), (0, [64, 64, 64], [100, 100, 100], 100, 1), (9, [500, 500, 500], [10, 10, 10], 1, 2),
        ] as [(Int, Size3, Size3, Int, Int)])
    func `A batch holds at most a twentieth of the data set`(batch: Int, patch: Size3, median: Size3, cases: Int, expected: Int) {
        #expect(BatchRule.limit(batch, patch: patch, medianSize: median, cases: cases) == expected)
    }

    private static let statistics = IntensityStatistics(
        mean: 1, standardDeviation: 2, median: 3, minimum: 4, maximum: 5, percentile005: 6, percentile995: 7)

    private func scan(_ size: Size3, of original: Size3, spacing: [Double] = [1, 1, 1], orientation: String? = nil, labels: [Int] = [0]) -> Fingerprint.Case {
        .init(name: "a", originalSize: original, size: size, spacing: spacing, orientation: orientation, labels: labels)
    }

    @Test func `A channel's name says how it is normalized, else how much of the scans is empty`() {
        func chosen(_ name: String, _ sizes: [Size3]) -> IntensityNormalization {
            let cases = sizes.map { scan($0, of: [10, 10, 10]) }
            return .choose(channel: 0, of: Fingerprint(channelNames: [name], cases: cases, intensities: [Self.statistics]))
        }
        for name in ["CT", "ct"] { #expect(chosen(name, [[10, 10, 10]]) == IntensityNormalization(scheme: .ct, statistics: Self.statistics)) }
        #expect(chosen("CT2", [[10, 10, 10]]) == IntensityNormalization(scheme: .ct2, statistics: Self.statistics))
        #expect(chosen("noNorm", [[1, 1, 1]]) == IntensityNormalization(scheme: .noNorm))
        // Medians of what cropping leaves: 0.5, exactly 0.75, and between 0.7 and 0.8.
        #expect(chosen("T1", [[5, 10, 10], [5, 10, 10], [10, 10, 10]]) == IntensityNormalization(scheme: .zScore, useMask: true))
        #expect(scan([5, 9, 10], of: [10, 10, 10]).sizeReduction == 0.45)
        #expect(chosen("MRI", [[10, 10, 10]]) == IntensityNormalization(scheme: .zScore, useMask: false))
        #expect(chosen("MRI", [[7, 10, 10], [8, 10, 10]]).useMask == false, "0.75 is not less")
    }

    @Test func `A fingerprint is turned as its scans are`() {
        // i up, j forward, k to the right: prepared [z, y, x] are the scan's W, H, D.
        let turned = Fingerprint(
            channelNames: ["a"], cases: [scan([1, 2, 3], of: [10, 20, 30], spacing: [4, 5, 6], orientation: "SAR"), scan([1, 2, 3], of: [10, 20, 30])],
            intensities: [Self.statistics]
        ).turned(to: .canonical)
        #expect(turned.cases[0] == scan([3, 2, 1], of: [30, 20, 10], spacing: [6, 5, 4], orientation: "RAS"))
        #expect(turned.cases[1] == scan([1, 2, 3], of: [10, 20, 30]), "nobody knows how it lies")
    }

    @Test func `Labels without names are called by their values`() {
        let found = Fingerprint(
            channelNames: [], cases: [scan([1, 1, 1], of: [1, 1, 1], labels: [0, 7]), scan([1, 1, 1], of: [1, 1, 1], labels: [-1, 2, 7])], intensities: [])
        #expect(
            found.plainLabels
                == LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "label 2", value: 2), .init(name: "label 7", value: 7)]))
    }
}

/// What stands in a plan's file for windows, inference and steps of normalization.
struct PlanPartTests {
    private func decoded<Value: Decodable>(_ text: String, as _: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    private func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test func `Steps of normalization are written by name, with their ends`() throws {
        let steps: [(IntensityStep, String)] = [
            (.range(from: .init(-57, 164), to: .init(0, 1), clips: true), #"{"clips":true,"from":[-57,164],"step":"range","to":[0,1]}"#),
            (.extremes(to: .init(-1, 1)), #"{"step":"extremes","to":[-1,1]}"#),
            (.standardize(onlyNonZero: true), #"{"onlyNonZero":true,"step":"standardize"}"#),
        ]
        for (step, text) in steps {
            #expect(try encoded(step) == text)
            #expect(try decoded(text) == step)
        }
        // What is not said is no.
        #expect(try decoded(#"{"step": "range", "from": [0, 1], "to": [2, 3]}"#) == IntensityStep.range(from: .init(0, 1), to: .init(2, 3), clips: false))
        #expect(try decoded(#"{"step": "standardize"}"#) == IntensityStep.standardize(onlyNonZero: false))
        #expect(steps.map(\.0.numbers) == [[-57, 164, 0, 1], [-1, 1], []])
    }

    @Test(
        arguments: [
            (#"{"step": "log"}"#, PlanError.invalid(field: "normalization.steps.step", value: "log", rule: "known are range, extremes, standardize")),
            (#"{"step": "extremes", "to": [1]}"#, .invalid(field: "normalization.steps.to", value: "[1.0]", rule: "must hold two numbers")),
            (
                #"{"step": "range", "from": [1, 2, 3], "to": [0, 1]}"#,
                .invalid(field: "normalization.steps.from", value: "[1.0, 2.0, 3.0]", rule: "must hold two numbers")
            ),
        ])
    func `A step that is none is refused with its value`(text: String, expected: PlanError) {
        #expect(throws: expected) { try decoded(text, as: IntensityStep.self) }
    }

    @Test func `Usual settings of inference are not written, and read where they are missing`() throws {
        #expect(try encoded(InferenceSettings()) == #"{"aggregation":"probabilities","mirrorAxes":[0,1,2],"stepFraction":0.5}"#)
        #expect(try decoded(#"{"mirrorAxes": [], "stepFraction": 1}"#) == InferenceSettings(mirrorAxes: [], stepFraction: 1))
        let special = InferenceSettings(
            mirrorAxes: [2], stepFraction: 0.25, aggregation: .logits, windows: .monai(.gaussian, sigmaScale: 0.25, padding: .edge), restored: .nearestLabels)
        #expect(
            try encoded(special)
                == #"{"aggregation":"logits","mirrorAxes":[2],"restored":"nearest-labels","stepFraction":0.25,"#
                + #""windows":{"padding":"edge","placement":"monai","sigmaScale":0.25,"weight":"gaussian"}}"#)
        #expect(try decoded(try encoded(special)) == special)
        #expect(InferenceSettings.Restored.allCases.map(\.decidesEarly) == [false, false, true, true])
    }

    @Test func `Windows are nnU-Net's unless they are said to be others`() throws {
        #expect(try decoded("{}") == WindowRule.nnUNet)
        #expect(try decoded(#"{"placement": "monai", "weight": "constant"}"#) == WindowRule.monai())
        for text in [#"{"placement": "random"}"#, #"{"weight": 1}"#, #"{"padding": "mirror"}"#] {
            #expect(throws: DecodingError.self) { try decoded(text, as: WindowRule.self) }
        }
    }
}
