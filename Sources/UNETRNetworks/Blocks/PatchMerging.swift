import UNETRLayers
import UNETRSupport
import UNETRTorch

/// Neighboring tokens side by side, normalized, and mapped to twice the channels.
struct PatchMerging {
    private let reduction: Linear
    private let norm: LayerNorm
    private let unit: Size3
    private let offsets: [Size3]

    /// - Parameters:
    ///   - unit: how many tokens [d, h, w] become one.
    ///   - offsets: the neighbors' places [d, h, w] within it, in their order.
    init(_ scope: Scope, channels: Int, unit: Size3, offsets: [Size3], initial: Initializer = .kaiming) throws {
        reduction = try Linear(scope / "reduction", from: offsets.count * channels, to: 2 * channels, bias: false, initial: initial)
        norm = try LayerNorm(scope / "norm", channels: offsets.count * channels)
        (self.unit, self.offsets) = (unit, offsets)
    }

    /// Tokens [N, d, h, w, C] → [N, d′, h′, w′, 2C].
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let shape = x.shape
        let split = try x.reshaped([-1, shape[1] / unit[0], unit[0], shape[2] / unit[1], unit[1], shape[3] / unit[2], unit[2], shape[4]])
        let neighbors = try offsets.map { try split.selected(6, $0[2]).selected(4, $0[1]).selected(2, $0[0]) }
        return try reduction(norm(Tensor.concatenated(neighbors, axis: -1)))
    }
}

/// Tokens of a slice brought to a finer grid: each becomes a square of tokens by a linear map, which are normalized.
struct PatchExpansion {
    private let expansion: Linear
    private let norm: LayerNorm
    private let factor: Int

    /// - Parameter factor: 2, by which the channels are halved, or 4, by which they stay.
    init(_ scope: Scope, channels: Int, factor: Int, initial: Initializer) throws {
        let outputs = factor == 2 ? channels / 2 : channels
        expansion = try Linear(scope / "expand", from: channels, to: factor * factor * outputs, bias: false, initial: initial)
        norm = try LayerNorm(scope / "norm", channels: outputs)
        self.factor = factor
    }

    /// Tokens [N, 1, h, w, C] → [N, 1, factor · h, factor · w, outputs].
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let shape = x.shape
        let squares = try expansion(x).reshaped([shape[0], shape[2], shape[3], factor, factor, -1]).permuted([0, 1, 3, 2, 4, 5])
        return try norm(squares.reshaped([shape[0], 1, factor * shape[2], factor * shape[3], -1]))
    }
}
