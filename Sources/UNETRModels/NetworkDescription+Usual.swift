public import UNETRArchitectures
import UNETRPreparation

extension NetworkDescription {
    /// A network of that architecture in its usual size.
    ///
    /// The patch is rounded up to what the network can take: multiples of 16 (UNETR), of 32 (Swin UNETR), of the stem × 8 (UNETR++,
    /// nnFormer), or of the strides that nnU-Net's rule gives for spacing and patch.
    /// - Parameters:
    ///   - classes: background included.
    ///   - patchSize: voxels [D, H, W].
    ///   - spacing: mm, or any unit, along [D, H, W]; nil: that at which the patch is a cube.
    public static func usual(
        _ architecture: Architecture, inputChannels: Int, classes: Int, patchSize: [Int], spacing: [Double]? = nil
    ) -> NetworkDescription {
        let spacing = spacing ?? Stem.cubicSpacing(of: patchSize)
        func roundedUp(to unit: [Int]) -> [Int] { zip(patchSize, unit).map { ($0 + $1 - 1) / $1 * $1 } }
        switch architecture {
        case .unetrPlusPlus:
            var configuration = UNETRPlusPlusConfiguration(.synapse)
            configuration.stem = Stem.usual(spacing: spacing, patchSize: patchSize)
            (configuration.inputChannels, configuration.classes) = (inputChannels, classes)
            configuration.patchSize = roundedUp(to: configuration.stem.map { $0 * 8 })
            return .unetrPlusPlus(configuration)
        case .unetr:
            var configuration = UNETRConfiguration()
            (configuration.inputChannels, configuration.classes) = (inputChannels, classes)
            configuration.patchSize = roundedUp(to: [16, 16, 16])
            return .unetr(configuration)
        case .swinUNETR:
            var configuration = SwinUNETRConfiguration()
            (configuration.inputChannels, configuration.classes) = (inputChannels, classes)
            configuration.patchSize = roundedUp(to: [32, 32, 32])
            return .swinUNETR(configuration)
        case .nnFormer:
            var configuration = NNFormerConfiguration(.synapse)
            configuration.stem = Stem.usual(spacing: spacing, patchSize: patchSize)
            (configuration.inputChannels, configuration.classes) = (inputChannels, classes)
            configuration.patchSize = roundedUp(to: configuration.stem.map { $0 * 8 })
            return .nnFormer(configuration)
        case .nnUNet, .nnUNetResidual:
            var configuration = usualUNet(architecture == .nnUNet ? .plain : .residual, patchSize: patchSize, spacing: spacing)
            (configuration.inputChannels, configuration.classes) = (inputChannels, classes)
            return .nnUNet(configuration)
        }
    }

    /// Stages by nnU-Net's rule, 32 channels doubled up to 320; the depths of its published presets.
    private static func usualUNet(
        _ encoder: NNUNetConfiguration.Encoder, patchSize: [Int], spacing: [Double]
    ) -> NNUNetConfiguration {
        let rule = PoolingRule(spacing: spacing, patchSize: patchSize)
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
