public import UNETRTorch

/// Muon: the momentum of a matrix, made orthogonal, is its step (Jordan et al. 2024), with the scale of AdamW's steps and decoupled weight decay
/// (Liu et al., Muon Is Scalable for LLM Training, 2025). What is no matrix is trained by AdamW.
///
/// For a matrix W [m, n] with gradient G:
///
///     B ← μ B + G                  momentum
///     U = G + μ B                  Nesterov
///     O = orthogonal(U)            five steps of Newton and Schulz: singular values near 1
///     W ← W − rate · (decay · W + 0.2 √max(m, n) · O)
///
/// Kernels [out, in, …] are matrices [out, in · …].
public final class Muon: Optimizer {
    /// The learning rate, of both rules.
    public var rate: Double {
        get { adam.rate }
        set { adam.rate = newValue }
    }
    /// μ.
    public let momentum: Double
    /// Decoupled weight decay, times the learning rate.
    public let weightDecay: Double
    /// What is optimized.
    public let parameters: [Tensor]

    private let isMatrix: [Bool]
    private let factors: [Double]?
    private let precision: DType?
    /// For what is no matrix.
    private let adam: AdamW
    private var momenta: [Tensor] = []

    /// - Parameters:
    ///   - parameters: what is optimized.
    ///   - matrices: for each whether it is a matrix or a kernel; else AdamW takes it.
    ///   - rate: the learning rate of the next step.
    ///   - momentum: μ.
    ///   - weightDecay: pulls at matrices, and at what `decays` says of the others.
    ///   - decays: which of the others decay; nil: none.
    ///   - factors: those of the rate for each; nil: 1.
    ///   - precision: what the steps of Newton and Schulz are computed in; nil: the parameters' own type. They are meant for bfloat16.
    public init(
        _ parameters: [Tensor], matrices: [Bool], rate: Double, momentum: Double = 0.95, weightDecay: Double = 0.01, decays: [Bool]? = nil,
        factors: [Double]? = nil, precision: DType? = nil
    ) {
        precondition(matrices.count == parameters.count, "a word about each parameter")
        self.parameters = parameters
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.factors = factors
        self.precision = precision
        isMatrix = matrices
        let others = parameters.indices.filter { !matrices[$0] }
        adam = AdamW(
            others.map { parameters[$0] }, rate: rate, weightDecay: weightDecay, decays: others.map { decays?[$0] ?? false },
            factors: factors.map { factors in others.map { factors[$0] } })
    }

    private var matrices: [Int] { parameters.indices.filter { isMatrix[$0] } }

    /// Changes the parameters by their gradients.
    public func step() throws {
        try adam.step()
        try withoutGradients {
            if momenta.isEmpty { momenta = try matrices.map { try Tensor.zeros(parameters[$0].shape, parameters[$0].dtype, on: parameters[$0].device) } }
            for (index, buffer) in zip(matrices, momenta) {
                let parameter = parameters[index], shape = parameter.shape, rows = shape[0], columns = shape.dropFirst().reduce(1, *)
                guard let gradient = parameter.gradient else { continue }
                try buffer.multiplyInPlace(momentum)
                try buffer.addInPlace(gradient)
                let update = try Self.orthogonal((gradient + buffer * momentum).reshaped([rows, columns]), precision)
                let rate = rate * (factors?[index] ?? 1)
                try parameter.multiplyInPlace(1 - rate * weightDecay)
                try parameter.addInPlace(update.to(parameter.dtype).reshaped(shape), factor: -rate * 0.2 * Double(max(rows, columns)).squareRoot())
            }
        }
    }

    /// About the orthogonal matrix nearest to [m, n]: singular values go to between 0.7 and 1.2, directions stay.
    static func orthogonal(_ matrix: Tensor, _ precision: DType?) throws -> Tensor {
        // The coefficients with the steepest slope at 0 that keep five steps near 1 (Jordan et al. 2024).
        let (a, b, c) = (3.4445, -4.7750, 2.0315)
        let isTall = matrix.shape[0] > matrix.shape[1]
        var x = isTall ? try matrix.transposed(0, 1) : matrix
        x = try x / (x.norm() + 1e-7)
        if let precision { x = try x.to(precision) }
        for _ in 0..<5 {
            let gram = try x.matmul(x.transposed(0, 1))
            x = try x * a + (gram * b + gram.matmul(gram) * c).matmul(x)
        }
        return isTall ? try x.transposed(0, 1) : x
    }

    /// Tensors to be saved, by name.
    public var state: [(name: String, tensor: Tensor)] { momenta.enumerated().map { ("momentum.\($0)", $1) } + adam.state }

    /// Takes the state from tensors that were saved.
    public func restore(_ state: (String) throws -> Tensor?) throws {
        momenta = try matrices.indices.compactMap { try state("momentum.\($0)") }
        guard momenta.isEmpty || momenta.count == matrices.count else {
            throw OptimizerError.incompleteState(found: momenta.count, expected: matrices.count)
        }
        try adam.restore(state)
    }
}
