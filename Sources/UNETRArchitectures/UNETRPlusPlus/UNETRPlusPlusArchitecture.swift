import UNETRSupport

extension NetworkDescription.Architecture {
    /// Shaker et al., IEEE TMI 2024.
    public static let unetrPlusPlus = Self(
        "unetr-plus-plus", displayName: "UNETR++",
        published: [.init("UNETR++", parameters: 42.96, multiplyAdds: 47.98, synapse: 87.22, btcv: 83.28, source: .unetrPlusPlus)],
        trainingCopies: 2.35, usual: UNETRPlusPlusConfiguration.usual)
}

extension NetworkDescription {
    /// A UNETR++ with these settings.
    public static func unetrPlusPlus(_ configuration: UNETRPlusPlusConfiguration) -> NetworkDescription { .init(configuration) }
}

extension UNETRPlusPlusConfiguration {
    /// UNETR++.
    public var architecture: NetworkDescription.Architecture { .unetrPlusPlus }

    /// The published settings of synapse with a stem for the spacing.
    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self(.synapse)
        configuration.stem = Stem.usual(spacing: task.spacing, scan: task.patchSize)
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.patch(inUnitsOf: configuration.stem.multiplied(by: [8, 8, 8]))
        return configuration
    }
}
