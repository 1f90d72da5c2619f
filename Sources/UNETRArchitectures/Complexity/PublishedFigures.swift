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
    /// Where the figures were published.
    public var source: Source

    /// Where figures were printed.
    public enum Source: String, Sendable, Codable, CaseIterable {
        /// Shaker et al., IEEE TMI 2024: the network for Synapse, 64 × 128 × 128.
        case unetrPlusPlus = "UNETR++ paper"
        /// The authors' slides on UNETR: networks for patches of their own.
        case unetrSlides = "UNETR slides"
    }

    init(
        _ name: String, parameters: Double? = nil, multiplyAdds: Double? = nil, synapse: Double? = nil, btcv: Double? = nil, source: Source
    ) {
        (self.name, self.parameters, self.multiplyAdds) = (name, parameters, multiplyAdds)
        (synapseDice, btcvDice, self.source) = (synapse, btcv, source)
    }

    /// All that are known, by source: first those of the networks here, in the registry's order, then others.
    public static let all: [PublishedFigures] = {
        let own = Architectures.all.flatMap { architecture in
            architecture.published.map { figures in
                var figures = figures
                figures.architecture = architecture
                return figures
            }
        }
        return Source.allCases.flatMap { source in (own + others).filter { $0.source == source } }
    }()

    /// Those of networks that are not here.
    private static let others: [PublishedFigures] = [
        .init("SETR", parameters: 86.03, multiplyAdds: 43.49, source: .unetrSlides),
        .init("ASPP", parameters: 47.92, multiplyAdds: 44.87, source: .unetrSlides),
    ]
}
