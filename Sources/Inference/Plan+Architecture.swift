public import Networks
public import Preparation

extension Plan {
    /// The plan with another network for the same data, in its usual size.
    ///
    /// Spacing, normalisation and batch stay; the patch is rounded up to what the network can take: multiples of 16 (UNETR), of 32 (Swin
    /// UNETR), of the stem × 8 (nnFormer), or of the strides that nnU-Net's rule gives for spacing and patch. A plan whose network has
    /// that architecture already stays as it is.
    /// - Throws: `ConfigurationError`.
    public func with(architecture: NetworkDescription.Architecture) throws -> Plan {
        // A plan taken over from nnU-Net has no network yet.
        if let own = try? networkDescription(), own.architecture == architecture { return self }
        let description = try usualNetwork(architecture)
        var plan = self
        plan.patchSize = description.patchSize
        return try plan.with(network: description)
    }

    private func usualNetwork(_ architecture: NetworkDescription.Architecture) throws -> NetworkDescription {
        func roundedUp(to unit: [Int]) -> [Int] { zip(patchSize, unit).map { ($0 + $1 - 1) / $1 * $1 } }
        let (channels, classes) = (channelNames.count, labels.outputCount)
        switch architecture {
        case .unetrPlusPlus:
            var configuration = UNETRPlusPlusConfiguration(.synapse)
            configuration.stem = usualStem
            (configuration.inputChannels, configuration.classes) = (channels, classes)
            configuration.patchSize = roundedUp(to: configuration.stem.map { $0 * 8 })
            return .unetrPlusPlus(configuration)
        case .unetr:
            var configuration = UNETRConfiguration()
            (configuration.inputChannels, configuration.classes) = (channels, classes)
            configuration.patchSize = roundedUp(to: [16, 16, 16])
            return .unetr(configuration)
        case .swinUNETR:
            var configuration = SwinUNETRConfiguration()
            (configuration.inputChannels, configuration.classes) = (channels, classes)
            configuration.patchSize = roundedUp(to: [32, 32, 32])
            return .swinUNETR(configuration)
        case .nnFormer:
            var configuration = NNFormerConfiguration(.synapse)
            configuration.stem = usualStem
            (configuration.inputChannels, configuration.classes) = (channels, classes)
            configuration.patchSize = roundedUp(to: configuration.stem.map { $0 * 8 })
            return .nnFormer(configuration)
        case .nnUNet, .nnUNetResidual:
            var configuration = usualUNet(architecture == .nnUNet ? .plain : .residual)
            (configuration.inputChannels, configuration.classes) = (channels, classes)
            return .nnUNet(configuration)
        }
    }

    /// 4 along fine axes, halved for each doubling of the spacing and where two units of stem × 8 would not fit the patch.
    private var usualStem: [Int] {
        let finest = targetSpacing.min() ?? 1
        return zip(targetSpacing, patchSize).map { spacing, size in
            var stem = 4, coarseness = spacing / finest
            while coarseness >= 2, stem > 1 { (stem, coarseness) = (stem / 2, coarseness / 2) }
            while stem > 1, 2 * stem * 8 > size { stem /= 2 }
            return stem
        }
    }

    /// Stages by nnU-Net's rule, 32 channels doubled up to 320; the depths of its published presets.
    private func usualUNet(_ encoder: NNUNetConfiguration.Encoder) -> NNUNetConfiguration {
        let rule = PoolingRule(spacing: targetSpacing, patchSize: patchSize)
        // At least one stage below the finest, for tiny patches too.
        let poolings = rule.poolingKernels.isEmpty ? [[1, 1, 1]] : rule.poolingKernels
        let stages = poolings.count + 1
        var configuration = NNUNetConfiguration(encoder)
        configuration.patchSize = rule.paddedPatch
        configuration.strides = [[1, 1, 1]] + poolings
        configuration.kernels = rule.convolutionKernels.count == stages ? rule.convolutionKernels : Array(repeating: [3, 3, 3], count: stages)
        configuration.features = (0..<stages).map { min(32 << $0, 320) }
        configuration.depths = (0..<stages).map { encoder == .plain ? 2 : [1, 3, 4, 6][min($0, 3)] }
        configuration.decoderDepths = Array(repeating: encoder == .plain ? 2 : 1, count: stages - 1)
        configuration.supervisedOutputs = max(1, stages - 2)
        return configuration
    }
}
