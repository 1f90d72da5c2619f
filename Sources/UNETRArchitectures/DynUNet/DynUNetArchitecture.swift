import UNETRSupport

extension NetworkDescription.Architecture {
    /// MONAI's form of nnU-Net: Futrega et al., BrainLes 2021.
    public static let dynUNet = Self("dynunet", displayName: "DynUNet", trainingCopies: 2.6, usual: DynUNetConfiguration.usual)
}

extension NetworkDescription {
    /// A DynUNet with these settings.
    public static func dynUNet(_ configuration: DynUNetConfiguration) -> NetworkDescription { .init(configuration) }
}

extension DynUNetConfiguration {
    /// DynUNet.
    public var architecture: NetworkDescription.Architecture { .dynUNet }

    /// Stages by nnU-Net's rule, 32 channels doubled up to 320; at least three stages, which MONAI needs.
    @Sendable static func usual(for task: NetworkTask) -> Self {
        let rule = PoolingRule(spacing: task.spacing, patchSize: task.patchSize)
        var configuration = Self()
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.strides = rule.strides(atMost: 11)
        if configuration.strides.count == 1 { configuration.strides.append([1, 1, 1]) }
        let stages = configuration.strides.count + 1
        configuration.kernels = rule.convolutionKernels.count == stages ? rule.convolutionKernels : Array(repeating: [3, 3, 3], count: stages)
        configuration.features = (0..<stages).map { min(32 << $0, 320) }
        configuration.patchSize = task.patch(inUnitsOf: configuration.strides.product)
        return configuration
    }
}
