import NetworkTestSupport
import Synchronization
import TestSupport
import Testing
import UNETRArchives
import UNETRLayers
import UNETRNetworks
import UNETRTorch

/// The four published variants against the published code, which was run in float64.
@Suite(.serialized) struct EvaluationParityTests {
    @Test(
        "Every listed inner tensor equals the reference within three times the reference's own float32 error",
        arguments: runsLongTests ? ["synapse", "acdc", "lung", "tumor"] : ["synapse"])
    func innerTensors(variant: String) throws {
        Runtime.keepLargeBlocks()
        let manifest = try Manifest(variant)
        let found = Mutex<[String: [Double]]>([:])
        let shapes = Mutex<[String: [Int]]>([:])
        let names = Set(manifest.tensors.keys)
        let pass = ForwardPass(tap: { name, tensor in
            guard names.contains(name) else { return }
            let probe = try? manifest.probe(name)
            let values = try? tensor.array(of: Double.self)
            shapes.withLock { $0[name] = tensor.shape }
            found.withLock { $0[name] = probe.flatMap { probe in values.map { values in probe.indices.map { values[$0] } } } }
        })
        let network = try manifest.network()
        let input = try manifest.input()
        let logits = try withoutGradients { try network(input, pass, deepSupervision: true) }
        #expect(logits.count == 3)
        for (name, expected) in manifest.tensors.sorted(by: { $0.key < $1.key }) {
            let values = try #require(found.withLock { $0[name] }, "\(name) was not shown")
            #expect(shapes.withLock { $0[name] } == expected.shape, "\(name)")
            expectClose(values, try manifest.probe(name).values, within: 3 * expected.float32_relative_error, "\(variant) \(name)")
        }
    }

    @Test(
        "The state dict has the reference's keys and shapes in the reference's order",
        arguments: [
            "synapse", "acdc", "lung", "tumor", "train_synapse", "train_acdc", "train_tumor",
        ])
    func stateDictionary(variant: String) throws {
        let manifest = try Manifest(variant)
        let network = try UNETRPlusPlus(manifest.configuration, values: .unset)
        #expect(network.store.entries.map(\.key) == manifest.parameters.map(\.key))
        #expect(network.store.entries.map(\.tensor.shape) == manifest.parameters.map(\.shape))
        if let count = manifest.parameterCount { #expect(network.store.parameterCount == count) }
    }
}
