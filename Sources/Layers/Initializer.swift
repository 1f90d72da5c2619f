import Torch

/// A rule for the first values of a parameter.
public enum Initializer: Sendable {
    case constant(Double)

    /// Even in ±`bound`.
    case uniform(Double)

    /// The framework's default for weights: Kaiming uniform with a = √5, which is even in ±1/√fan-in.
    case kaiming

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
            case .truncatedNormal(let deviation):
                // The bounds ±2 are so many deviations out that cutting changes nothing one could measure; clamping keeps the promise.
                try tensor.fillNormalInPlace(deviation: deviation, using: generator)
                try tensor.copyInPlace(tensor.clamped(-2, 2))
            }
        }
    }

    /// The default's bound, also used for biases with the fan-in of their weight.
    static func bound(fanIn: Int) -> Double { fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0 }
}
