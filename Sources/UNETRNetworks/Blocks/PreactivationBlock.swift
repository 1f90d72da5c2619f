import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// Two 3×3×3 convolutions, each of a normalized and rectified volume, added to the input (MONAI's `ResBlock`, TransBTS's `EnBlock`).
struct PreactivationBlock {
    private let norm1, norm2: GroupNorm
    private let conv1, conv2: Convolution

    /// With MONAI's keys, without biases.
    init(_ scope: Scope, channels: Int, groups: Int) throws {
        norm1 = try GroupNorm(scope / "norm1", channels: channels, groups: groups)
        norm2 = try GroupNorm(scope / "norm2", channels: channels, groups: groups)
        conv1 = try Convolution(scope / "conv1" / "conv", from: channels, to: channels, kernel: [3, 3, 3])
        conv2 = try Convolution(scope / "conv2" / "conv", from: channels, to: channels, kernel: [3, 3, 3])
    }

    /// With the keys of TransBTS and biases.
    init(transBTS scope: Scope, channels: Int, groups: Int) throws {
        norm1 = try GroupNorm(scope / "bn1", channels: channels, groups: groups)
        conv1 = try Convolution(scope / "conv1", from: channels, to: channels, kernel: [3, 3, 3], bias: true)
        norm2 = try GroupNorm(scope / "bn2", channels: channels, groups: groups)
        conv2 = try Convolution(scope / "conv2", from: channels, to: channels, kernel: [3, 3, 3], bias: true)
    }

    /// [N, C, D, H, W] → the same.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: conv1.weight.dtype) { x in
            let inner = try norm1(x)
            try inner.reluInPlace()
            let outer = try norm2(conv1(inner))
            try outer.reluInPlace()
            let sum = try conv2(outer)
            try sum.addInPlace(x)
            return sum
        }
    }
}
