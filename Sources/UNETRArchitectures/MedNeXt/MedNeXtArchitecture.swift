import UNETRSupport

extension NetworkDescription.Architecture {
    /// Roy et al., MICCAI 2023.
    public static let medNeXt = Self("mednext", displayName: "MedNeXt", trainingCopies: 2.3, usual: MedNeXtConfiguration.usual)
}

extension NetworkDescription {
    /// A MedNeXt with these settings.
    public static func medNeXt(_ configuration: MedNeXtConfiguration) -> NetworkDescription { .init(configuration) }
}

extension MedNeXtConfiguration {
    /// MedNeXt.
    public var architecture: NetworkDescription.Architecture { .medNeXt }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.patch(inUnitsOf: [16, 16, 16])
        return configuration
    }
}
