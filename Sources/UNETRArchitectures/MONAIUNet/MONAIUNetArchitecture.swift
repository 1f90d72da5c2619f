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

    /// At most four strides by nnU-Net's rule, 16 channels doubled at each level.
    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.strides = PoolingRule(spacing: task.spacing, patchSize: task.patchSize).strides(atMost: 4)
        configuration.channels = (0...configuration.strides.count).map { 16 << $0 }
        configuration.patchSize = task.patch(inUnitsOf: configuration.strides.product)
        return configuration
    }
}
