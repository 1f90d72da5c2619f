import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRSupport

/// The network of a plan, as files name it.
struct PlanNetworkTests {
    /// A plan with that section `network`, or without one.
    private static func text(_ network: String?, version: Int = 2, patch: [Int] = [64, 128, 128], classes: Int = 14) -> String {
        let labels = (0..<classes).map { #"{"name": "\#($0 == 0 ? "background" : "organ \($0)")", "values": [\#($0)]}"# }
        let old = version == 1
        return """
            {"version": \(version), "dataset": "D", "channelNames": ["CT"], "labels": [\(labels.joined(separator: ", "))],
             "targetSpacing": [3, 1, 1], "patchSize": \(patch), "\(old ? "normalisation" : "normalization")": [{"scheme": "zScore", "useMask": false}]\
            \(network.map { ", \"network\": \($0)" } ?? "")}
            """
    }

    private static func read(_ text: String) throws -> Plan {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "plan.json")
            try Data(text.utf8).write(to: url)
            return try Plan(contentsOf: url)
        }
    }

    @Test func `The plans of the shipped model are read, and mean the same when they were written again`() throws {
        let root = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
        for name in ["Models/hippocampus/plan.json", "Models/hippocampus.unetrpp/plan.json"] {
            let plan = try Plan(contentsOf: root.appending(path: name))
            #expect(try plan.network == NetworkPreset.hippocampus.network && plan.networkDescription() == plan.network)
            let again = try Self.read(String(decoding: plan.json(), as: UTF8.self))
            #expect(again == plan)
            // Once every setting is written out, the file stays the same to the byte.
            #expect(try again.json() == plan.json())
        }
    }

    @Test(arguments: [1, 2])
    func `A network stands bare, as older planners wrote it, or with its architecture`(version: Int) throws {
        let expected = NetworkDescription.unetrPlusPlus(UNETRPlusPlusConfiguration(.synapse))
        for section in [#"{"variant": "synapse"}"#, #"{"architecture": "unetr-plus-plus", "configuration": {"variant": "synapse"}}"#] {
            let plan = try Self.read(Self.text(section, version: version))
            #expect(try plan.network == expected && plan.networkDescription() == expected)
        }
        let swin = try Self.read(
            Self.text(#"{"architecture": "swin-unetr", "configuration": {"patchSize": [64, 128, 128], "window": 5}}"#, version: version))
        let configuration = try #require(swin.network?.configuration as? SwinUNETRConfiguration)
        #expect(configuration.window == 5 && configuration.featureSize == 48)
    }

    @Test func `A plan without a network stays so, and stands for a UNETR++ of synapse where the sizes agree`() throws {
        for section in [nil, "{}", "null"] {
            let plan = try Self.read(Self.text(section))
            #expect(plan.network == nil)
            #expect(try plan.networkDescription() == .unetrPlusPlus(UNETRPlusPlusConfiguration(.synapse)))
            #expect(try String(decoding: plan.json(), as: UTF8.self).contains("\"network\" : {"))
        }
        let other = try Self.read(Self.text("{}", patch: [64, 64, 64]))
        #expect(throws: PlanError.mismatch(what: "patch size", network: [64, 128, 128], plan: [64, 64, 64])) { try other.networkDescription() }
        let fewer = try Self.read(Self.text(nil, classes: 3))
        #expect(throws: PlanError.mismatch(what: "classes", network: [14], plan: [3])) { try fewer.networkDescription() }
    }

    @Test(arguments: [
        (
            #"{"architecture": "vnet", "configuration": {}}"#,
            "configuration field 'architecture' is vnet; the rule is: one of unetr-plus-plus, unetr, swin-unetr, nnformer, nnunet, nnunet-resenc"
        ),
        (#"{"architecture": "unetr", "configuration": {"layers": 5}}"#, "configuration field 'layers' is 5; the rule is: a multiple of 4"),
        (#"{"variant": "synapse", "dropout": 0.1}"#, "configuration field 'dropout' is present; the rule is: known fields are variant"),
        (#"{"architecture": "unetr", "configuration": {"classes": "four"}}"#, #"network.configuration.classes is "four", but a whole number is expected"#),
        (#"{"architecture": "unetr"}"#, "the field configuration is missing"), ("7", "network is 7, but an object is expected"),
    ])
    func `A network that the program does not know, or that cannot be, is refused by name when the plan is read`(
        section: String, sentence: String
    ) throws {
        let error = try #require(throws: PlanError.self) { try Self.read(Self.text(section)) }
        #expect(error.description.contains(sentence) && error.description.contains("plan.json"), "\(error)")
    }

    @Test func `Benchmarks have the sizes of the published variants`() {
        #expect(Benchmark.allCases.map(\.patchSize) == [[64, 128, 128], [64, 128, 128], [16, 160, 160], [32, 192, 192], [128, 128, 128]])
        #expect(Benchmark.allCases.map(\.channelCount) == [1, 1, 1, 1, 4] && Benchmark.allCases.map(\.batchSize) == [2, 2, 4, 2, 2])
    }
}
