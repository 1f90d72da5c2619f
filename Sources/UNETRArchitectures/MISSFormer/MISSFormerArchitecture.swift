import UNETRSupport

extension NetworkDescription.Architecture {
    /// Huang et al., IEEE TMI 2023 (arXiv 2109.07162): one slice at a time.
    public static let missFormer = Self("missformer", displayName: "MISSFormer", trainingCopies: 1.6, usual: MISSFormerConfiguration.usual)
}

extension NetworkDescription {
    /// A MISSFormer with these settings.
    public static func missFormer(_ configuration: MISSFormerConfiguration) -> NetworkDescription { .init(configuration) }
}

extension MISSFormerConfiguration {
    /// MISSFormer.
    public var architecture: NetworkDescription.Architecture { .missFormer }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.slice(inUnitsOf: side)
        return configuration
    }
}
