import Foundation
import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

@Suite struct ResultTests {
    private func result(_ definition: MetricDefinition = .default) throws -> EvaluationResult {
        let evaluator = Evaluator(definition: definition, classes: [LabelDefinition(1, name: "Anterior"), LabelDefinition(2)], lesions: LesionMatching())
        return try evaluator.result([
            evaluator.evaluate(labelMap([1, 2, 3], [1, 1, 0, 0, 0, 0]), against: labelMap([1, 2, 3], [1, 0, 0, 0, 0, 0]), case: "a"),
            evaluator.evaluate(labelMap([1, 1, 3], [0, 0, 0]), against: labelMap([1, 1, 3], [2, 0, 0]), case: "b"),
        ])
    }

    @Test("JSON has the documented layout, undefined values as null")
    func layout() throws {
        let document = try #require(try JSONSerialization.jsonObject(with: try result().json()) as? [String: Any])
        #expect(document["definition"] as? String == "default")
        let cases = try #require(document["cases"] as? [[String: Any]])
        #expect(cases.map { $0["case"] as? String } == ["a", "b"])
        let classes = try #require(cases[0]["classes"] as? [String: [String: Any]])
        let one = try #require(classes["1"])
        for key in ["dice", "jaccard", "precision", "recall", "tp", "fp", "fn", "tn", "predictionVolume", "referenceVolume", "hd", "hd95", "assd"] {
            #expect(one[key] is NSNumber, "\(key)")
        }
        #expect(one["dice"] as? Double == 2.0 / 3 && one["tp"] as? Int == 1 && one["fp"] as? Int == 1 && one["tn"] as? Int == 4)
        #expect(one["predictionVolume"] as? Double == 0.002)
        // The reference's one voxel is met, the prediction's second is 1 mm away: 0, 0, 1.
        #expect(one["hd"] as? Double == 1)
        #expect(try #require(one["assd"] as? Double) == 1.0 / 3)
        #expect(one["nsd"] as? [String: Double] == ["1": 1, "2": 1])
        let two = try #require(classes["2"])
        for key in ["dice", "jaccard", "precision", "recall", "hd", "hd95", "assd"] { #expect(two[key] is NSNull, "\(key)") }
        #expect((two["nsd"] as? [String: Any])?["1"] is NSNull)
        #expect(document["labels"] as? [String: String] == ["1": "Anterior", "2": "2"])
    }

    @Test("Infinite distances are null in JSON and infinite in memory")
    func infinite() throws {
        let result = try result(.monai)
        #expect(result.cases[1].classes["2"]?.surface?.hd == .infinity)
        let document = try #require(try JSONSerialization.jsonObject(with: try result.json()) as? [String: Any])
        let second = try #require((document["cases"] as? [[String: Any]])?[1]["classes"] as? [String: [String: Any]])
        #expect(second["2"]?["hd"] is NSNull && second["2"]?["assd"] is NSNull)
    }

    @Test("A result read from its JSON gives the same figures")
    func roundTrip() throws {
        let result = try result()
        let copy = try JSONDecoder().decode(EvaluationResult.self, from: try result.json())
        #expect(copy == result)
        #expect(throws: (any Error).self) { try JSONDecoder().decode(EvaluationResult.self, from: Data("{\"definition\": \"own\", \"cases\": []}".utf8)) }
    }

    @Test("Every definition has a name of its own and says what it means")
    func definitions() {
        #expect(Set(MetricDefinition.named.map(\.name)).count == MetricDefinition.named.count)
        for name in ["default", "medpy", "monai", "surface-distance", "metrics-reloaded", "unetr++-script"] {
            #expect(MetricDefinition.named(name)?.name == name)
        }
        #expect(MetricDefinition.named("own") == nil)
        #expect(MetricDefinition.unetrPlusPlusScript.sentences.joined().contains("VOXELS"))
        #expect(MetricDefinition.default.empty.sentence.contains("diagonal"))
    }
}
