import UNETRTorch

/// A rule for the first values of a parameter.
public enum Initializer: Sendable {
    /// One value everywhere.
    case constant(Double)

    /// Even in ±`bound`.
    case uniform(Double)

    /// The framework's default for weights: Kaiming uniform with a = √5, which is even in ±1/√fan-in.
    case kaiming

    /// He's normal distribution for a leaky ReLU of slope 0.01 behind the layer: variance 2 / ((1 + slope²) · fan-in).
    case heNormal

    /// Normal with mean 0, redrawn (by its quantiles) outside ±2 in absolute value, as `trunc_normal_` of the vision libraries.
    case truncatedNormal(deviation: Double)

    func fill(_ tensor: Tensor, using generator: Generator?) throws {
        try withoutGradients {
            switch self {
            case .constant(let value):
                try tensor.fillInPlace(value)
            case .uniform(let bound):
                try tensor.fillUniformInPlace(-bound, bound, using: generator)
            case .kaiming:
                let bound = Self.bound(fanIn: tensor.shape.dropFirst().reduce(1, *))
                try tensor.fillUniformInPlace(-bound, bound, using: generator)
            case .heNormal:
                let fanIn = tensor.shape.dropFirst().reduce(1, *)
                try tensor.fillNormalInPlace(deviation: (2 / (1.0001 * Double(max(fanIn, 1)))).squareRoot(), using: generator)
            case .truncatedNormal(let deviation):
                // The bounds ±2 are so many deviations out that cutting changes nothing one could measure; clamping keeps the promise.
                try tensor.fillNormalInPlace(deviation: deviation, using: generator)
                try tensor.copyInPlace(tensor.clamped(-2, 2))
            }
        }
    }

    /// The rule for the bias beside a weight of this rule: the framework's default where the weight has it, else 0.
    func bias(fanIn: Int) -> Initializer {
        if case .kaiming = self { .uniform(Self.bound(fanIn: fanIn)) } else { .constant(0) }
    }

    /// The default's bound, also used for biases with the fan-in of their weight.
    static func bound(fanIn: Int) -> Double { fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0 }
}
