import UNETRLayers
import UNETRTorch

/// A convolution, batch normalization and ReLU.
struct BatchUnit {
    private let convolution: Convolution
    private let norm: BatchNorm

    init(_ convolution: Convolution, norm: BatchNorm) { (self.convolution, self.norm) = (convolution, norm) }

    /// Without a bias, at places 0 and 1 of a list, or from another place on.
    init(_ scope: Scope, place: Int = 0, from inputs: Int, to outputs: Int, kernel: [Int]) throws {
        convolution = try Convolution(scope / place, from: inputs, to: outputs, kernel: kernel)
        norm = try BatchNorm(scope / (place + 1), channels: outputs)
    }

    /// [N, inputs, D, H, W] → [N, outputs, D, H, W].
    /// - Parameter name: under which the convolution's output is shown.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass, shownAs name: String? = nil) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: convolution.weight.dtype) { x in
            let map = try convolution(x)
            if let name { pass.show(name, map) }
            let y = try norm(map, pass)
            try y.reluInPlace()
            return y
        }
    }
}
