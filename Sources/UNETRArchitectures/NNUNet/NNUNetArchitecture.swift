import UNETRSupport

extension NetworkDescription.Architecture {
    /// The U-Net of nnU-Net with a plain encoder: Isensee et al., Nature Methods 2021.
    public static let nnUNet = Self(
        "nnunet", displayName: "nnU-Net",
        published: [
            .init("nnU-Net", btcv: 83.16, source: .unetrPlusPlus),
            .init("nnU-Net", parameters: 19.07, multiplyAdds: 412.65, source: .unetrSlides),
        ],
        trainingCopies: 3.2, usual: { NNUNetConfiguration.usual(.plain, for: $0) },
        decode: { try NNUNetConfiguration(from: $0, encoder: .plain) })

    /// The same with a residual encoder: Isensee et al., MICCAI 2024.
    public static let nnUNetResidual = Self(
        "nnunet-resenc", displayName: "nnU-Net ResEnc", trainingCopies: 2.1, usual: { NNUNetConfiguration.usual(.residual, for: $0) },
        decode: { try NNUNetConfiguration(from: $0, encoder: .residual) })
}

extension NetworkDescription {
    /// A U-Net with these settings, of which the encoder decides about the architecture.
    public static func nnUNet(_ configuration: NNUNetConfiguration) -> NetworkDescription { .init(configuration) }
}

extension NNUNetConfiguration {
    /// nnU-Net, plain or residual.
    public var architecture: NetworkDescription.Architecture { encoder == .plain ? .nnUNet : .nnUNetResidual }

    /// Stages by nnU-Net's rule, 32 channels doubled up to 320; the depths of its published presets.
    static func usual(_ encoder: Encoder, for task: NetworkTask) -> Self {
        let rule = PoolingRule(spacing: task.spacing, patchSize: task.patchSize)
        // At least one stage below the finest, for tiny patches too.
        let poolings: [Size3] = rule.poolingKernels.isEmpty ? [[1, 1, 1]] : rule.poolingKernels
        let stages = poolings.count + 1
        var configuration = Self(encoder)
        (configuration.inputChannels, configuration.classes) = (task.inputChannels, task.classes)
        configuration.patchSize = rule.paddedPatch
        configuration.strides = [[1, 1, 1]] + poolings
        configuration.kernels = rule.convolutionKernels.count == stages ? rule.convolutionKernels : Array(repeating: [3, 3, 3], count: stages)
        configuration.features = (0..<stages).map { min(32 << $0, 320) }
        configuration.depths = (0..<stages).map { encoder == .plain ? 2 : [1, 3, 4, 6][min($0, 3)] }
        configuration.decoderDepths = Array(repeating: encoder == .plain ? 2 : 1, count: stages - 1)
        configuration.supervisedOutputs = usualSupervisedOutputs(stages: stages)
        return configuration
    }

    /// Reads the settings of an architecture, whose encoder they may name but not change.
    init(from decoder: any Decoder, encoder: Encoder) throws {
        try self.init(from: decoder) { try Self.defaults(for: $0, encoder: encoder) }
        try demand(self.encoder == encoder, "encoder", self.encoder.rawValue, "plain for the architecture nnunet, residual for nnunet-resenc")
    }
}
