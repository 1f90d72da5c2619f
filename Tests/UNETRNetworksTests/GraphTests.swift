import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRGraphs
import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch

struct GraphTests {
    /// A narrow network of each published variant, and one with the other order of tokens.
    static func configuration(_ name: String) throws -> UNETRPlusPlusConfiguration {
        var configuration = UNETRPlusPlusConfiguration(.init(rawValue: name) ?? .synapse)
        configuration.featureSize = 2
        configuration.patchSize = configuration.stem.multiplied(by: [8, 8, 8])
        configuration.depths = [1, 1, 1, 2]
        configuration.decoderDepth = 1
        configuration.projectedTokens = [8, 8, 8, 4]
        configuration.decoderProjectedTokens = 8
        if name == "preserving" { configuration.spatialOrder = .positionPreserving }
        return configuration
    }

    private static func weights(_ configuration: UNETRPlusPlusConfiguration) throws -> StateDictionary {
        let network = try UNETRPlusPlus(configuration, values: .unset)
        try network.store.fillByRule()
        return try network.store.state()
    }

    private static func graph(_ name: String, _ form: GraphForm, batch: Int? = nil) throws -> Graph {
        let configuration = try configuration(name)
        return try NetworkDescription.unetrPlusPlus(configuration).graph(weights: weights(configuration), form: form, batch: batch)
    }

    // Each file was checked with the ONNX checker and, against libtorch's logits of two samples, with onnxruntime 1.31: relative differences
    // 3e-7 to 2.2e-4, the same for both forms; two channels wide, the network amplifies rounding, and at full width it is 1e-5. With
    // UNETRPP_GRAPHS=FOLDER this test writes the files there that Scripts/check-onnx takes.
    @Test(arguments: [
        ("synapse", GraphForm.fast, "2ec830f5b272091a"),
        ("acdc", GraphForm.fast, "87599d388b5da3a5"),
        ("lung", GraphForm.fast, "a910a1c353efa60a"),
        ("tumor", GraphForm.fast, "1c301356ea271d10"),
        ("preserving", GraphForm.fast, "919720d2cb12a1fc"),
        ("synapse", GraphForm.readable, "458acdf87a3b57e4"),
        ("acdc", GraphForm.readable, "b91e43426a6b81e9"),
        ("lung", GraphForm.readable, "25bc2f180b6702d7"),
        ("tumor", GraphForm.readable, "dbbef6ab1b25bf82"),
        ("preserving", GraphForm.readable, "22debebf59cb5740"),
    ])
    func `The graph is the one that was checked with other runtimes`(_ name: String, _ form: GraphForm, _ expected: String) throws {
        let graph = try Self.graph(name, form)
        var digest = ContentDigest()
        try graph.onnx().withUnsafeBytes { digest.add($0) }
        #expect(digest.text == expected, "\(name), \(form)")
        if let folder = ProcessInfo.processInfo.environment["UNETRPP_GRAPHS"] {
            try Self.writeForChecking(name, form, graph, to: URL(fileURLWithPath: folder))
        }
    }

    /// Two samples, so that the free batch is tried too.
    private static func writeForChecking(_ name: String, _ form: GraphForm, _ graph: Graph, to folder: URL) throws {
        let configuration = try configuration(name), network = try UNETRPlusPlus(configuration, values: .unset)
        try network.store.fillByRule()
        let input = try ParityManifest.input([2, configuration.inputChannels] + configuration.patchSize)
        let logits = try withoutGradients { try network(input, deepSupervision: false)[0].contiguous() }
        try graph.writeONNX(to: folder.appending(path: "\(name)_\(form).onnx"))
        try StateDictionary([("input", input.stored())]).write(to: folder.appending(path: "\(name)_\(form)_input.safetensors"))
        try StateDictionary([("logits0", logits.stored())]).write(to: folder.appending(path: "\(name)_\(form)_logits.safetensors"))
    }

    @Test(arguments: ["synapse", "acdc", "lung", "tumor"])
    func `The readable form has every weight of the checkpoint under its key`(_ name: String) throws {
        let keys = try Self.weights(Self.configuration(name)).entries.map(\.key).filter { key in
            // The coarser outputs are for training only; a projection with two names is there once.
            !key.hasPrefix("out2.") && !key.hasPrefix("out3.") && !key.hasSuffix("num_batches_tracked")
                && !(name == "synapse" && key.contains("epa_block.F."))
        }
        let constants = Set(try Self.graph(name, .readable).constants.map(\.value.name))
        #expect(keys.filter { !constants.contains($0) } == [])
    }

    @Test func `The batch is free unless it is set`() throws {
        let (free, set) = (try Self.graph("synapse", .fast), try Self.graph("synapse", .fast, batch: 3))
        #expect(free.inputs[0].shape == [nil, 1, 16, 32, 32] && free.outputs[0].shape == [nil, 14, 16, 32, 32])
        #expect(set.inputs[0].shape == [3, 1, 16, 32, 32] && set.outputs[0].shape == [3, 14, 16, 32, 32])
    }

    @Test func `The fast form folds every batch normalization`() throws {
        #expect(try Self.graph("acdc", .readable).nodes.filter { $0.operation == "BatchNormalization" }.count == 2 * 2 * (5 + 3))
        #expect(try !Self.graph("acdc", .fast).nodes.contains { $0.operation == "BatchNormalization" })
    }

    @Test func `Weights that are missing or of another shape are named`() throws {
        let configuration = try Self.configuration("synapse"), network = NetworkDescription.unetrPlusPlus(configuration)
        let state = try Self.weights(configuration)
        let without = try StateDictionary(state.entries.filter { $0.key != "out1.conv.conv.bias" })
        #expect(throws: StateError.missing(["out1.conv.conv.bias"])) { try network.graph(weights: without, form: .fast) }
        var wider = configuration
        wider.classes = 5
        #expect(throws: StateError.shape(key: "out1.conv.conv.weight", found: [14, 2, 1, 1, 1], expected: [5, 2, 1, 1, 1])) {
            try NetworkDescription.unetrPlusPlus(wider).graph(weights: state, form: .readable)
        }
    }
}
