import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

@Suite struct PlanTests {
    static let text = """
        {"version": 2, "dataset": "Hippocampus", "channelNames": ["MRI"], "axisOrder": [0, 1, 2], "batchSize": 4,
         "labels": [{"name": "background", "values": [0]}, {"name": "Anterior", "values": [1], "color": "#ff0000"}],
         "targetSpacing": [1, 1, 1], "patchSize": [48, 64, 48], "compatibility": "modern",
         "normalization": [{"scheme": "zScore", "useMask": false}],
         "inference": {"mirrorAxes": [0, 1, 2], "stepFraction": 0.5}, "network": {"patchSize": [48, 64, 48], "stem": [2, 2, 2], "attentionDropout": 0.1, "classes": 2}}
        """

    @Test func `A plan survives writing and reading`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("plan.json")
            let plan = try JSONDecoder().decode(Plan.self, from: Data(Self.text.utf8))
            try plan.write(to: url)
            #expect(try Plan(contentsOf: url) == plan)
            let network = try #require(plan.network?.configuration as? UNETRPlusPlusConfiguration)
            #expect(network.stem == [2, 2, 2] && network.attentionDropout == 0.1 && network.depths == [3, 3, 3, 3])
        }
    }

    @Test(arguments: [
        (#""version": 2"#, #""version": 9"#, "version is 9"),
        (#""targetSpacing": [1, 1, 1]"#, #""targetSpacing": [1, 0, 1]"#, "targetSpacing is [1.0, 0.0, 1.0], but each number must be above 0"),
        (#""patchSize": [48, 64, 48]"#, #""patchSize": [48, 64]"#, "patchSize is [48, 64], but must hold three numbers"),
        (#""axisOrder": [0, 1, 2]"#, #""axisOrder": [0, 0, 2]"#, "axisOrder is [0, 0, 2]"),
        (#""values": [1]"#, #""values": [0]"#, "values must be from 1"),
        (#""scheme": "zScore""#, #""scheme": "CT""#, "needs the statistics"),
        (#""scheme": "zScore""#, #""scheme": "magic""#, "normalization[0].scheme"),
        (#""channelNames": ["MRI"]"#, #""channelNames": ["T1", "T2"]"#, "one entry for each of the 2 channels"),
        (#""stepFraction": 0.5"#, #""stepFraction": 0"#, "stepFraction is 0.0"),
        (#""patchSize""#, #""patch""#, "patchSize is missing"),
        ("}}", "", "not JSON"),
    ])
    func `A wrong field is refused with its name, value and rule`(old: String, new: String, sentence: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("plan.json")
            try Data(Self.text.replacing(old, with: new, maxReplacements: 1).utf8).write(to: url)
            let error = try #require(throws: PlanError.self) { try Plan(contentsOf: url) }
            #expect(error.description.contains(sentence), "\(error)")
            #expect(error.description.contains("plan.json"))
        }
    }

    @Test func `Version 1 is read as before, and its digest of prepared cases stays`() throws {
        let old = Self.text.replacing("\"version\": 2", with: "\"version\": 1").replacing("normalization", with: "normalisation").replacing(
            "color", with: "colour")
        let plan = try JSONDecoder().decode(Plan.self, from: Data(old.utf8))
        #expect(try plan == JSONDecoder().decode(Plan.self, from: Data(Self.text.utf8)))
        #expect(plan.labels.definitions[1].color == "#ff0000" && plan.preparationDigest == "284b1a13edb104e6")
        let written = try String(decoding: plan.json(), as: UTF8.self)
        #expect(written.contains("\"version\" : 2") && !written.contains("normalisation") && !written.contains("colour"))
    }

    @Test func `The digest changes with the preparation and not with the network`() throws {
        let plan = try JSONDecoder().decode(Plan.self, from: Data(Self.text.utf8))
        var other = plan
        other.network = .unetr(UNETRConfiguration())
        other.patchSize = [32, 32, 32]
        #expect(other.preparationDigest == plan.preparationDigest)
        other.targetSpacing = [1, 1, 1.1]
        #expect(other.preparationDigest != plan.preparationDigest)
    }
}
