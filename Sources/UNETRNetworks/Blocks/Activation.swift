import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// The function at the end of a unit.
enum Activation {
    case leakyReLU(Double)
    case parametricReLU(slope: Tensor)

    /// - Parameter scope: where a learned slope is made, as MONAI's `adn.A`.
    init(_ scope: Scope, _ kind: ActivationKind) throws {
        switch kind {
        case .relu: self = .leakyReLU(0)
        case .leakyReLU(let slope): self = .leakyReLU(slope)
        case .parametricReLU: self = .parametricReLU(slope: try scope.parameter("weight", [1], .constant(0.25)))
        }
    }

    /// Any shape → the same, possibly over the memory of `x`, whose values nobody else may need.
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        switch self {
        case .leakyReLU(let slope):
            try x.leakyReLUInPlace(slope)
            return x
        case .parametricReLU(let slope): return try x.parametricReLU(slope)
        }
    }
}
