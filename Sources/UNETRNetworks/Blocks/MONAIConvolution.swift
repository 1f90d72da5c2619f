import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// A convolution, then a normalization, dropout and an activation, each of which may be missing (MONAI's `Convolution` with its `ADN`).
struct MONAIConvolution {
    private enum Layer {
        case convolution(Convolution)
        case transposed(TransposedConvolution)
    }

    private let layer: Layer
    private let norm: AnyNorm?
    private let activation: Activation?
    private let dropout: Double
    private let dtype: DType

    init(_ scope: Scope, from inputs: Int, to outputs: Int, _ settings: UnitSettings) throws {
        let place = scope / "conv", kernel = Array(settings.kernel), stride = Array(settings.stride), padding = Array(settings.padding)
        if settings.isTransposed {
            // Fills up to the stride times the size.
            let layer = try TransposedConvolution(
                place, from: inputs, to: outputs, kernel: kernel, stride: stride, padding: padding, outputPadding: stride.map { $0 - 1 }, bias: true)
            (self.layer, dtype) = (.transposed(layer), layer.weight.dtype)
        } else {
            let layer = try Convolution(place, from: inputs, to: outputs, kernel: kernel, stride: stride, padding: padding, bias: true)
            (self.layer, dtype) = (.convolution(layer), layer.weight.dtype)
        }
        norm = try settings.norm.map { try AnyNorm(scope / "adn" / "N", $0, channels: outputs) }
        activation = try settings.activation.map { try Activation(scope / "adn" / "A", $0) }
        dropout = settings.dropout
    }

    /// [N, inputs, D, H, W] → [N, outputs, D′, H′, W′].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: dtype) { x in
            var y =
                switch layer {
                case .convolution(let layer): try layer(x)
                case .transposed(let layer): try layer(x)
                }
            if let norm { y = try norm(y, pass) }
            y = try pass.dropped(y, dropout)
            return try activation.map { try $0(y) } ?? y
        }
    }
}
