import UNETRSupport

extension NetworkDescription.Architecture {
    /// A plain U-Net as MONAI has it, after Falk et al., Nature Methods 2019.
    public static let basicUNet = Self("basic-unet", displayName: "Basic U-Net", trainingCopies: 3.3, usual: BasicUNetConfiguration.usual)
}

extension NetworkDescription {
    /// A Basic U-Net with these settings.
    public static func basicUNet(_ configuration: BasicUNetConfiguration) -> NetworkDescription { .init(configuration) }
}

extension BasicUNetConfiguration {
    /// Basic U-Net.
    public var architecture: NetworkDescription.Architecture { .basicUNet }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.patch(inUnitsOf: [16, 16, 16])
        return configuration
    }
}
