import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// A transposed convolution to twice the size, the encoder's tensor there beside it, and a residual block over both (MONAI's `UnetrUpBlock`).
struct UpsamplingBlock {
    private let upsampling: TransposedConvolution
    private let block: ResidualBlock

    init(_ scope: Scope, from inputs: Int, to outputs: Int) throws {
        upsampling = try TransposedConvolution(scope / "transp_conv" / "conv", from: inputs, to: outputs, stride: [2, 2, 2])
        block = try ResidualBlock(scope / "conv_block", from: 2 * outputs, to: outputs, norm: .instance)
    }

    /// [N, inputs, D, H, W] and the skip [N, outputs, 2D, 2H, 2W] → [N, outputs, 2D, 2H, 2W].
    func callAsFunction(_ x: Tensor, skip: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try block(Tensor.concatenated([upsampling(x), skip], axis: 1), pass)
    }
}
