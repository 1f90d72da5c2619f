import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// A residual network down to a sixteenth of the size, with standardized weights and group normalization (Kolesnikov et al., "Big Transfer",
/// ECCV 2020, with the activation behind the sum).
struct TransUNetBackbone {
    private let configuration: TransUNetConfiguration
    private let first: StandardizedUnit
    private let stages: [[TransUNetBottleneck]]
    private let path: String

    init(_ scope: Scope, _ configuration: TransUNetConfiguration) throws {
        self.configuration = configuration
        path = scope.path
        let root = scope / "root", width = configuration.featureSize
        first = StandardizedUnit(
            try StandardizedConvolution(root / "conv", from: configuration.imageChannels, to: width, side: 7, stride: 2),
            norm: try GroupNorm(root / "gn", channels: width, groups: TransUNetConfiguration.groups, epsilon: 1e-6))
        stages = try configuration.depths.enumerated().map { stage, depth in
            let inner = configuration.channels(stage: stage)
            return try (0..<depth).map { unit in
                try TransUNetBottleneck(
                    scope / "body" / "block\(stage + 1)" / "unit\(unit + 1)", from: unit > 0 ? 4 * inner : stage == 0 ? width : 2 * inner,
                    inner: inner, stride: unit == 0 && stage > 0 ? 2 : 1)
            }
        }
    }

    /// [N, channels, 1, H, W] → the maps at a half, a quarter and an eighth of the size, and the last one.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> (skips: [Tensor], last: Tensor) {
        let half = try pass.show("\(path).root", first(x, pass, rectified: true))
        var skips = [half], map = try half.maximumPooled([1, 3, 3], stride: [1, 2, 2])
        for (index, units) in stages.enumerated() {
            map = try pass.show("\(path).body.block\(index + 1)", units.reduce(map) { try $1($0, pass) })
            if index < stages.count - 1 { skips.append(try filled(map, to: configuration.size(level: index + 2))) }
        }
        return (skips, map)
    }

    /// With zeros at the ends: the pooling loses the last row and column, which the decoder expects.
    private func filled(_ x: Tensor, to size: Size3) throws -> Tensor {
        let missing = zip(size, x.shape.dropFirst(2)).map { $0 - $1 }
        return missing == [0, 0, 0] ? x : try x.padded([0, missing[2], 0, missing[1], 0, missing[0]])
    }
}

/// Three convolutions, the middle one with the block's stride between two that change the channels, and the input added.
private struct TransUNetBottleneck {
    private let units: [StandardizedUnit]
    /// Where the shape changes.
    private let shortcut: StandardizedUnit?
    private let dtype: DType

    init(_ scope: Scope, from inputs: Int, inner: Int, stride: Int) throws {
        func unit(_ number: Int, from inputs: Int, to outputs: Int, side: Int, stride: Int = 1) throws -> StandardizedUnit {
            // The keys have the normalization first.
            let norm = try GroupNorm(scope / "gn\(number)", channels: outputs, groups: TransUNetConfiguration.groups, epsilon: 1e-6)
            return StandardizedUnit(
                try StandardizedConvolution(scope / "conv\(number)", from: inputs, to: outputs, side: side, stride: stride), norm: norm)
        }
        let outputs = 4 * inner
        units = [
            try unit(1, from: inputs, to: inner, side: 1), try unit(2, from: inner, to: inner, side: 3, stride: stride),
            try unit(3, from: inner, to: outputs, side: 1),
        ]
        shortcut =
            stride == 1 && inputs == outputs
            ? nil
            : StandardizedUnit(
                try StandardizedConvolution(scope / "downsample", from: inputs, to: outputs, side: 1, stride: stride),
                norm: try GroupNorm(scope / "gn_proj", channels: outputs, groups: outputs))
        dtype = units[0].convolution.weight.dtype
    }

    /// [N, inputs, 1, H, W] → [N, 4 · inner, 1, H′, W′].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: dtype) { x in
            let inside = try units[1](units[0](x, pass, rectified: true), pass, rectified: true)
            let sum = try units[2](inside, pass, rectified: false)
            try sum.addInPlace(shortcut.map { try $0(x, pass, rectified: false) } ?? x)
            try sum.reluInPlace()
            return sum
        }
    }
}

/// A convolution with standardized weights and a group normalization.
private struct StandardizedUnit {
    let convolution: StandardizedConvolution
    let norm: GroupNorm

    init(_ convolution: StandardizedConvolution, norm: GroupNorm) { (self.convolution, self.norm) = (convolution, norm) }

    /// - Parameter rectified: whether a ReLU follows.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass, rectified: Bool) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: convolution.weight.dtype) { x in
            let y = try norm(convolution(x))
            if rectified { try y.reluInPlace() }
            return y
        }
    }
}

/// A convolution within slices, whose kernels are brought to mean 0 and variance 1 (Qiao et al., "Weight Standardization", 2019).
private struct StandardizedConvolution {
    /// [outputs, inputs, 1, side, side].
    let weight: Tensor
    private let stride, padding: [Int]

    init(_ scope: Scope, from inputs: Int, to outputs: Int, side: Int, stride: Int = 1) throws {
        weight = try scope.parameter("weight", [outputs, inputs, 1, side, side], .kaiming)
        (self.stride, padding) = ([1, stride, stride], [0, side / 2, side / 2])
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let axes = [1, 2, 3, 4]
        let centered = try weight - weight.mean(axes, keep: true)
        let deviation = try (centered.square().mean(axes, keep: true) + 1e-5).sqrt()
        return try x.convolution3d(centered / deviation, stride: stride, padding: padding)
    }
}
