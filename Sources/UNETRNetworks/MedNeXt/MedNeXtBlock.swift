import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// A depthwise convolution, a normalization, and two maps of each voxel's channels, wider in between, around a GELU; added to the input, or
/// where the size changes to a strided map of it.
struct MedNeXtBlock {
    private enum Depthwise {
        case convolution(Convolution)
        case transposed(TransposedConvolution)
    }

    private enum Shortcut {
        case none
        case convolution(Convolution)
        case transposed(TransposedConvolution)
    }

    private let response: GlobalResponse?
    private let depthwise: Depthwise
    private let norm: InstanceNorm
    private let expansion, compression: Convolution
    private let shortcut: Shortcut

    init(_ scope: Scope, _ block: MedNeXtConfiguration.Block, _ configuration: MedNeXtConfiguration) throws {
        let inputs = configuration.channels(block.level), wide = inputs * block.expansion
        let kernel = Array(repeating: configuration.kernel, count: 3), half = Array(repeating: configuration.kernel / 2, count: 3)
        response = try block.globalResponse ? GlobalResponse(scope, channels: wide) : nil
        let stride = block.change == .none ? [1, 1, 1] : [2, 2, 2]
        depthwise =
            try block.change == .doubled
            ? .transposed(
                TransposedConvolution(
                    scope / "conv1", from: inputs, to: inputs, kernel: kernel, stride: stride, padding: half, groups: inputs, bias: true))
            : .convolution(
                Convolution(scope / "conv1", from: inputs, to: inputs, kernel: kernel, stride: stride, padding: half, groups: inputs, bias: true))
        // Groups of one channel.
        norm = try InstanceNorm(scope / "norm", channels: inputs)
        let outputs =
            switch block.change {
            case .none: inputs
            case .halved: 2 * inputs
            case .doubled: inputs / 2
            }
        expansion = try Convolution(scope / "conv2", from: inputs, to: wide, kernel: [1, 1, 1], bias: true)
        compression = try Convolution(scope / "conv3", from: wide, to: outputs, kernel: [1, 1, 1], bias: true)
        let place = scope / "res_conv"
        shortcut =
            switch block.change {
            case .none: .none
            case .halved:
                .convolution(
                    try Convolution(place, from: inputs, to: outputs, kernel: [1, 1, 1], stride: stride, padding: [0, 0, 0], bias: true))
            case .doubled:
                .transposed(try TransposedConvolution(place, from: inputs, to: outputs, kernel: [1, 1, 1], stride: stride, bias: true))
            }
    }

    /// [N, C, D, H, W] → the same, or half the size with twice the channels, or twice the size with half of them.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: expansion.weight.dtype) { x in
            let filtered =
                switch depthwise {
                case .convolution(let layer): try layer(x)
                case .transposed(let layer): try layer(x)
                }
            var wide = try expansion(norm(filtered)).gelu()
            if let response { wide = try response(wide) }
            let sum = try compression(wide)
            switch shortcut {
            case .none:
                try sum.addInPlace(x)
                return sum
            case .convolution(let layer):
                try sum.addInPlace(layer(x))
                return sum
            case .transposed(let layer):
                // Both have 2n − 1 voxels along a side of n; the published code puts a plane of zeros before them.
                try sum.addInPlace(layer(x))
                return try sum.padded([1, 0, 1, 0, 1, 0])
            }
        }
    }
}

/// Channels that respond strongly over the whole volume strengthened against the others (Woo et al., "ConvNeXt V2", CVPR 2023).
private struct GlobalResponse {
    let beta, gamma: Tensor

    init(_ scope: Scope, channels: Int) throws {
        beta = try scope.parameter("grn_beta", [1, channels, 1, 1, 1], .constant(0))
        gamma = try scope.parameter("grn_gamma", [1, channels, 1, 1, 1], .constant(0))
    }

    /// [N, C, D, H, W] → the same.
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let length = try x.norm([2, 3, 4], keep: true)
        let share = try length / (length.mean([1], keep: true) + 1e-6)
        return try gamma * (x * share) + beta + x
    }
}
