import Layers
import NetworkTestSupport
import Networks
import TestSupport
import Testing
import Torch

/// A narrow UNETR++ with fused operations against the same network with plain ones.
struct FusedOperationTests {
    @Test("In float64 logits agree to 1e-9 and gradients to 1e-7, for use and for training", arguments: ["published", "position-preserving"], [true, false])
    func agreement(order: String, training: Bool) throws {
        try Runtime.keepLargeBlocks()
        guard case .unetrPlusPlus(var configuration) = NarrowNetworks.description("unetr-plus-plus") else { return }
        configuration.spatialOrder = order == "published" ? .published : .positionPreserving
        let network = try configuration.makeNetwork(device: .cpu, dtype: .float64, values: .unset, generator: nil)
        try network.store.fillByRule()
        let input = try ParityManifest.input([2, configuration.inputChannels] + configuration.patchSize, dtype: .float64)

        func run(fused: Bool) throws -> (logits: [[Double]], gradients: [[Double]]) {
            for parameter in network.store.parameters { try parameter.clearGradient() }
            var pass = ForwardPass(training: training)
            pass.fused = fused
            let logits = try network(input, pass, deepSupervision: true)
            var total = try Tensor(0, dtype: .float64)
            for (level, output) in logits.enumerated() {
                let weights = try Tensor(ParityRule("weights \(level)").values(output.count, scale: 1), shape: output.shape).to(.float64)
                total = try total + (output * weights).mean()
            }
            try total.backward()
            return (
                try logits.map { try $0.detached().array() }, try network.store.parameters.map { try $0.gradient?.array() ?? [] }
            )
        }
        let (fused, plain) = (try run(fused: true), try run(fused: false))
        for (a, b) in zip(fused.logits, plain.logits) { expectClose(a, b, within: 1e-9, "\(order) logits") }
        // The operation itself agrees to 1e-12 (see its own tests); divisions by small normalisation variances make up to 1e-8 of what is
        // left in single gradients, as between two implementations of the whole. A gradient that cancels to rounding is compared on the
        // scale of the largest one of the network.
        let largest = plain.gradients.joined().map(abs).max() ?? 0
        for (a, b) in zip(fused.gradients, plain.gradients) {
            let difference = zip(a, b).map { abs($0 - $1) }.max() ?? 0
            let scale = max(b.map(abs).max() ?? 0, 1e-6 * largest)
            #expect(a.count == b.count && difference <= 1e-7 * scale, "\(order): gradients differ by \(difference) of \(scale)")
        }
        #expect(fused.logits[0] != plain.logits[0], "the fused operation was not used")
    }
}
