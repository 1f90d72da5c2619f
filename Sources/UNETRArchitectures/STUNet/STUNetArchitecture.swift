import UNETRSupport

extension NetworkDescription.Architecture {
    /// Huang et al., 2023 (arXiv 2304.06716).
    public static let stuNet = Self("stunet", displayName: "STU-Net", trainingCopies: 2.05, usual: STUNetConfiguration.usual)
}

extension NetworkDescription {
    /// An STU-Net with these settings.
    public static func stuNet(_ configuration: STUNetConfiguration) -> NetworkDescription { .init(configuration) }
}

extension STUNetConfiguration {
    /// STU-Net.
    public var architecture: NetworkDescription.Architecture { .stuNet }

    /// The base, its strides by nnU-Net's rule; always six stages, so that published weights fit.
    @Sendable static func usual(for task: NetworkTask) -> Self {
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        let strides = PoolingRule(spacing: task.spacing, patchSize: task.patchSize).strides(atMost: 5)
        configuration.strides = strides + Array(repeating: [1, 1, 1], count: 5 - strides.count)
        configuration.patchSize = task.patch(inUnitsOf: strides.product)
        return configuration
    }
}
