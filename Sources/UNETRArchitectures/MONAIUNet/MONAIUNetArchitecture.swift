import UNETRSupport

extension NetworkDescription.Architecture {
    /// The U-Net with residual units of MONAI: Kerfoot et al., STACOM 2018.
    public static let monaiUNet = Self(
        "monai-unet", displayName: "MONAI U-Net", trainingCopies: 4.0, usual: MONAIUNetConfiguration.usual)
}

extension NetworkDescription {
    /// A U-Net of MONAI with these settings.
    public static func monaiUNet(_ configuration: MONAIUNetConfiguration) -> NetworkDescription { .init(configuration) }
}

extension MONAIUNetConfiguration {
    /// MONAI's U-Net.
    public var architecture: NetworkDescription.Architecture { .monaiUNet }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        (configuration.channels, configuration.strides, configuration.patchSize) = task.levelsOfMONAI
        return configuration
    }
}
