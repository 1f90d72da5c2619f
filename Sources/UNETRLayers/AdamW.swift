public import UNETRTorch

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch defines it.
public final class AdamW: Optimizer {
    /// The learning rate.
    public var rate: Double
    /// Decay of the mean of gradients.
    public let beta1: Double
    /// Decay of the mean of squared gradients.
    public let beta2: Double
    /// Decoupled weight decay, times the learning rate.
    public let weightDecay: Double
    /// Added to the denominator.
    public let epsilon: Double
    /// What is optimized.
    public let parameters: [Tensor]
    /// True for the parameters that weight decay applies to.
    private let decays: [Bool]
    private let factors: [Double]?
    private var firstMoments: [Tensor] = []
    private var secondMoments: [Tensor] = []
    private var steps: [Tensor] = []

    /// AdamW as in PyTorch. `decays` says which parameters decay, nil: all; `factors` are those of the rate for each, nil: 1.
    public init(
        _ parameters: [Tensor], rate: Double, beta1: Double = 0.9, beta2: Double = 0.999, weightDecay: Double = 0.01,
        epsilon: Double = 1e-8, decays: [Bool]? = nil, factors: [Double]? = nil
    ) {
        self.factors = factors
        self.parameters = parameters
        self.decays = decays ?? parameters.map { _ in true }
        self.rate = rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.weightDecay = weightDecay
        self.epsilon = epsilon
    }

    /// Changes the parameters by their gradients.
    public func step() throws {
        if steps.isEmpty {
            firstMoments = try parameters.map { try Tensor.zeros($0.shape, $0.dtype, on: $0.device) }
            secondMoments = try parameters.map { try Tensor.zeros($0.shape, $0.dtype, on: $0.device) }
            steps = try parameters.map { try Tensor.zeros([], .float32, on: $0.device) }
        }
        try withoutGradients {
            let gradients = try gradients()
            for decaying in [true, false] {
                for (factor, group) in RateGroups.of(parameters.indices.filter({ decays[$0] == decaying }), factors) {
                    try TensorList.stepAdamW(
                        group.map { parameters[$0] }, gradients: group.map { gradients[$0] }, firstMoments: group.map { firstMoments[$0] },
                        secondMoments: group.map { secondMoments[$0] }, steps: group.map { steps[$0] }, rate: rate * factor, beta1: beta1,
                        beta2: beta2, weightDecay: decaying ? weightDecay : 0, epsilon: epsilon)
                }
            }
        }
    }

    /// Tensors to be saved, by name.
    public var state: [(name: String, tensor: Tensor)] {
        firstMoments.enumerated().map { ("firstMoment.\($0)", $1) }
            + secondMoments.enumerated().map { ("secondMoment.\($0)", $1) }
            + steps.enumerated().map { ("step.\($0)", $1) }
    }

    /// Takes the state from tensors that were saved.
    public func restore(_ state: (String) throws -> Tensor?) throws {
        firstMoments = try parameters.indices.compactMap { try state("firstMoment.\($0)") }
        secondMoments = try parameters.indices.compactMap { try state("secondMoment.\($0)") }
        steps = try parameters.indices.compactMap { try state("step.\($0)") }
        for found in [firstMoments.count, secondMoments.count, steps.count]
        where found != firstMoments.count
            || (found != 0 && found != parameters.count)
        {
            throw OptimizerError.incompleteState(found: found, expected: parameters.count)
        }
    }
}
