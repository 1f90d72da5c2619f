import UNETRLayers
import UNETRTorch

/// Two linear layers over the channels of each token with a GELU between them.
struct FeedForward {
    private let first, second: Linear
    private let dropout: Double

    /// - Parameters:
    ///   - names: the keys of the two layers.
    ///   - initial: the first values of their weights.
    init(
        _ scope: Scope, channels: Int, hidden: Int, names: (String, String) = ("linear1", "linear2"), dropout: Double,
        initial: Initializer = .kaiming
    ) throws {
        first = try Linear(scope / names.0, from: channels, to: hidden, initial: initial)
        second = try Linear(scope / names.1, from: hidden, to: channels, initial: initial)
        self.dropout = dropout
    }

    /// [N, …, C] → the same.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let inner = try pass.dropped(first(x).gelu(), dropout)
        return try pass.dropped(second(inner), dropout)
    }
}

extension ForwardPass {
    /// The tensor with elements dropped, when training.
    func dropped(_ x: Tensor, _ probability: Double) throws -> Tensor {
        drops && probability > 0 ? try x.dropout(probability, using: generator) : x
    }

    /// Stochastic depth: when training, all of a sample is zero with that probability, else scaled up to keep the mean.
    func droppedPath(_ x: Tensor, _ probability: Double) throws -> Tensor {
        guard drops, probability > 0 else { return x }
        let shape = [x.shape[0]] + Array(repeating: 1, count: x.rank - 1)
        return try x * Tensor.ones(shape, x.dtype, on: x.device).dropout(probability, using: generator)
    }
}

extension Tensor {
    /// [N, C, D, H, W] → [N, D, H, W, C], a view.
    func channelsToEnd() throws -> Tensor { try permuted([0, 2, 3, 4, 1]) }

    /// [N, D, H, W, C] → [N, C, D, H, W], a view.
    func channelsToFront() throws -> Tensor { try permuted([0, 4, 1, 2, 3]) }
}
