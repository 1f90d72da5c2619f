import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRGraphs
import UNETRSupport

/// Graphs of networks from plain float buffers.
struct GraphWeightTests {
    private static let configuration: UNETRPlusPlusConfiguration = {
        var configuration = UNETRPlusPlusConfiguration(.acdc)
        configuration.featureSize = 2
        configuration.patchSize = [8, 32, 32]
        configuration.depths = [1, 1, 1, 1]
        configuration.decoderDepth = 1
        configuration.projectedTokens = [8, 8, 8, 4]
        configuration.decoderProjectedTokens = 8
        return configuration
    }()

    @Test(arguments: Architectures.all)
    func `Networks with a graph ask for weights, those without one say which have one`(_ architecture: NetworkDescription.Architecture) throws {
        let network = NetworkDescription.usual(architecture, inputChannels: 1, classes: 2, patchSize: [64, 64, 64])
        if architecture.hasGraph {
            #expect(throws: StateError.self) { try network.graph(weights: StateDictionary([]), form: .fast) }
        } else {
            let error = #expect(throws: ConfigurationError.self) { try network.graph(weights: StateDictionary([]), form: .fast) }
            #expect(error?.value == architecture.rawValue && error!.rule.hasPrefix("one that can be written as a graph: unetr-plus-plus"))
        }
    }

    @Test func `The first weight that is missing is named`() throws {
        let network = NetworkDescription.unetrPlusPlus(Self.configuration)
        #expect(throws: StateError.missing(["unetr_pp_encoder.downsample_layers.0.0.conv.weight"])) {
            try network.graph(weights: StateDictionary([]), form: .readable)
        }
        let wrong = try StateDictionary([("unetr_pp_encoder.downsample_layers.0.0.conv.weight", StoredArray([1] as [Float]))])
        #expect(throws: StateError.shape(key: "unetr_pp_encoder.downsample_layers.0.0.conv.weight", found: [1], expected: [4, 1, 1, 4, 4])) {
            try network.graph(weights: wrong, form: .fast)
        }
    }

    @Test func `Impossible settings are refused before a weight is looked at`() throws {
        var configuration = Self.configuration
        configuration.heads = 3
        let error = #expect(throws: ConfigurationError.self) {
            try NetworkDescription.unetrPlusPlus(configuration).graph(weights: StateDictionary([]), form: .fast)
        }
        #expect(error?.field == "heads")
    }
}
