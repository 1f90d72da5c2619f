public import Layers
public import Torch

/// Two 3×3×3 convolutions with normalisation, and a shortcut that is a 1×1×1 convolution where the channel count changes.
///
/// `LeakyReLU(norm2(conv2(LeakyReLU(norm1(conv1(x))))) + shortcut(x))`; MONAI's `UnetResBlock`.
public struct ResidualBlock {
    /// The normalisation after each convolution.
    public enum Norm: Sendable { case batch, instance }

    let conv1, conv2: Convolution
    let norm1, norm2: AnyNorm
    let shortcut: (conv: Convolution, norm: AnyNorm)?

    public init(_ scope: Scope, from inputs: Int, to outputs: Int, norm: Norm) throws {
        conv1 = try Convolution(scope / "conv1" / "conv", from: inputs, to: outputs, kernel: [3, 3, 3])
        conv2 = try Convolution(scope / "conv2" / "conv", from: outputs, to: outputs, kernel: [3, 3, 3])
        norm1 = try AnyNorm(scope / "norm1", norm, channels: outputs)
        norm2 = try AnyNorm(scope / "norm2", norm, channels: outputs)
        if inputs == outputs {
            shortcut = nil
        } else {
            shortcut = (
                try Convolution(scope / "conv3" / "conv", from: inputs, to: outputs, kernel: [1, 1, 1]),
                try AnyNorm(scope / "norm3", norm, channels: outputs)
            )
        }
    }

    /// [N, inputs, D, H, W] → [N, outputs, D, H, W].
    public func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        // libtorch 2.13 reads memory it never wrote in the bfloat16 weight gradient of a 3×3×3 convolution over a volume of two slices,
        // on the CPU: NaN now and then. Such volumes are tiny, so they are computed in full precision.
        guard pass.training, pass.mixedPrecision != nil, x.device == .cpu, x.shape[2] <= 2 else { return try forward(x, pass) }
        return try withAutocast(nil, on: .cpu) { try forward(x.to(conv1.weight.dtype), pass) }
    }

    private func forward(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let inner = try norm1(conv1(x), pass).leakyReLU()
        let outer = try norm2(conv2(inner), pass)
        let direct = try shortcut.map { try $0.norm($0.conv(x), pass) } ?? x
        return try (outer + direct).leakyReLU()
    }
}

/// One of the normalisations a residual block may have.
enum AnyNorm {
    case batch(BatchNorm)
    case instance(InstanceNorm)

    init(_ scope: Scope, _ norm: ResidualBlock.Norm, channels: Int) throws {
        switch norm {
        case .batch: self = .batch(try BatchNorm(scope, channels: channels))
        case .instance: self = .instance(InstanceNorm())
        }
    }

    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        switch self {
        case .batch(let norm): try norm(x, pass)
        case .instance(let norm): try norm(x)
        }
    }
}
