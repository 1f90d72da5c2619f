import UNETRSupport

extension NetworkDescription.Architecture {
    /// Wang et al., MICCAI 2021.
    public static let transBTS = Self("transbts", displayName: "TransBTS", trainingCopies: 2.65, usual: TransBTSConfiguration.usual)
}

extension NetworkDescription {
    /// A TransBTS with these settings.
    public static func transBTS(_ configuration: TransBTSConfiguration) -> NetworkDescription { .init(configuration) }
}

extension TransBTSConfiguration {
    /// TransBTS.
    public var architecture: NetworkDescription.Architecture { .transBTS }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.patch(inUnitsOf: [8, 8, 8])
        return configuration
    }
}
