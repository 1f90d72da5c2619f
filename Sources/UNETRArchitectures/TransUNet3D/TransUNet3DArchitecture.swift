import UNETRSupport

extension NetworkDescription.Architecture {
    /// Chen et al., 2023 (arXiv 2310.07781): the form with a transformer in the encoder only.
    public static let transUNet3D = Self(
        "transunet3d", displayName: "3D TransUNet", trainingCopies: 2.4, usual: TransUNet3DConfiguration.usual)
}

extension NetworkDescription {
    /// A 3D TransUNet with these settings.
    public static func transUNet3D(_ configuration: TransUNet3DConfiguration) -> NetworkDescription { .init(configuration) }
}

extension TransUNet3DConfiguration {
    /// 3D TransUNet.
    public var architecture: NetworkDescription.Architecture { .transUNet3D }

    /// The stages that nnU-Net's U-Net would have.
    @Sendable static func usual(for task: NetworkTask) -> Self {
        let unet = NNUNetConfiguration.usual(.plain, for: task)
        var configuration = Self()
        (configuration.inputChannels, configuration.classes, configuration.patchSize) = (unet.inputChannels, unet.classes, unet.patchSize)
        (configuration.features, configuration.kernels, configuration.strides) = (unet.features, unet.kernels, unet.strides)
        return configuration
    }
}
