import UNETRSupport

extension NetworkDescription.Architecture {
    /// Chen et al., 2021 (arXiv 2102.04306): one slice at a time.
    public static let transUNet = Self(
        "transunet", displayName: "TransUNet", published: [.init("TransUNet", parameters: 96.07, multiplyAdds: 48.34, source: .unetrSlides)],
        trainingCopies: 1.65, usual: TransUNetConfiguration.usual)
}

extension NetworkDescription {
    /// A TransUNet with these settings.
    public static func transUNet(_ configuration: TransUNetConfiguration) -> NetworkDescription { .init(configuration) }
}

extension TransUNetConfiguration {
    /// TransUNet.
    public var architecture: NetworkDescription.Architecture { .transUNet }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.slice(inUnitsOf: side)
        return configuration
    }
}
