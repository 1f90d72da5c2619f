public import UNETRArchitectures
public import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// The Basic U-Net of MONAI (after Falk et al., Nature Methods 2019). Parameters and keys are those of MONAI 1.6.
public final class BasicUNet: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: BasicUNetConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    /// Two convolutions, each with a normalization and a leaky ReLU.
    private struct Pair {
        let first, second: MONAIConvolution

        init(_ scope: Scope, from inputs: Int, to outputs: Int, _ settings: UnitSettings) throws {
            first = try MONAIConvolution(scope / "conv_0", from: inputs, to: outputs, settings)
            second = try MONAIConvolution(scope / "conv_1", from: outputs, to: outputs, settings)
        }

        func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor { try second(first(x, pass), pass) }
    }

    private struct Step {
        let upsampling: TransposedConvolution
        let convolutions: Pair
    }

    /// Finest first.
    private let encoder: [Pair]
    /// Coarsest first.
    private let decoder: [Step]
    private let head: Convolution

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: BasicUNetConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, features = configuration.features, unit = configuration.unit
        encoder = try (0...4).map { level in
            let place = level == 0 ? root / "conv_0" : root / "down_\(level)" / "convs"
            return try Pair(place, from: level == 0 ? configuration.inputChannels : features[level - 1], to: features[level], unit)
        }
        decoder = try configuration.steps.map { step in
            let place = root / "upcat_\(step.level + 1)"
            return Step(
                upsampling: try TransposedConvolution(
                    place / "upsample" / "deconv", from: step.inputs, to: step.upsampled, stride: [2, 2, 2], bias: true),
                convolutions: try Pair(place / "convs", from: features[step.level] + step.upsampled, to: step.outputs, unit))
        }
        head = try Convolution(root / "final_conv", from: features[5], to: configuration.classes, kernel: [1, 1, 1], bias: true)
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, D, H, W], alone in the list: there are no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            var x = try pass.show("conv_0", encoder[0](input.contiguous(.channelsLast), pass))
            var skips = [x]
            for level in 1...4 {
                x = try pass.show("down_\(level)", encoder[level](x.maximumPooled([2, 2, 2]), pass))
                skips.append(x)
            }
            skips.removeLast()
            for (step, part) in zip(configuration.steps, decoder) {
                let skip = skips.removeLast()
                let raised = try part.upsampling(x).filled(to: Array(skip.shape.dropFirst(2)))
                x = try pass.show("upcat_\(step.level + 1)", part.convolutions(Tensor.concatenated([skip, raised], axis: 1), pass))
            }
            return [try pass.show("logits0", head(x))]
        }
    }
}

extension Tensor {
    /// [N, C, D, H, W] with the last slice of each axis repeated until it has that size.
    fileprivate func filled(to size: [Int]) throws -> Tensor {
        var x = self
        for axis in 2..<5 where x.shape[axis] < size[axis - 2] {
            let last = try x.narrowed(axis, (x.shape[axis] - 1)..<x.shape[axis])
            x = try Tensor.concatenated([x] + Array(repeating: last, count: size[axis - 2] - x.shape[axis]), axis: axis)
        }
        return x
    }
}
