import UNETRSupport

extension NetworkDescription.Architecture {
    /// Zheng et al., CVPR 2021, whose two dimensions are three here.
    public static let setr = Self("setr", displayName: "SETR", trainingCopies: 1.75, usual: SETRConfiguration.usual)
}

extension NetworkDescription {
    /// A SETR with these settings.
    public static func setr(_ configuration: SETRConfiguration) -> NetworkDescription { .init(configuration) }
}

extension SETRConfiguration {
    /// SETR.
    public var architecture: NetworkDescription.Architecture { .setr }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.patch(inUnitsOf: [16, 16, 16])
        return configuration
    }
}
