public import UNETRTorch

/// A rule that turns gradients into better parameters, with a state of its own that belongs into a checkpoint.
public protocol Optimizer: AnyObject {
    /// What is optimized.
    var parameters: [Tensor] { get }

    /// Learning rate of the next step.
    var rate: Double { get set }

    /// Changes the parameters by their gradients. A parameter without gradient counts as having gradient zero.
    func step() throws

    /// The tensors the rule remembers between steps, by names unique within it; empty before the first step.
    var state: [(name: String, tensor: Tensor)] { get }

    /// Takes back a state; `state` gives the tensor of a name, nil where the checkpoint has none.
    func restore(_ state: (String) throws -> Tensor?) throws
}

extension Optimizer {
    /// The gradients in the order of the parameters, made where there is none yet.
    public func gradients() throws -> [Tensor] {
        try parameters.map { try $0.gradient ?? Tensor.zeros($0.shape, $0.dtype, on: $0.device) }
    }

    /// Forgets the gradients of the last step.
    public func clearGradients() throws {
        for parameter in parameters { try parameter.clearGradient() }
    }

    /// Scales the gradients down so that their joint Euclidean norm is at most `limit`; returns the norm before.
    @discardableResult
    public func clipGradients(to limit: Double) throws -> Double {
        try withoutGradients {
            let gradients = parameters.compactMap(\.gradient)
            guard !gradients.isEmpty else { return 0 }
            let norm = try TensorList.norms(gradients).norm().item()
            let factor = limit / (norm + 1e-6)
            if factor < 1 { try TensorList.multiplyInPlace(gradients, by: factor) }
            return norm
        }
    }
}

/// Parameters with one rate, which are changed together.
enum RateGroups {
    /// The numbers of those that have each factor, in the order of their first; `factors` nil: all together.
    static func of(_ numbers: some Sequence<Int>, _ factors: [Double]?) -> [(factor: Double, group: [Int])] {
        var groups: [(factor: Double, group: [Int])] = []
        for number in numbers {
            let factor = factors?[number] ?? 1
            if let place = groups.firstIndex(where: { $0.factor == factor }) { groups[place].group.append(number) } else { groups.append((factor, [number])) }
        }
        return groups
    }
}

/// Why an optimizer's state cannot be restored.
public enum OptimizerError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The state is for another number of parameters.
    case incompleteState(found: Int, expected: Int)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .incompleteState(let found, let expected):
            "the optimizer's state is for \(found) parameters, the network has \(expected); "
                + "the checkpoint belongs to another network or is damaged"
        }
    }
}
