import UNETRSupport

extension NetworkDescription.Architecture {
    /// Zhou et al., IEEE TIP 2023.
    public static let nnFormer = Self(
        "nnformer", displayName: "nnFormer",
        published: [.init("nnFormer", parameters: 150.5, multiplyAdds: 213.4, synapse: 86.57, btcv: 81.62, source: .unetrPlusPlus)],
        trainingCopies: 2.45, usual: NNFormerConfiguration.usual)
}

extension NetworkDescription {
    /// An nnFormer with these settings.
    public static func nnFormer(_ configuration: NNFormerConfiguration) -> NetworkDescription { .init(configuration) }
}

extension NNFormerConfiguration {
    /// nnFormer.
    public var architecture: NetworkDescription.Architecture { .nnFormer }

    /// The published settings of synapse with a stem for the spacing.
    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self(.synapse)
        configuration.stem = Stem.usual(spacing: task.spacing, scan: task.patchSize)
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.patch(inUnitsOf: configuration.stem.multiplied(by: [8, 8, 8]))
        return configuration
    }
}
