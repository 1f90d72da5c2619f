import ArchitectureTestSupport
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRTorch

@testable import UNETRNetworks

/// Gradients of narrow networks against finite differences, in float64.
@Suite struct GradientTests {
    @Test(
        "The derivative along a direction, one for each part of the network, is the difference quotient's",
        arguments: [
            NarrowNetworks.names, NarrowNetworks.namesWithDropout.map { "\($0) dropping" },
            ["nnformer boxes", "swin-unetr v2", "setr mla", "cotr patches", "cotr aspp"],
        ].flatMap { $0 })
    func directions(name: String) throws {
        Runtime.keepLargeBlocks()
        let description = NarrowNetworks.description(name)
        let network = try description.makeNetwork(dtype: .float64, values: .unset)
        try network.store.fillByRule()
        let input = try ParityManifest.input([1, description.inputChannels] + description.patchSize, dtype: .float64)
        let loss = try Self.loss(of: network, on: input)
        try loss.backward()

        let parameters = network.store.entries.filter { $0.kind == .parameter && $0.aliasOf == nil && $0.tensor.gradient != nil }
        let parts = Dictionary(grouping: parameters) { $0.key.split(separator: ".").prefix(2).joined(separator: ".") }
        #expect(parts.count >= 3)
        var partsWithGradient = 0
        for (part, entries) in parts.sorted(by: { $0.key < $1.key }) {
            let directions = try entries.map { entry in
                try Tensor(ParityRule("direction:" + entry.key).values(entry.tensor.count, scale: 1), shape: entry.tensor.shape).to(.float64)
            }
            var derivative = 0.0, square = 0.0
            for (entry, direction) in zip(entries, directions) {
                let gradient = try #require(entry.tensor.gradient)
                derivative += try (gradient * direction).sum().item()
                square += try (gradient * gradient).sum().item()
            }
            // Small against the curvature of norms over two voxels and of leaky ReLUs, large against float64's rounding of the loss.
            let step = 1e-7
            func moved(by factor: Double) throws -> Double {
                try withoutGradients {
                    for (entry, direction) in zip(entries, directions) { try entry.tensor.addInPlace(direction, factor: factor) }
                }
                return try withoutGradients { try Self.loss(of: network, on: input).item() }
            }
            let ahead = try moved(by: step), behind = try moved(by: -2 * step)
            _ = try moved(by: step)
            let quotient = (ahead - behind) / (2 * step)
            // A random direction's derivative is about the gradient's length / √3. What is left is curvature; a term that is missing shows as a
            // difference of the derivative's own size.
            #expect(
                abs(quotient - derivative) <= 1e-3 * square.squareRoot() + 1e-8, "\(name) \(part): derivative \(derivative), quotient \(quotient)")
            if square > 0 { partsWithGradient += 1 }
        }
        // Swin UNETR's bottleneck is one voxel here, which an instance normalization makes constant.
        #expect(partsWithGradient >= parts.count - 1, "\(name): only \(partsWithGradient) of \(parts.count) parts have a gradient")
    }

    /// A weighted sum of all outputs; what dropout drops is the same every time.
    private static func loss(of network: any SegmentationNetwork, on input: Tensor) throws -> Tensor {
        let logits = try network(input, ForwardPass(training: true, generator: Generator(seed: 3)), deepSupervision: true)
        var total = try Tensor(0, dtype: .float64)
        for (level, tensor) in logits.enumerated() {
            let weights = try Tensor(ParityRule("weights\(level)").values(tensor.count, scale: 1), shape: tensor.shape).to(.float64)
            total = try total + (tensor * weights).mean()
        }
        return total
    }
}
