import UNETRSupport

extension NetworkDescription.Architecture {
    /// Xie et al., MICCAI 2021.
    public static let coTr = Self(
        "cotr", displayName: "CoTr", published: [.init("CoTr", parameters: 46.51, multiplyAdds: 399.21, source: .unetrSlides)],
        trainingCopies: 2.4, usual: CoTrConfiguration.usual)
}

extension NetworkDescription {
    /// A CoTr with these settings.
    public static func coTr(_ configuration: CoTrConfiguration) -> NetworkDescription { .init(configuration) }
}

extension CoTrConfiguration {
    /// CoTr.
    public var architecture: NetworkDescription.Architecture { .coTr }

    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = task.patch(inUnitsOf: [8, 16, 16])
        return configuration
    }
}
