public import UNETRArchitectures
import UNETRSupport

/// The networks that fvcore was run on.
public enum PublishedNetworks {
    public static func description(_ name: String) -> NetworkDescription {
        switch name {
        case "unetr", "unetr 96":
            var configuration = UNETRConfiguration()
            if name == "unetr" { configuration.patchSize = [64, 128, 128] }
            return .unetr(configuration)
        case "unetr convolution":
            var configuration = NarrowNetworks.unetr
            (configuration.inputChannels, configuration.layers, configuration.embedding) = (2, 12, .convolution)
            configuration.attentionBias = true
            return .unetr(configuration)
        case "swin-unetr", "swin-unetr 96":
            var configuration = SwinUNETRConfiguration()
            if name == "swin-unetr" { configuration.patchSize = [64, 128, 128] }
            return .swinUNETR(configuration)
        case "nnformer": return .nnFormer(.init(.synapse))
        case "nnformer acdc": return .nnFormer(.init(.acdc))
        case "nnformer tumor": return .nnFormer(.init(.tumor))
        default:
            var configuration = NNUNetConfiguration(name.contains("resenc") ? .residual : .plain)
            configuration.patchSize = [64, 128, 128]
            if name.hasSuffix("flat") {
                configuration.patchSize = [48, 128, 128]
                configuration.kernels[0] = [1, 3, 3]
                configuration.strides[1] = [1, 2, 2]
                configuration.strides[5] = [1, 2, 2]
            }
            return .nnUNet(configuration)
        }
    }
}
