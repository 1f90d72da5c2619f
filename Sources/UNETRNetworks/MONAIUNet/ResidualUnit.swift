import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// Convolutions one after the other with a shortcut around them, which is a convolution where size or channels change.
struct ResidualUnit {
    private let units: [MONAIConvolution]
    private let shortcut: Convolution?

    /// - Parameters:
    ///   - count: how many convolutions.
    ///   - settings: of the first, whose stride the others do not have.
    init(_ scope: Scope, from inputs: Int, to outputs: Int, count: Int, _ settings: UnitSettings) throws {
        units = try (0..<count).map { index in
            var settings = settings
            if index > 0 { settings.stride = [1, 1, 1] }
            return try MONAIConvolution(scope / "conv" / "unit\(index)", from: index == 0 ? inputs : outputs, to: outputs, settings)
        }
        let isStrided = settings.stride != [1, 1, 1]
        shortcut =
            try isStrided || inputs != outputs
            ? Convolution(
                scope / "residual", from: inputs, to: outputs, kernel: isStrided ? Array(settings.kernel) : [1, 1, 1], stride: Array(settings.stride),
                padding: isStrided ? Array(settings.padding) : [0, 0, 0], bias: true) : nil
    }

    /// [N, inputs, D, H, W] → [N, outputs, D′, H′, W′].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let sum = try units.reduce(x) { try $1($0, pass) }
        try sum.addInPlace(shortcut.map { try $0(x) } ?? x)
        return sum
    }
}
