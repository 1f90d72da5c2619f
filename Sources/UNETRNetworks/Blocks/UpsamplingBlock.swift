import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// A transposed convolution to a larger size, the encoder's tensor there beside it, and a residual block over both (MONAI's `UnetrUpBlock`),
/// or two convolutions without a shortcut (its `UnetUpBlock`).
struct UpsamplingBlock {
    private let upsampling: TransposedConvolution
    private let block: ResidualBlock

    /// - Parameters:
    ///   - kernel: of the block's convolutions.
    ///   - stride: how much larger the result is.
    ///   - bias: whether the transposed convolution has one.
    init(
        _ scope: Scope, from inputs: Int, to outputs: Int, kernel: Size3 = [3, 3, 3], stride: Size3 = [2, 2, 2], bias: Bool = false,
        norm: NormKind = .instance, isResidual: Bool = true, initial: Initializer = .kaiming
    ) throws {
        upsampling = try TransposedConvolution(
            scope / "transp_conv" / "conv", from: inputs, to: outputs, stride: Array(stride), bias: bias, initial: initial)
        block = try ResidualBlock(
            scope / "conv_block", from: 2 * outputs, to: outputs, kernel: kernel, norm: norm, isResidual: isResidual, initial: initial)
    }

    /// [N, inputs, D, H, W] and the skip [N, outputs, D′, H′, W′] of the larger size → the skip's shape.
    func callAsFunction(_ x: Tensor, skip: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try block(Tensor.concatenated([upsampling(x), skip], axis: 1), pass)
    }
}
