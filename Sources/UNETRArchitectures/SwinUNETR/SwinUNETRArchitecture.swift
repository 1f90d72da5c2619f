import UNETRSupport

extension NetworkDescription.Architecture {
    /// Hatamizadeh et al., BrainLes 2021, as in MONAI.
    public static let swinUNETR = Self(
        "swin-unetr", displayName: "Swin UNETR",
        published: [.init("Swin UNETR", parameters: 62.83, multiplyAdds: 384.2, synapse: 83.48, btcv: 80.44, source: .unetrPlusPlus)],
        trainingCopies: 3.05, usual: SwinUNETRConfiguration.usual)
}

extension NetworkDescription {
    /// A Swin UNETR with these settings.
    public static func swinUNETR(_ configuration: SwinUNETRConfiguration) -> NetworkDescription { .init(configuration) }
}

extension SwinUNETRConfiguration {
    /// Swin UNETR.
    public var architecture: NetworkDescription.Architecture { .swinUNETR }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.patch(inUnitsOf: [32, 32, 32])
        return configuration
    }
}
