import UNETRSupport

extension NetworkDescription.Architecture {
    /// Myronenko, BrainLes 2018, as in MONAI.
    public static let segResNet = Self("segresnet", displayName: "SegResNet", trainingCopies: 1.9, usual: SegResNetConfiguration.usual)
}

extension NetworkDescription {
    /// A SegResNet with these settings.
    public static func segResNet(_ configuration: SegResNetConfiguration) -> NetworkDescription { .init(configuration) }
}

extension SegResNetConfiguration {
    /// SegResNet.
    public var architecture: NetworkDescription.Architecture { .segResNet }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.patch(inUnitsOf: [8, 8, 8])
        return configuration
    }
}
