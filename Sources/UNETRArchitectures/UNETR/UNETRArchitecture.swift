import UNETRSupport

extension NetworkDescription.Architecture {
    /// Hatamizadeh et al., WACV 2022, as in MONAI.
    public static let unetr = Self(
        "unetr", displayName: "UNETR",
        published: [
            .init("UNETR", parameters: 92.49, multiplyAdds: 75.76, synapse: 78.35, btcv: 76.00, source: .unetrPlusPlus),
            .init("UNETR", parameters: 92.58, multiplyAdds: 41.19, source: .unetrSlides),
        ],
        trainingCopies: 1.75, usual: UNETRConfiguration.usual)
}

extension NetworkDescription {
    /// A UNETR with these settings.
    public static func unetr(_ configuration: UNETRConfiguration) -> NetworkDescription { .init(configuration) }
}

extension UNETRConfiguration {
    /// UNETR.
    public var architecture: NetworkDescription.Architecture { .unetr }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.patch(inUnitsOf: [16, 16, 16])
        return configuration
    }
}
