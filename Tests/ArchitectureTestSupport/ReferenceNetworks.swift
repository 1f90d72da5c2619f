public import UNETRArchitectures
public import UNETRSupport

/// The networks whose reference runs are in `Tests/Fixtures/parity`, by the names of those files.
///
/// A name with `_narrow` is the network with almost no width that the training runs `train_…` have too.
public enum ReferenceNetworks {
    /// - Parameter patch: what the run was made with, [D, H, W].
    public static func description(_ name: String, patch: Size3) -> NetworkDescription {
        let isNarrow = name.contains("_narrow") || name.hasPrefix("train_") || name == "mednext_upkern"
        let family = name.replacing("train_", with: "").replacing("_narrow", with: "")
        switch family {
        case "unet_monai", "unet_monai_plain":
            var configuration = MONAIUNetConfiguration()
            configuration.patchSize = patch
            if family == "unet_monai" { configuration.norm = .batch } else { configuration.residualUnits = 0 }
            if isNarrow {
                configuration.classes = 3
                configuration.channels = [4, 8, 12, 16]
                configuration.strides = Array(repeating: [2, 2, 2], count: 3)
            }
            return .monaiUNet(configuration)
        case "segresnet":
            var configuration = SegResNetConfiguration()
            configuration.patchSize = patch
            configuration.classes = 3
            if isNarrow {
                configuration.featureSize = 8
                (configuration.depths, configuration.decoderDepths) = ([1, 1, 2], [1, 1])
            } else {
                configuration.inputChannels = 4
            }
            return .segResNet(configuration)
        case "swin_unetr_v2":
            var configuration = SwinUNETRConfiguration()
            configuration.patchSize = patch
            configuration.v2 = true
            if isNarrow {
                configuration.classes = 3
                configuration.featureSize = 12
                configuration.depths = [2, 1, 1, 1]
            }
            return .swinUNETR(configuration)
        case "basic_unet", "basic_unet_odd":
            var configuration = BasicUNetConfiguration()
            configuration.patchSize = patch
            if isNarrow {
                configuration.classes = 3
                configuration.features = [4, 4, 8, 12, 16, 4]
            }
            return .basicUNet(configuration)
        case "attention_unet":
            var configuration = AttentionUNetConfiguration()
            configuration.patchSize = patch
            if isNarrow {
                configuration.classes = 3
                configuration.channels = [4, 8, 12, 16]
                configuration.strides = Array(repeating: [2, 2, 2], count: 3)
            }
            return .attentionUNet(configuration)
        case "stunet", "stunet_small", "stunet_large", "stunet_huge":
            var configuration = STUNetConfiguration(STUNetConfiguration.Variant(rawValue: String(family.dropFirst(7))) ?? .base)
            configuration.patchSize = patch
            if isNarrow {
                configuration.classes = 3
                configuration.features = [4, 8, 12, 16]
                configuration.kernels = [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]]
                configuration.strides = [[1, 2, 2], [2, 2, 2], [2, 2, 2]]
                configuration.depths = [1, 2, 1, 1]
            }
            return .stuNet(configuration)
        case "dynunet_plain", "dynunet_residual":
            var configuration = DynUNetConfiguration()
            configuration.patchSize = patch
            (configuration.inputChannels, configuration.classes) = (2, 3)
            configuration.features = [4, 6, 6, 8]
            configuration.kernels = [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]]
            configuration.strides = [[1, 2, 2], [2, 2, 2], [1, 2, 2]]
            if family == "dynunet_plain" {
                configuration.coarseOutputs = 2
            } else {
                (configuration.residual, configuration.norm, configuration.upsamplingBias) = (true, .batch, true)
            }
            return .dynUNet(configuration)
        case "transbts":
            var configuration = TransBTSConfiguration()
            configuration.patchSize = patch
            (configuration.dropout, configuration.attentionDropout) = (0, 0)
            if isNarrow {
                (configuration.inputChannels, configuration.classes) = (2, 3)
                (configuration.featureSize, configuration.hiddenSize) = (8, 256)
                (configuration.heads, configuration.feedForwardSize) = (4, 64)
            }
            return .transBTS(configuration)
        case _ where family.hasPrefix("setr3d_"):
            var configuration = SETRConfiguration()
            configuration.patchSize = patch
            configuration.decoder = SETRConfiguration.Decoder(rawValue: String(family.suffix(3)))!
            if isNarrow {
                configuration.classes = 3
                (configuration.hiddenSize, configuration.feedForwardSize) = (24, 48)
                (configuration.heads, configuration.layers) = (3, 4)
                (configuration.decoderChannels, configuration.headChannels) = (12, 8)
            }
            return .setr(configuration)
        case "transunet3d":
            var configuration = TransUNet3DConfiguration()
            (configuration.patchSize, configuration.dropout) = (patch, 0)
            if isNarrow {
                configuration.classes = 3
                configuration.features = [4, 8, 16, 16]
                configuration.kernels = [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]]
                configuration.strides = [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2]]
                (configuration.hiddenSize, configuration.feedForwardSize) = (24, 48)
                (configuration.heads, configuration.layers) = (3, 2)
            }
            return .transUNet3D(configuration)
        case "cotr":
            var configuration = CoTrConfiguration()
            (configuration.patchSize, configuration.dropout) = (patch, 0)
            if isNarrow {
                configuration.classes = 3
                (configuration.features, configuration.feedForwardSize) = ([8, 12, 24], 48)
                (configuration.heads, configuration.layers) = (3, 2)
            }
            return .coTr(configuration)
        case "transunet":
            var configuration = TransUNetConfiguration()
            (configuration.patchSize, configuration.dropout) = (patch, 0)
            if isNarrow {
                (configuration.classes, configuration.depths, configuration.featureSize) = (3, [1, 2, 1], 32)
                (configuration.hiddenSize, configuration.feedForwardSize) = (48, 96)
                (configuration.heads, configuration.layers) = (3, 2)
                (configuration.decoderChannels, configuration.headChannels) = ([24, 16, 12, 8], 40)
            }
            return .transUNet(configuration)
        case "swin_unet":
            var configuration = SwinUNetConfiguration()
            (configuration.inputChannels, configuration.patchSize, configuration.pathDropout) = (3, patch, 0)
            if isNarrow {
                (configuration.classes, configuration.featureSize, configuration.window) = (3, 12, 4)
                configuration.depths = name.hasPrefix("train_") ? [2, 1, 1, 1] : [2, 2, 1, 1]
                configuration.heads = [1, 2, 3, 6]
            }
            return .swinUNet(configuration)
        case "missformer":
            var configuration = MISSFormerConfiguration()
            configuration.patchSize = patch
            if isNarrow { (configuration.classes, configuration.featureSize) = (3, 8) }
            return .missFormer(configuration)
        default: return .medNeXt(medNeXt(family, isNarrow: isNarrow, patch: patch))
        }
    }

    /// "mednext_s_k3" and such, or "mednext" with what differs from the narrow network's settings.
    private static func medNeXt(_ family: String, isNarrow: Bool, patch: Size3) -> MedNeXtConfiguration {
        let letter = family.dropFirst("mednext_".count).prefix(1).uppercased()
        var configuration = MedNeXtConfiguration(isNarrow ? .base : MedNeXtConfiguration.Variant(rawValue: letter)!)
        configuration.patchSize = patch
        configuration.kernel = family.hasSuffix("k5") || family.hasSuffix("upkern") ? 5 : 3
        configuration.globalResponse = family.hasSuffix("grn")
        if isNarrow {
            configuration.classes = 3
            configuration.featureSize = 4
            configuration.depths = [1, 2, 1, 1, 1, 1, 1, 1, 1]
        }
        return configuration
    }
}
