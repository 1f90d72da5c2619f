import ArchitectureTestSupport
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

/// Graphs of networks, computed by OpenVINO in float32, against libtorch's forward pass of the same weights.
struct NetworkGraphTests {
    /// Variants of the convolutional networks that a narrow network of each family leaves out.
    private static let variants: [String: NetworkDescription] = {
        func nnUNet(_ encoder: NNUNetConfiguration.Encoder, _ change: (inout NNUNetConfiguration) -> Void) -> NetworkDescription {
            var configuration = NNUNetConfiguration(encoder)
            (configuration.classes, configuration.patchSize) = (3, [16, 16, 16])
            (configuration.features, configuration.supervisedOutputs) = ([4, 6, 6, 8], 3)
            configuration.kernels = Array(repeating: [3, 3, 3], count: 4)
            configuration.strides = [[1, 1, 1], [2, 2, 2], [2, 2, 2], [2, 2, 2]]
            (configuration.depths, configuration.decoderDepths) = ([1, 3, 2, 2], [2, 1, 1])
            change(&configuration)
            return .nnUNet(configuration)
        }
        func slices(_ configuration: inout NNUNetConfiguration) {
            configuration.patchSize = [1, 32, 16]
            configuration.kernels = Array(repeating: [1, 3, 3], count: 4)
            configuration.strides = [[1, 1, 1]] + Array(repeating: [1, 2, 2], count: 3)
        }
        func large(_ configuration: inout NNUNetConfiguration) {
            configuration.inputChannels = 3
            configuration.kernels = [[1, 5, 5], [3, 5, 5], [3, 3, 3], [1, 1, 3]]
            configuration.strides = [[1, 1, 1], [1, 4, 2], [2, 1, 1], [1, 2, 2]]
        }
        func changed<Configuration: NetworkConfiguration>(_ name: String, _ change: (inout Configuration) -> Void) -> NetworkDescription {
            guard var configuration = NarrowNetworks.description(name).configuration as? Configuration else { fatalError("\(name) is of another type") }
            change(&configuration)
            return NetworkDescription(configuration)
        }
        return [
            "nnunet, cubes": nnUNet(.plain) { _ in },
            "nnunet, slices": nnUNet(.plain, slices),
            "nnunet, large kernels": nnUNet(.plain, large),
            "nnunet-resenc, cubes": nnUNet(.residual) { _ in },
            "nnunet-resenc, slices": nnUNet(.residual, slices),
            "nnunet-resenc, large kernels": nnUNet(.residual, large),
            "dynunet, plain": changed("dynunet") { (configuration: inout DynUNetConfiguration) in
                (configuration.residual, configuration.upsamplingBias, configuration.inputChannels) = (false, true, 2)
            },
            "dynunet, instance": changed("dynunet") { (configuration: inout DynUNetConfiguration) in configuration.norm = .instance },
            "dynunet, batch": changed("dynunet") { (configuration: inout DynUNetConfiguration) in configuration.norm = .batch },
            "mednext, kernel 5": changed("mednext") { (configuration: inout MedNeXtConfiguration) in
                (configuration.kernel, configuration.globalResponse, configuration.deepSupervision) = (5, false, false)
            },
            "mednext, kernel 5, response": changed("mednext") { (configuration: inout MedNeXtConfiguration) in configuration.kernel = 5 },
            "segresnet, two channels": changed("segresnet") { (configuration: inout SegResNetConfiguration) in
                (configuration.inputChannels, configuration.groups) = (2, 4)
            },
            "monai-unet, single convolutions": changed("monai-unet") { (configuration: inout MONAIUNetConfiguration) in
                (configuration.residualUnits, configuration.norm) = (0, .batch)
            },
            "monai-unet, large kernels": changed("monai-unet") { (configuration: inout MONAIUNetConfiguration) in
                (configuration.kernel, configuration.upKernel, configuration.norm) = ([3, 5, 5], [1, 3, 5], .affineInstance)
            },
            "basic-unet, batch": changed("basic-unet") { (configuration: inout BasicUNetConfiguration) in
                (configuration.norm, configuration.patchSize) = (.batch, [16, 32, 48])
            },
            "attention-unet, anisotropic": changed("attention-unet") { (configuration: inout AttentionUNetConfiguration) in
                (configuration.kernel, configuration.inputChannels) = ([1, 3, 5], 2)
            },
        ]
    }()

    /// Every network with a graph but those of `TransformerGraphTests`, and the variants.
    static let names =
        NarrowNetworks.names.filter { NarrowNetworks.description($0).hasGraph && !TransformerGraphTests.names.contains($0) } + variants.keys.sorted()

    @Test(.enabled(if: hasOpenVINO, "OpenVINO is not installed"), arguments: names, GraphForm.allCases)
    func `Both forms compute what libtorch computes`(_ name: String, _ form: GraphForm) throws {
        try OpenVINOProvider.besideLibtorch.loadOpenVINO()
        let description = Self.variants[name] ?? NarrowNetworks.description(name)
        let network = try description.makeNetwork(values: .unset)
        try network.store.fillByRule()
        let input = try ParityManifest.input([1, description.inputChannels] + description.patchSize)
        let expected = try withoutGradients { try network(input, ForwardPass(), deepSupervision: false)[0] }
        let graph = try description.graph(weights: network.store.state(), form: form, batch: 1)
        let model = try CompiledModel(
            onnx: graph.onnx(), precision: .float32, threads: 2, inputShape: input.shape, outputShape: expected.shape)
        var found = [Float](repeating: 0, count: expected.shape.reduce(1, *))
        try FloatArray(input).withView { input in try found.withUnsafeMutableBufferPointer { try model.compute(input.values, into: $0) } }
        try expectClose(found.map(Double.init), expected.array(of: Double.self), within: 1e-5, "\(name), \(form)")
    }
}
