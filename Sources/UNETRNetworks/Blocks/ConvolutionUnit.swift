import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// A convolution, an instance normalization and a leaky ReLU: what nnU-Net is made of (`ConvDropoutNormReLU`, without the dropout).
///
/// The published module saves its tensors a second time under `all_modules`.
struct ConvolutionUnit {
    let convolution: Convolution
    let norm: AnyNorm

    /// - Parameter scale: the norm's first scale.
    init(
        _ scope: Scope, from inputs: Int, to outputs: Int, kernel: Size3, stride: Size3 = [1, 1, 1], bias: Bool = true, scale: Double = 1
    ) throws {
        convolution = try Convolution(
            scope / "conv", from: inputs, to: outputs, kernel: Array(kernel), stride: Array(stride), padding: kernel.map { ($0 - 1) / 2 }, bias: bias,
            initial: .heNormal)
        norm = try AnyNorm(scope / "norm", .affineInstance(scale: scale), channels: outputs)
        scope.alias("all_modules.0.weight", of: "conv.weight")
        if bias { scope.alias("all_modules.0.bias", of: "conv.bias") }
        scope.alias("all_modules.1.weight", of: "norm.weight")
        scope.alias("all_modules.1.bias", of: "norm.bias")
    }

    /// [N, inputs, D, H, W] → [N, outputs, D′, H′, W′].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: convolution.weight.dtype) { try norm(convolution($0), pass).leakyReLU() }
    }
}
