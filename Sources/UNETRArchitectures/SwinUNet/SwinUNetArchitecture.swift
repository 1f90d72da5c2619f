import UNETRSupport

extension NetworkDescription.Architecture {
    /// Cao et al., ECCV Workshops 2022: one slice at a time.
    public static let swinUNet = Self("swin-unet", displayName: "Swin-Unet", trainingCopies: 2.45, usual: SwinUNetConfiguration.usual)
}

extension NetworkDescription {
    /// A Swin-Unet with these settings.
    public static func swinUNet(_ configuration: SwinUNetConfiguration) -> NetworkDescription { .init(configuration) }
}

extension SwinUNetConfiguration {
    /// Swin-Unet.
    public var architecture: NetworkDescription.Architecture { .swinUNet }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.slice(inUnitsOf: side)
        return configuration
    }
}
