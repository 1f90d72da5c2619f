public import UNETRArchitectures
import UNETRSupport

/// Networks with all their parts and almost no width; nothing in them is random, but in those that are "dropping".
public enum NarrowNetworks {
    public static let names = ["unetr-plus-plus", "unetr", "swin-unetr", "nnformer", "nnunet", "nnunet-resenc"]

    /// With dropout and stochastic depth wherever the published network has them.
    private static func dropping(_ name: String) -> NetworkDescription {
        switch description(name).configuration {
        case var configuration as UNETRPlusPlusConfiguration:
            (configuration.attentionDropout, configuration.channelDropout) = (0.15, 0.1)
            return .unetrPlusPlus(configuration)
        case var configuration as UNETRConfiguration:
            configuration.dropout = 0.3
            return .unetr(configuration)
        case var configuration as SwinUNETRConfiguration:
            (configuration.dropout, configuration.attentionDropout, configuration.pathDropout) = (0.1, 0.1, 0.5)
            return .swinUNETR(configuration)
        case var configuration as NNFormerConfiguration:
            (configuration.dropout, configuration.attentionDropout, configuration.pathDropout) = (0.1, 0.1, 0.5)
            return .nnFormer(configuration)
        case let configuration: return NetworkDescription(configuration)  // published without
        }
    }

    public static func description(_ name: String) -> NetworkDescription {
        switch name {
        case _ where name.hasSuffix(" dropping"):
            return dropping(String(name.dropLast(" dropping".count)))
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
            return .unetr(unetr)
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

    /// Small enough for tests of everything but the width.
    public static let unetr: UNETRConfiguration = {
        var configuration = UNETRConfiguration()
        configuration.classes = 3
        configuration.patchSize = [32, 16, 32]
        configuration.featureSize = 2
        configuration.hiddenSize = 12
        configuration.feedForwardSize = 16
        configuration.heads = 3
        configuration.layers = 4
        return configuration
    }()
}
