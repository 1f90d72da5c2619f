import UNETRLayers
import UNETRTorch

/// A weight between 0 and 1 for each voxel of a skip, from the skip and from what comes up to its level.
struct AttentionGate {
    private struct Map {
        let convolution: Convolution
        let norm: BatchNorm

        init(_ scope: Scope, from inputs: Int, to outputs: Int) throws {
            convolution = try Convolution(scope / 0 / "conv", from: inputs, to: outputs, kernel: [1, 1, 1], bias: true)
            norm = try BatchNorm(scope / 1, channels: outputs)
        }

        func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor { try norm(convolution(x), pass) }
    }

    private let gate, skip, weight: Map

    init(_ scope: Scope, channels: Int) throws {
        gate = try Map(scope / "W_g", from: channels, to: channels / 2)
        skip = try Map(scope / "W_x", from: channels, to: channels / 2)
        weight = try Map(scope / "psi", from: channels / 2, to: 1)
    }

    /// The skip [N, C, D, H, W] and what comes up, of the same shape → the skip, weighted.
    func callAsFunction(_ x: Tensor, gate raised: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let both = try gate(raised, pass)
        try both.addInPlace(skip(x, pass))
        try both.reluInPlace()
        return try x * weight(both, pass).sigmoid()
    }
}
