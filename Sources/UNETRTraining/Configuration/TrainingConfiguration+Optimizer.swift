import UNETRArchitectures
import UNETRLayers
import UNETRTorch

extension TrainingConfiguration {
    /// The optimizer of what is trained of a network.
    func makeOptimizer(of network: any NetworkConfiguration, _ store: ParameterStore) -> any Optimizer {
        let trained = trained(of: network, store)
        let factors = layerDecay.map { decay in trained.map { Self.factor(of: $0.key, network, decay) } }
        switch optimizer {
        case .sgd:
            return SGD(trained.map(\.tensor), rate: learningRate, momentum: momentum, weightDecay: weightDecay, nesterov: true, factors: factors)
        case .adamw:
            return AdamW(trained.map(\.tensor), rate: learningRate, weightDecay: weightDecay, decays: trained.map(\.decays), factors: factors)
        case .muon:
            // The layers at the scan and at the labels, and kernels that see one channel each, are better off with AdamW (Jordan et al. 2024). A hidden layer that happens to have
            // as many channels goes with them.
            let matrices = trained.map { entry in
                let shape = entry.tensor.shape
                return entry.decays && shape[0] > 1 && shape[0] != network.classes && shape[1] > 1 && (shape.count == 2 || shape[1] != network.inputChannels)
            }
            return Muon(
                trained.map(\.tensor), matrices: matrices, rate: learningRate, weightDecay: weightDecay, decays: trained.map(\.decays), factors: factors,
                precision: mixedPrecision)
        }
    }

    /// Takes the gradients from what is not trained: nothing is computed for it.
    func freeze(in network: any NetworkConfiguration, _ store: ParameterStore) throws {
        guard freeze == .encoder else { return }
        for entry in store.entries where entry.kind == .parameter && network.encoderStage(of: entry.key) != nil { try entry.tensor.requiringGradient(false) }
    }

    /// The parameters that the optimizer changes, and whether weight decay pulls at them.
    private func trained(of network: any NetworkConfiguration, _ store: ParameterStore) -> [(key: String, tensor: Tensor, decays: Bool)] {
        let parameters = store.entries.filter { $0.kind == .parameter && $0.aliasOf == nil }
        return zip(parameters, store.decaying).map { ($0.key, $0.tensor, $1) }
            .filter { freeze != .encoder || network.encoderStage(of: $0.key) == nil }
    }

    /// The part of the rate that a parameter learns at.
    private static func factor(of key: String, _ network: any NetworkConfiguration, _ decay: Double) -> Double {
        let stages = network.encoderStages.count
        return (0..<(stages - (network.encoderStage(of: key) ?? stages))).reduce(1) { factor, _ in factor * decay }
    }
}
