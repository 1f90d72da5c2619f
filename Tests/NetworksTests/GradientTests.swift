import Layers
import NetworkTestSupport
@testable import Networks
import TestSupport
import Testing
import Torch

/// Gradients of narrow networks against finite differences, in float64.
@Suite struct GradientTests {
    @Test("The derivative along a direction, one for each part of the network, is the difference quotient's", arguments: [
        "unetr-plus-plus", "unetr", "swin-unetr", "nnformer", "nnformer boxes", "nnunet", "nnunet-resenc",
    ])
    func directions(name: String) throws {
        try Runtime.keepLargeBlocks()
        let description = NarrowNetworks.description(name)
        let network = try description.makeNetwork(dtype: .float64, values: .unset)
        try network.store.fillByRule()
        let input = try ParityManifest.input([1, description.inputChannels] + description.patchSize, dtype: .float64)
        let loss = try Self.loss(of: network, on: input)
        try loss.backward()

        let parameters = network.store.entries.filter { $0.kind == .parameter && $0.aliasOf == nil }
        let parts = Dictionary(grouping: parameters) { $0.key.split(separator: ".").prefix(2).joined(separator: ".") }
        #expect(parts.count > 3)
        var partsWithGradient = 0
        for (part, entries) in parts.sorted(by: { $0.key < $1.key }) {
            let directions = try entries.map { entry in
                try Tensor(ParityRule("direction:" + entry.key).values(entry.tensor.count, scale: 1), shape: entry.tensor.shape).to(.float64)
            }
            var derivative = 0.0, square = 0.0
            for (entry, direction) in zip(entries, directions) {
                guard let gradient = entry.tensor.gradient else { continue }  // not used, as `norm_cross_attn`
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
        // Swin UNETR's bottleneck is one voxel here, which an instance normalisation makes constant.
        #expect(partsWithGradient >= parts.count - 1, "\(name): only \(partsWithGradient) of \(parts.count) parts have a gradient")
    }

    /// A weighted sum of all outputs.
    private static func loss(of network: any SegmentationNetwork, on input: Tensor) throws -> Tensor {
        let logits = try network(input, .training, deepSupervision: true)
        var total = try Tensor(0, dtype: .float64)
        for (level, tensor) in logits.enumerated() {
            let weights = try Tensor(ParityRule("weights\(level)").values(tensor.count, scale: 1), shape: tensor.shape).to(.float64)
            total = try total + (tensor * weights).mean()
        }
        return total
    }
}

/// Networks with all their parts and almost no width; nothing in them is random.
enum NarrowNetworks {
    static let names = ["unetr-plus-plus", "unetr", "swin-unetr", "nnformer", "nnunet", "nnunet-resenc"]

    static func description(_ name: String) -> NetworkDescription {
        switch name {
        case "unetr-plus-plus":
            var configuration = UNETRPlusPlusConfiguration(.synapse)
            configuration.patchSize = [16, 32, 32]
            configuration.featureSize = 4
            configuration.depths = [1, 1, 1, 1]
            configuration.decoderDepth = 1
            configuration.heads = 2
            configuration.projectedTokens = [8, 8, 4, 2]
            configuration.decoderProjectedTokens = 8
            configuration.attentionDropout = 0
            configuration.channelDropout = 0
            configuration.classes = 3
            return .unetrPlusPlus(configuration)
        case "unetr":
            return .unetr(UNETRParityTests.narrow)
        case "swin-unetr":
            var configuration = SwinUNETRConfiguration()
            configuration.classes = 3
            configuration.patchSize = [32, 32, 32]
            configuration.featureSize = 4
            configuration.heads = [1, 2, 2, 4]
            configuration.window = 3
            return .swinUNETR(configuration)
        case "nnformer", "nnformer boxes":
            var configuration = NNFormerConfiguration(name == "nnformer" ? .tumor : .acdc)
            configuration.inputChannels = 1
            configuration.classes = 3
            configuration.stem = [2, 2, 2]
            configuration.patchSize = name == "nnformer" ? [16, 32, 32] : [14, 16, 16]
            configuration.embeddingSize = 16
            configuration.heads = [1, 2, 2, 4]
            configuration.decoderHeads = [1, 2, 2]
            if name == "nnformer boxes" { configuration.windows = [[3, 5, 5], [3, 3, 3], [3, 4, 4], [1, 2, 2]] }
            configuration.pathDropout = 0
            return .nnFormer(configuration)
        default:
            var configuration = NNUNetConfiguration(name == "nnunet" ? .plain : .residual)
            configuration.classes = 3
            configuration.patchSize = [8, 16, 16]
            configuration.features = [4, 6, 6]
            configuration.kernels = [[1, 3, 3], [3, 3, 3], [3, 3, 3]]
            configuration.strides = [[1, 1, 1], [1, 2, 2], [2, 2, 2]]
            configuration.depths = name == "nnunet" ? [2, 2, 2] : [1, 2, 1]
            configuration.decoderDepths = name == "nnunet" ? [2, 2] : [1, 1]
            configuration.supervisedOutputs = 2
            return .nnUNet(configuration)
        }
    }
}
