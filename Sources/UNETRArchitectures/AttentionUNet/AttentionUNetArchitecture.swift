import UNETRSupport

extension NetworkDescription.Architecture {
    /// Oktay et al., MIDL 2018, as in MONAI.
    public static let attentionUNet = Self(
        "attention-unet", displayName: "Attention U-Net", trainingCopies: 2.65, usual: AttentionUNetConfiguration.usual)
}

extension NetworkDescription {
    /// An Attention U-Net with these settings.
    public static func attentionUNet(_ configuration: AttentionUNetConfiguration) -> NetworkDescription { .init(configuration) }
}

extension AttentionUNetConfiguration {
    /// Attention U-Net.
    public var architecture: NetworkDescription.Architecture { .attentionUNet }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        (configuration.channels, configuration.strides, configuration.patchSize) = task.levelsOfMONAI
        return configuration
    }
}
