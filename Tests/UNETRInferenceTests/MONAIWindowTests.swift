import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETREngines
import UNETRPlanning
import UNETRSupport

@testable import UNETRInference

/// Averages over windows against MONAI's `sliding_window_inference` (Tests/Fixtures/monai/make_fixtures.py).
@Suite struct MONAIWindowTests {
    @Test(arguments: 0..<4)
    func `Averages over overlapping and padded windows are MONAI's`(number: Int) throws {
        let json = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: Fixtures.url("monai/windows.json")))
        let entry = json["averages"]!.array![number], name = entry["name"]!.string!, size = entry["size"]!.ints!
        let rule = ParityRule("windows " + name), image = (0..<size.reduce(1, *)).map { Float(2 * rule.unit($0) - 1) }
        let windows = WindowRule.monai(
            entry["mode"] == "gaussian" ? .gaussian : .constant, padding: entry["padding"] == "replicate" ? .edge : .zeros)
        let predictor = SlidingWindowPredictor(
            engines: [PlaceEngine()], patchSize: Size3(entry["roi"]!.ints!)!,
            settings: InferenceSettings(mirrorAxes: [], stepFraction: 1 - entry["overlap"]!.double!, aggregation: .logits, windows: windows),
            activation: .none)
        let found = try predictor.prediction(of: FloatArray(image, shape: [1] + size))
        let expected = try SafetensorsFile(contentsOf: Fixtures.url("monai/windows.safetensors")).array("averages.\(name)").floats()
        #expect(found.shape == [3] + size)
        let largest = zip(found.values, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(found.values.count == expected.count && largest < 2e-6, "largest difference \(largest)")
    }
}
