import ArchitectureTestSupport
import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETREngines
import UNETRGraphs
import UNETRLayers
import UNETRNetworks
import UNETROpenVINO
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine

/// Graphs of networks with attention, computed by OpenVINO, against the forward passes in libtorch.
struct TransformerGraphTests {
    /// Narrow networks, and settings whose graphs differ.
    static let names = [
        "unetr", "unetr convolution", "swin-unetr", "swin-unetr v2", "swin-unetr merging", "nnformer", "nnformer boxes", "transbts", "setr", "setr nup",
        "setr mla", "cotr", "cotr patches", "cotr aspp", "transunet", "swin-unet", "swin-unet color", "missformer", "transunet3d",
    ]

    static func description(_ name: String) -> NetworkDescription {
        switch name {
        case "unetr convolution":
            var configuration = NarrowNetworks.unetr
            (configuration.embedding, configuration.attentionBias, configuration.inputChannels) = (.convolution, true, 2)
            return .unetr(configuration)
        case "swin-unetr merging":
            guard var configuration = NarrowNetworks.description("swin-unetr").configuration as? SwinUNETRConfiguration else { fatalError() }
            (configuration.merging, configuration.patchSize) = (.beforeCorrection, [32, 64, 32])
            return .swinUNETR(configuration)
        case "setr nup":
            guard var configuration = NarrowNetworks.description("setr").configuration as? SETRConfiguration else { fatalError() }
            configuration.decoder = .naive
            return .setr(configuration)
        case "swin-unet color":
            guard var configuration = NarrowNetworks.description("swin-unet").configuration as? SwinUNetConfiguration else { fatalError() }
            configuration.inputChannels = 3
            return .swinUNet(configuration)
        default: return NarrowNetworks.description(name)
        }
    }

    /// The network with weights of the order of 1, and its masks as they are.
    private static func network(_ description: NetworkDescription) throws -> any SegmentationNetwork {
        let network = try description.makeNetwork(values: .random)
        let masks = try network.store.state().entries.filter { $0.key.hasSuffix("attn_mask") }
        try network.store.fillByRule()
        try withoutGradients {
            for entry in network.store.entries {
                guard let mask = masks.first(where: { $0.key == entry.key }) else { continue }
                try entry.tensor.copyInPlace(Tensor(mask.array.floats(), shape: mask.array.shape))
            }
        }
        return network
    }

    @Test(.enabled(if: hasOpenVINO, "OpenVINO is not installed"), arguments: names)
    func `Both forms compute libtorch's logits, for two samples`(_ name: String) throws {
        let description = Self.description(name), network = try Self.network(description)
        let input = try ParityManifest.input([2, description.inputChannels] + description.patchSize)
        let expected = try withoutGradients { try network(input, ForwardPass(), deepSupervision: false)[0].array(of: Double.self) }
        _ = try OpenVINOProvider.besideLibtorch.loadOpenVINO()
        for form in GraphForm.allCases {
            let graph = try description.graph(weights: network.store.state(), form: form, batch: 2)
            if let folder = ProcessInfo.processInfo.environment["UNETRPP_GRAPHS"] {
                try graph.writeONNX(to: URL(fileURLWithPath: folder).appending(path: "\(name) \(form).onnx"))
            }
            let model = try CompiledModel(
                onnx: graph.onnx(), precision: .float32, threads: 2, inputShape: input.shape,
                outputShape: [2, description.classes] + description.patchSize)
            var logits = [Float](repeating: 0, count: model.outputShape.reduce(1, *))
            try input.array(of: Float.self).withUnsafeBufferPointer { input in
                try logits.withUnsafeMutableBufferPointer { try model.compute(input, into: $0) }
            }
            expectClose(logits.map(Double.init), expected, within: 1e-4, "\(name), \(form)")
        }
    }
}
