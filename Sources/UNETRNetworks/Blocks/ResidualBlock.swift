public import UNETRArchitectures
public import UNETRLayers
public import UNETRSupport
public import UNETRTorch

/// Two convolutions with normalization, and a shortcut around them that follows a change of size or of channel count.
///
/// `LeakyReLU(norm2(conv2(LeakyReLU(norm1(conv1(x))))) + shortcut(x))`; MONAI's `UnetResBlock` and nnU-Net's `BasicBlockD`.
public struct ResidualBlock {
    let conv1, conv2: Convolution
    let norm1, norm2: AnyNorm
    let shortcut: (conv: Convolution, norm: AnyNorm)?
    /// Blocks [d, h, w] whose mean the shortcut takes, where the first convolution has a stride.
    let pooling: Size3?
    /// False for the two convolutions alone (MONAI's `UnetBasicBlock`).
    let isResidual: Bool

    /// With MONAI's keys; the shortcut follows a stride by one of its own.
    public init(
        _ scope: Scope, from inputs: Int, to outputs: Int, kernel: Size3 = [3, 3, 3], stride: Size3 = [1, 1, 1], norm: NormKind,
        isResidual: Bool = true, initial: Initializer = .kaiming
    ) throws {
        conv1 = try Convolution(
            scope / "conv1" / "conv", from: inputs, to: outputs, kernel: Array(kernel), stride: Array(stride),
            padding: (0..<3).map { (kernel[$0] - stride[$0] + 1) / 2 }, initial: initial)
        conv2 = try Convolution(scope / "conv2" / "conv", from: outputs, to: outputs, kernel: Array(kernel), initial: initial)
        norm1 = try AnyNorm(scope / "norm1", norm, channels: outputs)
        norm2 = try AnyNorm(scope / "norm2", norm, channels: outputs)
        if !isResidual || (inputs == outputs && stride == [1, 1, 1]) {
            shortcut = nil
        } else {
            shortcut = (
                try Convolution(
                    scope / "conv3" / "conv", from: inputs, to: outputs, kernel: [1, 1, 1], stride: Array(stride), padding: [0, 0, 0],
                    initial: initial),
                try AnyNorm(scope / "norm3", norm, channels: outputs)
            )
        }
        pooling = nil
        self.isResidual = isResidual
    }

    /// With nnU-Net's keys, biases, any kernel and stride; the second norm's scale starts at 0, so that the block starts as its shortcut.
    public init(nnUNet scope: Scope, from inputs: Int, to outputs: Int, kernel: Size3, stride: Size3) throws {
        let first = try ConvolutionUnit(scope / "conv1", from: inputs, to: outputs, kernel: kernel, stride: stride)
        let second = try ConvolutionUnit(scope / "conv2", from: outputs, to: outputs, kernel: kernel, scale: 0)
        (conv1, norm1, conv2, norm2) = (first.convolution, first.norm, second.convolution, second.norm)
        pooling = stride == [1, 1, 1] ? nil : stride
        isResidual = true
        if inputs == outputs {
            shortcut = nil
        } else {
            let place = scope / "skip" / (pooling == nil ? 0 : 1)
            let unit = try ConvolutionUnit(place, from: inputs, to: outputs, kernel: [1, 1, 1], bias: false)
            shortcut = (unit.convolution, unit.norm)
        }
    }

    /// [N, inputs, D, H, W] → [N, outputs, D, H, W], or by the stride smaller sizes.
    public func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: conv1.weight.dtype) { try forward($0, pass) }
    }

    private func forward(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        // In place, because at full resolution each tensor is a good part of the memory; normalizations do not need their own output.
        let inner = try norm1(conv1(x), pass)
        try inner.leakyReLUInPlace()
        let outer = try norm2(conv2(inner), pass)
        if isResidual {
            let pooled = try pooling.map { try x.averagePooled(Array($0)) } ?? x
            try outer.addInPlace(shortcut.map { try $0.norm($0.conv(pooled), pass) } ?? pooled)
        }
        try outer.leakyReLUInPlace()
        return outer
    }
}

/// Runs `body` on a volume, in full precision where the reduced one cannot be trusted.
///
/// libtorch 2.13 reads memory it never wrote in the bfloat16 weight gradient of a 3×3×3 convolution over a volume of two slices, on the
/// CPU: NaN now and then. Such volumes are tiny, so they are computed in full precision.
func inSafePrecision(_ x: Tensor, _ pass: ForwardPass, parameters: DType, _ body: (Tensor) throws -> Tensor) throws -> Tensor {
    guard pass.training, pass.mixedPrecision != nil, x.device == .cpu, x.shape[2] <= 2 else { return try body(x) }
    return try withAutocast(nil, on: .cpu) { try body(x.to(parameters)) }
}

/// One of the normalizations a residual block may have.
enum AnyNorm {
    case batch(BatchNorm)
    case instance(InstanceNorm)
    case group(GroupNorm)

    init(_ scope: Scope, _ norm: NormKind, channels: Int) throws {
        switch norm {
        case .batch: self = .batch(try BatchNorm(scope, channels: channels))
        case .instance: self = .instance(InstanceNorm())
        case .affineInstance(let scale): self = .instance(try InstanceNorm(scope, channels: channels, scale: scale))
        case .group(let groups): self = .group(try GroupNorm(scope, channels: channels, groups: groups))
        }
    }

    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        switch self {
        case .batch(let norm): try norm(x, pass)
        case .instance(let norm): try norm(x)
        case .group(let norm): try norm(x)
        }
    }
}
