import UNETRSupport

/// A network that is known by name: the four published ones, and the one shipped with this project.
public enum NetworkPreset: String, Codable, Sendable, CaseIterable {
    /// UNETR++ for Synapse and BTCV, 64×128×128.
    case synapse
    /// UNETR++ for ACDC, 16×160×160.
    case acdc
    /// UNETR++ for lung tumors, 32×192×192.
    case lung
    /// UNETR++ for BraTS, 128×128×128.
    case tumor
    /// The network of `Models/hippocampus`.
    case hippocampus

    /// The published network.
    public var network: NetworkDescription {
        switch self {
        case .synapse: .unetrPlusPlus(UNETRPlusPlusConfiguration(.synapse))
        case .acdc: .unetrPlusPlus(UNETRPlusPlusConfiguration(.acdc))
        case .lung: .unetrPlusPlus(UNETRPlusPlusConfiguration(.lung))
        case .tumor: .unetrPlusPlus(UNETRPlusPlusConfiguration(.tumor))
        case .hippocampus: .unetrPlusPlus(Self.hippocampusConfiguration)
        }
    }

    private static var hippocampusConfiguration: UNETRPlusPlusConfiguration {
        var configuration = UNETRPlusPlusConfiguration(.synapse)
        configuration.classes = 3
        configuration.patchSize = [48, 64, 48]
        configuration.stem = [2, 2, 2]
        configuration.depths = [1, 1, 1, 1]
        configuration.decoderDepth = 1
        configuration.projectedTokens = [32, 32, 32, 32]
        configuration.decoderProjectedTokens = 32
        configuration.spatialOrder = .positionPreserving
        configuration.attentionDropout = 0
        return configuration
    }
}
