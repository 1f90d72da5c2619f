public import UNETRArchitectures
import UNETRSupport

/// Networks with all their parts and almost no width; nothing in them is random, but in those that are "dropping".
public enum NarrowNetworks {
    public static let names = [
        "unetr-plus-plus", "unetr", "swin-unetr", "nnformer", "nnunet", "nnunet-resenc", "monai-unet", "segresnet", "basic-unet", "attention-unet",
        "stunet", "mednext", "dynunet", "transbts", "setr", "transunet3d", "cotr", "transunet", "swin-unet",
        "missformer",
    ]

    /// Those that drop something in training, if they are told to.
    public static let namesWithDropout = names.filter { !["nnunet", "nnunet-resenc", "stunet", "mednext", "dynunet", "missformer"].contains($0) }

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
        case var configuration as MONAIUNetConfiguration:
            configuration.dropout = 0.3
            return .monaiUNet(configuration)
        case var configuration as SegResNetConfiguration:
            configuration.dropout = 0.3
            return .segResNet(configuration)
        case var configuration as BasicUNetConfiguration:
            configuration.dropout = 0.3
            return .basicUNet(configuration)
        case var configuration as AttentionUNetConfiguration:
            configuration.dropout = 0.3
            return .attentionUNet(configuration)
        case var configuration as TransBTSConfiguration:
            (configuration.dropout, configuration.attentionDropout) = (0.3, 0.3)
            return .transBTS(configuration)
        case var configuration as SETRConfiguration:
            configuration.dropout = 0.3
            return .setr(configuration)
        case var configuration as TransUNet3DConfiguration:
            configuration.dropout = 0.3
            return .transUNet3D(configuration)
        case var configuration as CoTrConfiguration:
            configuration.dropout = 0.3
            return .coTr(configuration)
        case var configuration as TransUNetConfiguration:
            configuration.dropout = 0.3
            return .transUNet(configuration)
        case var configuration as SwinUNetConfiguration:
            (configuration.dropout, configuration.attentionDropout, configuration.pathDropout) = (0.1, 0.1, 0.5)
            return .swinUNet(configuration)
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
        case "swin-unetr", "swin-unetr v2":
            var configuration = SwinUNETRConfiguration()
            configuration.classes = 3
            configuration.patchSize = [32, 32, 32]
            configuration.featureSize = 4
            configuration.heads = [1, 2, 2, 4]
            configuration.window = 3
            configuration.v2 = name.hasSuffix("v2")
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
        case "monai-unet":
            var configuration = MONAIUNetConfiguration()
            configuration.classes = 3
            configuration.patchSize = [8, 16, 16]
            configuration.channels = [4, 6, 8]
            configuration.strides = [[1, 2, 2], [2, 2, 2]]
            return .monaiUNet(configuration)
        case "segresnet":
            var configuration = SegResNetConfiguration()
            configuration.classes = 3
            configuration.patchSize = [8, 16, 16]
            configuration.featureSize = 4
            configuration.groups = 2
            configuration.depths = [1, 1, 2]
            configuration.decoderDepths = [1, 1]
            return .segResNet(configuration)
        case "basic-unet":
            var configuration = BasicUNetConfiguration()
            configuration.classes = 3
            configuration.patchSize = [32, 34, 50]  // pooled to 2 × 2 × 3 with something left over
            configuration.features = [2, 4, 4, 6, 6, 4]
            return .basicUNet(configuration)
        case "attention-unet":
            var configuration = AttentionUNetConfiguration()
            configuration.classes = 3
            configuration.patchSize = [8, 16, 16]
            configuration.channels = [4, 6, 8]
            configuration.strides = [[1, 2, 2], [2, 2, 2]]
            return .attentionUNet(configuration)
        case "stunet":
            var configuration = STUNetConfiguration()
            configuration.classes = 3
            configuration.patchSize = [8, 16, 16]
            configuration.features = [4, 6, 6]
            configuration.kernels = [[1, 3, 3], [3, 3, 3], [3, 3, 3]]
            configuration.strides = [[1, 2, 2], [2, 2, 2]]
            configuration.depths = [1, 2, 1]
            return .stuNet(configuration)
        case "mednext":
            var configuration = MedNeXtConfiguration(.base)
            configuration.classes = 3
            configuration.patchSize = [16, 32, 32]
            configuration.featureSize = 2
            configuration.depths = [1, 2, 1, 1, 1, 1, 1, 1, 1]
            configuration.globalResponse = true
            return .medNeXt(configuration)
        case "dynunet":
            var configuration = DynUNetConfiguration()
            configuration.classes = 3
            configuration.patchSize = [8, 16, 16]
            configuration.features = [4, 6, 6]
            configuration.kernels = [[1, 3, 3], [3, 3, 3], [3, 3, 3]]
            configuration.strides = [[1, 2, 2], [2, 2, 2]]
            configuration.residual = true
            configuration.coarseOutputs = 1
            return .dynUNet(configuration)
        case "transbts":
            var configuration = TransBTSConfiguration()
            (configuration.inputChannels, configuration.classes) = (1, 3)
            configuration.patchSize = [16, 16, 24]
            (configuration.featureSize, configuration.hiddenSize) = (8, 12)
            (configuration.heads, configuration.feedForwardSize, configuration.layers) = (3, 16, 2)
            (configuration.dropout, configuration.attentionDropout) = (0, 0)
            return .transBTS(configuration)
        case "setr", "setr mla":
            var configuration = SETRConfiguration()
            configuration.decoder = name == "setr" ? .progressive : .multiLevel
            configuration.classes = 3
            configuration.patchSize = [32, 16, 32]
            (configuration.hiddenSize, configuration.feedForwardSize) = (12, 16)
            (configuration.heads, configuration.layers) = (3, 4)
            (configuration.decoderChannels, configuration.headChannels) = (4, 3)
            return .setr(configuration)
        case "transunet3d":
            var configuration = TransUNet3DConfiguration()
            configuration.classes = 3
            configuration.patchSize = [8, 16, 16]
            configuration.features = [4, 6, 6]
            configuration.kernels = [[1, 3, 3], [3, 3, 3], [3, 3, 3]]
            configuration.strides = [[1, 1, 1], [1, 2, 2], [2, 2, 2]]
            (configuration.hiddenSize, configuration.feedForwardSize) = (12, 16)
            (configuration.heads, configuration.layers, configuration.dropout) = (3, 2, 0)
            return .transUNet3D(configuration)
        case "cotr", "cotr patches", "cotr aspp":
            var configuration = CoTrConfiguration()
            configuration.form = name == "cotr" ? .published : name == "cotr aspp" ? .pyramid : .patches
            configuration.classes = 3
            configuration.patchSize = [16, 32, 32]
            (configuration.features, configuration.feedForwardSize) = ([4, 6, 12], 16)
            (configuration.heads, configuration.layers, configuration.dropout) = (2, 2, 0)
            return .coTr(configuration)
        case "transunet":
            var configuration = TransUNetConfiguration()
            configuration.classes = 3
            configuration.patchSize = [1, 32, 48]
            (configuration.depths, configuration.featureSize) = ([1, 2, 1], 32)
            (configuration.hiddenSize, configuration.feedForwardSize) = (12, 16)
            (configuration.heads, configuration.layers, configuration.dropout) = (3, 2, 0)
            (configuration.decoderChannels, configuration.headChannels) = ([6, 4, 4, 4], 8)
            return .transUNet(configuration)
        case "swin-unet":
            var configuration = SwinUNetConfiguration()
            configuration.classes = 3
            configuration.patchSize = [1, 32, 64]
            (configuration.featureSize, configuration.window, configuration.heads) = (4, 3, [1, 2, 2, 4])  // 8 × 16 tokens in windows of 3
            configuration.pathDropout = 0
            return .swinUNet(configuration)
        case "missformer":
            var configuration = MISSFormerConfiguration()
            configuration.classes = 3
            configuration.patchSize = [1, 32, 64]
            (configuration.featureSize, configuration.depths, configuration.layers) = (4, [1, 2, 1, 1], 2)
            configuration.heads = [1, 2, 2, 4]
            return .missFormer(configuration)
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
