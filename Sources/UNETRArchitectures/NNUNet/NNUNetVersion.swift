package import UNETRSupport

/// What two versions of nnU-Net have in another way: what checkpoints call the parts of the plain U-Net, and some of its settings.
package enum NNUNetVersion: Sendable {
    /// `Generic_UNet`, whose transposed convolutions and heads have no bias.
    case v1
    /// `PlainConvUNet`.
    case v2

    /// Whether transposed convolutions and heads have a bias.
    package var hasBiases: Bool { self == .v2 }

    /// The kernel of the decoder's convolutions at a stage of the encoder: in version 1 that of the next coarser one.
    package func decoderKernel(_ level: Int, of configuration: NNUNetConfiguration) -> Size3 {
        configuration.kernels[self == .v1 ? level + 1 : level]
    }

    /// The normalization within a unit.
    package var norm: String { self == .v1 ? "instnorm" : "norm" }

    /// A convolution with its normalization in the encoder.
    package func encoderUnit(_ unit: Int, stage: Int, of configuration: NNUNetConfiguration) -> String {
        switch self {
        case .v2: return "encoder.stages.\(stage).0.convs.\(unit)"
        case .v1:
            let isLowest = stage == configuration.features.count - 1
            return "conv_blocks_context.\(stage)." + (isLowest ? halves(unit, of: configuration.depths[stage]) : "blocks.\(unit)")
        }
    }

    /// The same in the decoder, whose stages are counted from the coarsest.
    package func decoderUnit(_ unit: Int, stage: Int, of configuration: NNUNetConfiguration) -> String {
        switch self {
        case .v2: "decoder.stages.\(stage).convs.\(unit)"
        case .v1: "conv_blocks_localization.\(stage)." + halves(unit, of: configuration.decoderDepths[stage])
        }
    }

    /// The transposed convolution into a stage of the decoder.
    package func upsampling(stage: Int) -> String { (self == .v1 ? "tu." : "decoder.transpconvs.") + "\(stage)" }

    /// The output of a stage of the decoder.
    package func head(stage: Int) -> String { (self == .v1 ? "seg_outputs." : "decoder.seg_layers.") + "\(stage)" }

    /// Version 1 has the last convolution of some stages apart.
    private func halves(_ unit: Int, of count: Int) -> String { unit == count - 1 ? "1.blocks.0" : "0.blocks.\(unit)" }
}
