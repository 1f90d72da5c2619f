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
