import UNETRTorch

/// A rule for the first values of a parameter.
public enum Initializer: Sendable {
    /// One value everywhere.
    case constant(Double)

    /// A value for each element, in the order of memory.
    case values([Double])

    /// Even in ±`bound`.
    case uniform(Double)

    /// The framework's default for weights: Kaiming uniform with a = √5, which is even in ±1/√fan-in.
    case kaiming

    /// He's normal distribution for a leaky ReLU of slope 0.01 behind the layer: variance 2 / ((1 + slope²) · fan-in).
    case heNormal

    /// The same for gradients, and for a ReLU: variance 2 / fan-out.
    case heNormalBackward

    /// Even, with a variance between those that suit outputs and gradients: 2 / (fan-in + fan-out) (Glorot's).
    case glorot

    /// Normal with mean 0, redrawn (by its quantiles) outside ±2 in absolute value, as `trunc_normal_` of the vision libraries.
    case truncatedNormal(deviation: Double)

    func fill(_ tensor: Tensor, using generator: Generator?) throws {
        try withoutGradients {
            switch self {
            case .constant(let value):
                try tensor.fillInPlace(value)
            case .values(let values):
                try tensor.copyInPlace(Tensor(values, shape: tensor.shape))
            case .uniform(let bound):
                try tensor.fillUniformInPlace(-bound, bound, using: generator)
            case .kaiming:
                let bound = Self.bound(fanIn: tensor.shape.dropFirst().reduce(1, *))
                try tensor.fillUniformInPlace(-bound, bound, using: generator)
            case .heNormal:
                let fanIn = tensor.shape.dropFirst().reduce(1, *)
                try tensor.fillNormalInPlace(deviation: (2 / (1.0001 * Double(max(fanIn, 1)))).squareRoot(), using: generator)
            case .heNormalBackward:
                let fanOut = Self.fanOut(tensor.shape)
                try tensor.fillNormalInPlace(deviation: (2 / Double(max(fanOut, 1))).squareRoot(), using: generator)
            case .glorot:
                let fans = tensor.shape.dropFirst().reduce(1, *) + Self.fanOut(tensor.shape)
                let bound = (6 / Double(max(fans, 1))).squareRoot()
                try tensor.fillUniformInPlace(-bound, bound, using: generator)
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

    private static func fanOut(_ shape: [Int]) -> Int { (shape.first ?? 1) * shape.dropFirst(2).reduce(1, *) }

    /// The default's bound, also used for biases with the fan-in of their weight.
    static func bound(fanIn: Int) -> Double { fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0 }
}
