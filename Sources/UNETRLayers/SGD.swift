public import UNETRTorch

/// Stochastic gradient descent with momentum, as PyTorch defines it.
public final class SGD: Optimizer {
    public var rate: Double
    public var momentum: Double
    public let weightDecay: Double
    public let nesterov: Bool
    public let parameters: [Tensor]
    private var momenta: [Tensor] = []

    public init(_ parameters: [Tensor], rate: Double, momentum: Double = 0, weightDecay: Double = 0, nesterov: Bool = false) {
        self.parameters = parameters
        self.rate = rate
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.nesterov = nesterov
    }

    public func step() throws {
        let first = momenta.isEmpty
        if first { momenta = try parameters.map { try Tensor.zeros($0.shape, $0.dtype, on: $0.device) } }
        try withoutGradients {
            try TensorList.stepSGD(
                parameters, gradients: try gradients(), momenta: momenta, rate: rate, momentum: momentum, weightDecay: weightDecay,
                nesterov: nesterov, first: first)
        }
    }

    public var state: [(name: String, tensor: Tensor)] {
        momenta.enumerated().map { ("momentum.\($0)", $1) }
    }

    public func restore(_ state: (String) throws -> Tensor?) throws {
        momenta = try parameters.indices.compactMap { try state("momentum.\($0)") }
        guard momenta.isEmpty || momenta.count == parameters.count else {
            throw OptimizerError.incompleteState(found: momenta.count, expected: parameters.count)
        }
    }
}
