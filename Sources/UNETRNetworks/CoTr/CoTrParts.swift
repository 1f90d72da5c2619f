import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// A convolution with normalization, the input added, and a leaky ReLU; a stage's first block halves the size.
struct CoTrBlock {
    private let unit: ConvolutionUnit
    private let shortcut: ConvolutionUnit?

    init(_ scope: Scope, from inputs: Int, to outputs: Int, isFirst: Bool) throws {
        func unit(_ names: (String, String), kernel: Size3) throws -> ConvolutionUnit {
            try ConvolutionUnit(
                coTr: (scope / names.0, scope / names.1), from: inputs, to: outputs, kernel: kernel, stride: isFirst ? [2, 2, 2] : [1, 1, 1])
        }
        self.unit = try unit(("conv1", "norm1"), kernel: [3, 3, 3])
        shortcut = try isFirst ? unit(("downsample.0", "downsample.1"), kernel: [1, 1, 1]) : nil
    }

    /// [N, inputs, D, H, W] → [N, outputs, D′, H′, W′].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: unit.convolution.weight.dtype) { x in
            let sum = try unit.norm(unit.convolution(x), pass)
            try sum.addInPlace(shortcut.map { try $0.norm($0.convolution(x), pass) } ?? x)
            try sum.leakyReLUInPlace()
            return sum
        }
    }
}

/// What is in the decoder between two transposed convolutions: two convolutions, and the input added.
struct CoTrPair {
    private let units: [ConvolutionUnit]

    init(_ scope: Scope, channels: Int) throws {
        units = try ["resconv1", "resconv2"].map {
            try ConvolutionUnit(coTr: (scope / $0 / "conv", scope / $0 / "norm"), from: channels, to: channels, kernel: [3, 3, 3])
        }
    }

    /// [N, C, D, H, W] → the same.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor { try units.reduce(x) { try $1($0, pass) } + x }
}

extension ConvolutionUnit {
    /// With a key for each part and no bias.
    /// - Parameter rate: how far apart the voxels are that the kernel reads.
    init(
        coTr scopes: (Scope, Scope), from inputs: Int, to outputs: Int, kernel: Size3, stride: Size3 = [1, 1, 1], rate: Int = 1
    ) throws {
        self.init(
            try Convolution(
                scopes.0, from: inputs, to: outputs, kernel: Array(kernel), stride: Array(stride), padding: kernel.map { rate * ($0 / 2) },
                dilation: Array(repeating: rate, count: 3),
                initial: .heNormalBackward),
            try AnyNorm(scopes.1, .affineInstance(scale: 1), channels: outputs))
    }
}
