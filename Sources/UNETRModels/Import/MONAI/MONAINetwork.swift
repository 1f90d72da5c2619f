import Foundation
import UNETRArchitectures
import UNETRSupport

/// The network that a bundle names: a class of MONAI and its arguments, as a description here.
struct MONAINetwork {
    let description: NetworkDescription

    private static let known = ["UNet", "SegResNet", "SwinUNETR", "UNETR", "DynUNet"]

    /// - Parameters:
    ///   - value: the bundle's `network_def`.
    ///   - window: the patch that the network is given.
    /// - Throws: `ModelImportError.network` for a class that is not known; `ModelImportError.setting` for an argument that is not.
    init(_ value: JSONValue, of configuration: MONAIConfiguration, window: Size3) throws {
        var network = try MONAIComponent(value, of: configuration, place: "network_def")
        try network.demand("spatial_dims", 3)
        switch network.name {
        case "UNet", "Unet": description = .monaiUNet(try Self.unet(&network, window))
        case "SegResNet": description = .segResNet(try Self.segResNet(&network, window))
        case "DynUNet": description = NetworkDescription(try Self.dynUNet(&network, window))
        case "UNETR": description = .unetr(try Self.unetr(&network, window))
        case "SwinUNETR": description = .swinUNETR(try Self.swinUNETR(&network, window))
        default: throw ModelImportError.network(path: configuration.url.path, name: "\(network.target) (of MONAI \(Self.known.joined(separator: ", ")) are)")
        }
        try network.end()
        do { try description.configuration.validate() } catch let error as ConfigurationError { throw network.fail("\(error)") }
    }

    private static func unetr(_ network: inout MONAIComponent, _ window: Size3) throws -> UNETRConfiguration {
        var settings = UNETRConfiguration()
        (settings.inputChannels, settings.classes) = try network.channels()
        settings.patchSize = window
        guard let size = try network.three("img_size") else { throw network.fail("it has no img_size") }
        guard size == window else { throw network.fail("its img_size is \(size), but the inferer's windows are \(window)") }
        settings.featureSize = try network.whole("feature_size") ?? 16
        settings.hiddenSize = try network.whole("hidden_size") ?? 768
        settings.feedForwardSize = try network.whole("mlp_dim") ?? 3072
        settings.heads = try network.whole("num_heads") ?? 12
        // Releases before 1.4 called it pos_embed.
        let earlier = try network.text("pos_embed"), projection = try network.text("proj_type") ?? earlier ?? "conv"
        guard let embedding = ["conv": UNETRConfiguration.Embedding.convolution, "perceptron": .perceptron][projection] else {
            throw network.fail("its proj_type is \(projection), which is not known here; conv and perceptron are")
        }
        settings.embedding = embedding
        settings.attentionBias = try network.flag("qkv_bias")
        settings.dropout = try network.number("dropout_rate") ?? 0
        try network.demand("norm_name", "instance", "INSTANCE")
        try network.demand("conv_block", true)
        try network.demand("res_block", true)
        network.ignore("save_attn")
        return settings
    }

    private static func swinUNETR(_ network: inout MONAIComponent, _ window: Size3) throws -> SwinUNETRConfiguration {
        var settings = SwinUNETRConfiguration()
        (settings.inputChannels, settings.classes) = try network.channels()
        settings.patchSize = window
        settings.featureSize = try network.whole("feature_size") ?? 24
        settings.depths = try network.wholes("depths") ?? [2, 2, 2, 2]
        settings.heads = try network.wholes("num_heads") ?? [3, 6, 12, 24]
        if let size = try network.three("window_size") {
            guard size.allSatisfy({ $0 == size[0] }) else { throw network.fail("its window_size is \(size), but one size for all axes is needed here") }
            settings.window = size[0]
        }
        settings.feedForwardRatio = try network.number("mlp_ratio") ?? 4
        let merging = try network.text("downsample") ?? "merging"
        guard let order = ["merging": SwinUNETRConfiguration.Merging.monai, "mergingv2": .lexicographic][merging] else {
            throw network.fail("its downsample is \(merging), which is not known here; merging and mergingv2 are")
        }
        settings.merging = order
        settings.dropout = try network.number("drop_rate") ?? 0
        settings.attentionDropout = try network.number("attn_drop_rate") ?? 0
        settings.pathDropout = try network.number("dropout_path_rate") ?? 0
        try network.demand("norm_name", "instance", "INSTANCE")
        try network.demand("patch_size", 2)
        try network.demand("qkv_bias", true)
        try network.demand("normalize", true)
        try network.demand("patch_norm", false)
        settings.v2 = try network.flag("use_v2")
        try network.demand("use_hyena", false)
        // Any size is taken since 1.5, and checkpoints of activations are a matter of training.
        network.ignore("img_size", "use_checkpoint")
        return settings
    }
}

extension MONAIComponent {
    /// Channels of a scan, and outputs.
    mutating func channels() throws -> (inputs: Int, outputs: Int) {
        guard let inputs = try whole("in_channels"), let outputs = try whole("out_channels") else { throw fail("it has no in_channels or no out_channels") }
        return (inputs, outputs)
    }

    mutating func wholes(_ key: String) throws -> [Int]? {
        guard let value = try list(key) else { return nil }
        guard let numbers = value.ints else { throw wrong(key, value, "a list of whole numbers") }
        return numbers
    }
}
