import UNETRArchives
import UNETRLayers
import UNETRTorch

/// An exponential running average of a network's parameters and floating-point buffers: smoother, and better, than the last step's.
final class WeightAverage {
    let decay: Double
    let tensors: [Tensor]
    private let live: [Tensor]

    init(of store: ParameterStore, decay: Double) throws {
        self.decay = decay
        live = store.entries.filter { $0.aliasOf == nil && $0.tensor.dtype.isFloatingPoint }.map(\.tensor)
        tensors = try withoutGradients { [live] in try live.map { try $0.detached().clone() } }
    }

    /// Takes in the weights after step number `step` (from 0). Early on the average is short, so that it forgets the random start.
    func update(step: Int) throws {
        let decay = min(decay, Double(1 + step) / Double(10 + step))
        try withoutGradients { try TensorList.moveInPlace(tensors, towards: live, by: 1 - decay) }
    }

    /// Forgets everything before the weights as they are.
    func restart() throws {
        try withoutGradients { for (average, weight) in zip(tensors, live) { try average.copyInPlace(weight) } }
    }

    /// Runs `body` with the average in place of the weights.
    func whileInPlace<Result>(_ body: () throws -> Result) throws -> Result {
        try exchange()
        defer { try? exchange() }
        return try body()
    }

    private func exchange() throws {
        try withoutGradients {
            for (average, weight) in zip(tensors, live) {
                let kept = try average.clone()
                try average.copyInPlace(weight)
                try weight.copyInPlace(kept)
            }
        }
    }
}
