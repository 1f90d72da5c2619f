import Foundation

/// How the learning rate goes over a training run.
public enum Schedule: Codable, Equatable, Sendable {
    /// `rate · (1 − epoch / epochs)^exponent`, one value an epoch, as nnU-Net and the published run do (exponent 0.9).
    case polynomial(exponent: Double)

    /// Up in a straight line over the first part of the run (`warmUp`, a fraction), then down along half a cosine, step by step.
    case cosine(warmUp: Double)

    /// The factor on the base rate at `step` of `stepsPerEpoch · epochs`.
    public func factor(step: Int, stepsPerEpoch: Int, epochs: Int) -> Double {
        switch self {
        case .polynomial(let exponent):
            return pow(1 - Double(step / stepsPerEpoch) / Double(epochs), exponent)
        case .cosine(let warmUp):
            let progress = Double(step) / Double(stepsPerEpoch * epochs)
            if progress < warmUp { return (Double(step) + 1) / (warmUp * Double(stepsPerEpoch * epochs) + 1) }
            return 0.5 * (1 + cos(.pi * (progress - warmUp) / (1 - warmUp)))
        }
    }
}
