public import UNETRTorch

/// Stochastic gradient descent with momentum, as PyTorch defines it.
public final class SGD: Optimizer {
    /// The learning rate.
    public var rate: Double
    /// Factor of the former step.
    public var momentum: Double
    /// L2 penalty, added to the gradient.
    public let weightDecay: Double
    /// Whether the momentum is Nesterov's.
    public let nesterov: Bool
    /// What is optimized.
    public let parameters: [Tensor]
    private let factors: [Double]?
    private var momenta: [Tensor] = []

    /// Stochastic gradient descent as in PyTorch. `factors` are those of the rate for each parameter; nil: 1.
    public init(
        _ parameters: [Tensor], rate: Double, momentum: Double = 0, weightDecay: Double = 0, nesterov: Bool = false, factors: [Double]? = nil
    ) {
        self.parameters = parameters
        self.factors = factors
        self.rate = rate
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.nesterov = nesterov
    }

    /// Changes the parameters by their gradients.
    ///
    /// Without momentum libtorch takes no buffers for it.
    public func step() throws {
        let first = momenta.isEmpty, hasMomentum = momentum != 0
        if first, hasMomentum { momenta = try parameters.map { try Tensor.zeros($0.shape, $0.dtype, on: $0.device) } }
        try withoutGradients {
            let gradients = try gradients()
            for (factor, group) in RateGroups.of(parameters.indices, factors) {
                try TensorList.stepSGD(
                    group.map { parameters[$0] }, gradients: group.map { gradients[$0] }, momenta: hasMomentum ? group.map { momenta[$0] } : [],
                    rate: rate * factor, momentum: momentum, weightDecay: weightDecay, nesterov: nesterov, first: first)
            }
        }
    }

    /// Tensors to be saved, by name.
    public var state: [(name: String, tensor: Tensor)] {
        momenta.enumerated().map { ("momentum.\($0)", $1) }
    }

    /// Takes the state from tensors that were saved.
    public func restore(_ state: (String) throws -> Tensor?) throws {
        momenta = try parameters.indices.compactMap { try state("momentum.\($0)") }
        guard momenta.isEmpty || momenta.count == parameters.count else {
            throw OptimizerError.incompleteState(found: momenta.count, expected: parameters.count)
        }
    }
}
