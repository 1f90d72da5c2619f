internal import CTorch

/// What a network's logits become before they are averaged.
public enum Activation: Sendable {
    /// Probabilities of classes that exclude each other.
    case softmax
    /// Probabilities of regions that may overlap.
    case sigmoid
    /// Nothing: the logits themselves are averaged.
    case none

    fileprivate var c: CTActivation {
        switch self {
        case .softmax: CT_SOFTMAX
        case .sigmoid: CT_SIGMOID
        case .none: CT_IDENTITY
        }
    }
}

extension Tensor {
    /// Adds `factor · weights · activation(logits)`, mirrored: one prediction of a window to the sums over all of them.
    ///
    /// On the CPU in one pass over both tensors, without any other in between; elsewhere operation by operation.
    /// - Parameters:
    ///   - logits: [K, D, H, W] float32, as this tensor; soft-max is over K.
    ///   - weights: [D, H, W].
    ///   - axes: those of the logits to mirror, of 1, 2 and 3.
    public func addInPlace(_ activation: Activation, of logits: Tensor, weights: Tensor, mirrored axes: [Int], factor: Double) throws {
        if device == .cpu, logits.device == .cpu {
            return try axes.withSizes { axes in
                try check(
                    "add activated", [self, logits, weights],
                    ct_add_activated(
                        handle, logits.handle, weights.handle, activation.c, axes, factor))
            }
        }
        let values =
            switch activation {
            case .softmax: try logits.softmax(0)
            case .sigmoid: try logits.sigmoid()
            case .none: logits
            }
        try addInPlace((axes.isEmpty ? values : values.flipped(axes)) * weights, factor: factor)
    }
}
