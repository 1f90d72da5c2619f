import ArchitectureTestSupport
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRNetworks
import UNETRTorch

/// A narrow UNETR++ with fused operations against the same network with plain ones.
struct FusedOperationTests {
    @Test(
        "In float64 logits agree to 1e-9, and gradients to that or to rounding, for use and for training", arguments: ["published", "position-preserving"],
        [true, false])
    func agreement(order: String, training: Bool) throws {
        Runtime.keepLargeBlocks()
        guard var configuration = NarrowNetworks.description("unetr-plus-plus").configuration as? UNETRPlusPlusConfiguration else { return }
        configuration.spatialOrder = order == "published" ? .published : .positionPreserving
        let network = try NetworkDescription.unetrPlusPlus(configuration).makeNetwork(device: .cpu, dtype: .float64, values: .unset, generator: nil)
        try network.store.fillByRule()
        let input = try ParityManifest.input([2, configuration.inputChannels] + configuration.patchSize, dtype: .float64)

        func run(_ input: Tensor, fused: Bool) throws -> (logits: [[Double]], gradients: [[Double]]) {
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
        let (fused, plain) = (try run(input, fused: true), try run(input, fused: false))
        #expect(fused.logits[0] != plain.logits[0], "the fused operation was not used")
        for (a, b) in zip(fused.logits, plain.logits) { expectClose(a, b, within: 1e-9, "\(order) logits") }

        // What rounding alone does to gradients, which norms over few voxels amplify: the plain network on an input changed by a few units
        // in the last place.
        let noise = try Tensor(ParityRule("noise").values(input.count, scale: 4e-16), shape: input.shape).to(.float64)
        let floor = relativeErrors(try run(input + input * noise, fused: false).gradients, plain.gradients).max() ?? 0
        let errors = relativeErrors(fused.gradients, plain.gradients)
        #expect(errors.allSatisfy { $0 <= max(1e-9, 30 * floor) }, "\(order): \(errors.max() ?? 0), rounding alone gives \(floor)")
    }

    /// Of each tensor; one that cancels to rounding is compared on the scale of the largest of all.
    private func relativeErrors(_ found: [[Double]], _ expected: [[Double]]) -> [Double] {
        let largest = expected.joined().map(abs).max() ?? 0
        return zip(found, expected).map { a, b in
            guard a.count == b.count else { return .infinity }
            let difference = zip(a, b).map { abs($0 - $1) }.max() ?? 0
            return difference / max(b.map(abs).max() ?? 0, 1e-6 * largest)
        }
    }
}
