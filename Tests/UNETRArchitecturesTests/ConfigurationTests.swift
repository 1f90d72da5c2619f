import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRSupport

struct ConfigurationTests {
    private func decode(_ text: String) throws -> UNETRPlusPlusConfiguration {
        try JSONDecoder().decode(UNETRPlusPlusConfiguration.self, from: Data(text.utf8))
    }

    @Test("A file names a variant and what differs from it")
    func overrides() throws {
        let configuration = try decode(#"{"variant": "acdc", "classes": 4, "featureSize": 8, "depths": [1, 2, 1, 1]}"#)
        var expected = UNETRPlusPlusConfiguration(.acdc)
        expected.featureSize = 8
        expected.depths = [1, 2, 1, 1]
        #expect(configuration == expected)
        #expect(configuration.residualBlocks == 2 && configuration.projection == .separate)
    }

    @Test("An empty file is the synapse variant")
    func defaults() throws {
        #expect(try decode("{}") == UNETRPlusPlusConfiguration(.synapse))
    }

    @Test("Every field survives writing and reading", arguments: UNETRPlusPlusConfiguration.Variant.allCases)
    func roundTrip(variant: UNETRPlusPlusConfiguration.Variant) throws {
        var configuration = UNETRPlusPlusConfiguration(variant)
        configuration.inputChannels = 2
        configuration.classes = 9
        configuration.patchSize = [16, 32, 48]
        configuration.stem = [2, 4, 2]
        configuration.featureSize = 6
        configuration.depths = [1, 2, 3, 4]
        configuration.decoderDepth = 2
        configuration.heads = 3
        configuration.projectedTokens = [5, 6, 7, 8]
        configuration.decoderProjectedTokens = 9
        configuration.projection = .matrix
        configuration.fusion = .sum
        configuration.spatialOrder = .positionPreserving
        configuration.residualBlocks = 2
        configuration.attentionDropout = 0.25
        configuration.channelDropout = 0.5
        configuration.layerScale = 1e-3
        configuration.deepSupervision = false
        let data = try JSONEncoder().encode(configuration)
        #expect(try JSONDecoder().decode(UNETRPlusPlusConfiguration.self, from: data) == configuration)
    }

    @Test(
        "Sizes follow from the patch and the stem",
        arguments: [
            (.synapse, [[32, 32, 32], [16, 16, 16], [8, 8, 8], [4, 4, 4]]), (.acdc, [[16, 40, 40], [8, 20, 20], [4, 10, 10], [2, 5, 5]]),
            (.lung, [[32, 48, 48], [16, 24, 24], [8, 12, 12], [4, 6, 6]]), (.tumor, [[32, 32, 32], [16, 16, 16], [8, 8, 8], [4, 4, 4]]),
        ] as [(UNETRPlusPlusConfiguration.Variant, [Size3])])
    func grids(variant: UNETRPlusPlusConfiguration.Variant, grids: [Size3]) {
        let configuration = UNETRPlusPlusConfiguration(variant)
        #expect((0..<4).map { configuration.grid(stage: $0) } == grids)
        #expect((0..<4).map { configuration.tokens(stage: $0) } == grids.map(\.voxels))
        #expect(configuration.outputSizes == [configuration.patchSize, grids[0], grids[1]])
        #expect(configuration.stageChannels == [32, 64, 128, 256])
    }

    @Test(
        "Impossible settings are refused with field, value and rule",
        arguments: [
            (#"{"inputChannels": 0}"#, "inputChannels", "0", "from 1 to 1024"),
            (#"{"classes": 1}"#, "classes", "1", "from 2"),
            (#"{"patchSize": [64, 128]}"#, "patchSize", "[64, 128]", "three sizes"),
            (#"{"patchSize": [64, 128, 130]}"#, "patchSize", "[64, 128, 130]", "divisible by [16, 32, 32]"),
            (#"{"patchSize": [0, 128, 128]}"#, "patchSize", "[0, 128, 128]", "three sizes"),
            (#"{"patchSize": [64, 128, 99999999999]}"#, "patchSize", "[64, 128, 99999999999]", "from 1 to 4096"),
            (#"{"stem": [2, 4, 0]}"#, "stem", "[2, 4, 0]", "from 1 to 8"),
            (#"{"featureSize": 0}"#, "featureSize", "0", "from 1 to 512"),
            (#"{"featureSize": 15}"#, "heads", "4", "a divisor of the first stage's channels, 2 × featureSize = 30"),
            (#"{"heads": 5}"#, "heads", "5", "a divisor"),
            (#"{"depths": [3, 3, 3]}"#, "depths", "[3, 3, 3]", "four numbers"),
            (#"{"depths": [3, 3, 3, 0]}"#, "depths", "[3, 3, 3, 0]", "from 1 to 32"),
            (#"{"decoderDepth": 0}"#, "decoderDepth", "0", "from 1 to 32"),
            (#"{"projectedTokens": [64]}"#, "projectedTokens", "[64]", "four numbers"),
            (#"{"decoderProjectedTokens": -1}"#, "decoderProjectedTokens", "-1", "from 1 to 4096"),
            (#"{"residualBlocks": 3}"#, "residualBlocks", "3", "1 (conv51) or 2"),
            (#"{"attentionDropout": 1}"#, "attentionDropout", "1.0", "below 1"),
            (#"{"channelDropout": -0.1}"#, "channelDropout", "-0.1", "a probability"),
            (#"{"variant": "liver"}"#, "variant", "liver", "one of synapse, acdc, lung, tumor"),
            (#"{"depth": [3, 3, 3, 3]}"#, "depth", "present", "known fields are variant, inputChannels"),
        ])
    func impossible(text: String, field: String, value: String, rule: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try decode(text) }
        #expect(error.field == field)
        #expect(error.value == value)
        #expect(error.rule.contains(rule), "\(error)")
    }

    @Test("The file of a configuration is read bare or with its architecture, and what is wrong is said with its path")
    func files() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "c.json")
            func read(_ text: String) throws -> NetworkDescription {
                try Data(text.utf8).write(to: url)
                return try NetworkDescription(contentsOf: url)
            }
            func problem(_ text: String) throws -> String {
                try #require(throws: ConfigurationFileError.self) { try read(text) }.problem
            }
            let expected = NetworkDescription.unetrPlusPlus(UNETRPlusPlusConfiguration(.lung))
            #expect(try read(#"{"variant": "lung"}"#) == expected)
            #expect(try read(#"{"architecture": "unetr-plus-plus", "configuration": {"variant": "lung"}}"#) == expected)
            #expect(try read(#"{"batchSize": 2, "network": {"architecture": "unetr-plus-plus", "configuration": {"variant": "lung"}}}"#) == expected)
            #expect(try problem(#"{"classes": 1}"#).hasPrefix("configuration field 'classes' is 1; the rule is: from 2"))
            #expect(try problem(#"{"architecture": "u-net", "configuration": {}}"#).contains("one of unetr-plus-plus"))
            #expect(try problem(#"{"architecture": "unetr-plus-plus"}"#) == "the field configuration is missing")
            #expect(try problem(#"{"classes": "four"}"#) == #"classes is "four", but a whole number is expected"#)
            #expect(try problem("classes = 4").hasPrefix("the file is not JSON"))
            #expect(try problem("").hasPrefix("the file is not JSON"))
            let absent = folder.appending(path: "absent.json")
            let error = try #require(throws: ConfigurationFileError.self) { try NetworkDescription(contentsOf: absent) }
            #expect("\(error)" == "\(absent.path): the file cannot be read: No such file or directory")
        }
    }

    @Test("The hippocampus preset is the network of the shipped plan")
    func shippedPlan() throws {
        let url = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "Models/hippocampus/plan.json")
        #expect(try NetworkPreset.hippocampus.network == NetworkDescription(contentsOf: url))
    }
}
