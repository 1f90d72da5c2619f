import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// A convolution, an instance normalization and a leaky ReLU: what nnU-Net is made of (`ConvDropoutNormReLU`, without the dropout).
///
/// The published module of version 2 saves its tensors a second time under `all_modules`.
struct ConvolutionUnit {
    let convolution: Convolution
    let norm: AnyNorm

    /// - Parameters:
    ///   - scale: the norm's first scale.
    ///   - version: of nnU-Net, which decides about the keys.
    init(
        _ scope: Scope, from inputs: Int, to outputs: Int, kernel: Size3, stride: Size3 = [1, 1, 1], bias: Bool = true, scale: Double = 1,
        version: NNUNetVersion = .v2
    ) throws {
        convolution = try Convolution(
            scope / "conv", from: inputs, to: outputs, kernel: Array(kernel), stride: Array(stride), padding: kernel.map { ($0 - 1) / 2 }, bias: bias,
            initial: .heNormal)
        norm = try AnyNorm(scope / version.norm, .affineInstance(scale: scale), channels: outputs)
        guard version == .v2 else { return }
        scope.alias("all_modules.0.weight", of: "conv.weight")
        if bias { scope.alias("all_modules.0.bias", of: "conv.bias") }
        scope.alias("all_modules.1.weight", of: "norm.weight")
        scope.alias("all_modules.1.bias", of: "norm.bias")
    }

    /// Of parts under other keys.
    init(_ convolution: Convolution, _ norm: AnyNorm) { (self.convolution, self.norm) = (convolution, norm) }

    /// [N, inputs, D, H, W] → [N, outputs, D′, H′, W′].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: convolution.weight.dtype) { try norm(convolution($0), pass).leakyReLU() }
    }
}
