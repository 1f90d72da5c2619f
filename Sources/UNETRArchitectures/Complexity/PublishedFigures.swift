/// What authors printed about a network: the sizes each measured in its own way, and the accuracy on two public data sets.
public struct PublishedFigures: Sendable, Equatable, Codable {
    /// As printed, such as "Swin UNETR".
    public var name: String
    /// The network of this project that it is; nil for networks that are not here.
    public var architecture: NetworkDescription.Architecture?
    /// Millions.
    public var parameters: Double?
    /// Thousand millions (G) of what the source calls FLOPs: pairs of a multiplication and an addition.
    public var multiplyAdds: Double?
    /// Mean Dice in % over the 8 organs of Synapse.
    public var synapseDice: Double?
    /// Mean Dice in % over the 13 organs of BTCV.
    public var btcvDice: Double?
    public var source: Source

    /// Where figures were printed.
    public enum Source: String, Sendable, Codable {
        /// Shaker et al., IEEE TMI 2024: the network for Synapse, 64 × 128 × 128.
        case unetrPlusPlus = "UNETR++ paper"
        /// The authors' slides on UNETR: networks for patches of their own.
        case unetrSlides = "UNETR slides"
    }

    init(
        _ name: String, _ architecture: NetworkDescription.Architecture? = nil, parameters: Double? = nil, multiplyAdds: Double? = nil,
        synapse: Double? = nil, btcv: Double? = nil, source: Source
    ) {
        (self.name, self.architecture, self.parameters, self.multiplyAdds) = (name, architecture, parameters, multiplyAdds)
        (synapseDice, btcvDice, self.source) = (synapse, btcv, source)
    }

    /// All that are known, by source.
    public static let all: [PublishedFigures] = [
        .init("UNETR++", .unetrPlusPlus, parameters: 42.96, multiplyAdds: 47.98, synapse: 87.22, btcv: 83.28, source: .unetrPlusPlus),
        .init("UNETR", .unetr, parameters: 92.49, multiplyAdds: 75.76, synapse: 78.35, btcv: 76.00, source: .unetrPlusPlus),
        .init("Swin UNETR", .swinUNETR, parameters: 62.83, multiplyAdds: 384.2, synapse: 83.48, btcv: 80.44, source: .unetrPlusPlus),
        .init("nnFormer", .nnFormer, parameters: 150.5, multiplyAdds: 213.4, synapse: 86.57, btcv: 81.62, source: .unetrPlusPlus),
        .init("nnU-Net", .nnUNet, btcv: 83.16, source: .unetrPlusPlus),
        .init("UNETR", .unetr, parameters: 92.58, multiplyAdds: 41.19, source: .unetrSlides),
        .init("nnU-Net", .nnUNet, parameters: 19.07, multiplyAdds: 412.65, source: .unetrSlides),
        .init("CoTr", parameters: 46.51, multiplyAdds: 399.21, source: .unetrSlides),
        .init("TransUNet", parameters: 96.07, multiplyAdds: 48.34, source: .unetrSlides),
        .init("SETR", parameters: 86.03, multiplyAdds: 43.49, source: .unetrSlides),
        .init("ASPP", parameters: 47.92, multiplyAdds: 44.87, source: .unetrSlides),
    ]
}

extension NetworkDescription.Architecture {
    /// The network's name in sentences and tables, such as "Swin UNETR".
    public var displayName: String {
        switch self {
        case .unetrPlusPlus: "UNETR++"
        case .unetr: "UNETR"
        case .swinUNETR: "Swin UNETR"
        case .nnFormer: "nnFormer"
        case .nnUNet: "nnU-Net"
        case .nnUNetResidual: "nnU-Net ResEnc"
        }
    }
}
