import UNETRGraphs
import UNETRSupport

/// The blocks of `UNETRNetworks/Blocks`, under the same names and keys.
extension NetworkGraphWriter {
    /// `ResidualBlock` with MONAI's keys: LeakyReLU(norm(conv(LeakyReLU(norm(conv(x))))) + shortcut(x)).
    ///
    /// - Parameters:
    ///   - grid: the size [D, H, W] of the output, which only group normalization needs.
    ///   - isResidual: false for the two convolutions alone.
    func residualBlock(
        _ x: Graph.Value, _ scope: String, from inputs: Int, to outputs: Int, kernel: Size3 = [3, 3, 3], stride: Size3 = [1, 1, 1], norm: NormKind,
        grid: Size3? = nil, isResidual: Bool = true
    ) throws -> Graph.Value {
        let inner = try normalizedConvolution(
            x, "\(scope).conv1.conv", from: inputs, to: outputs, kernel: kernel, stride: stride,
            padding: Size3 { (kernel[$0] - stride[$0] + 1) / 2 }, norm: norm, "\(scope).norm1", grid: grid)
        let outer = try normalizedConvolution(
            builder.leakyReLU(inner), "\(scope).conv2.conv", from: outputs, to: outputs, kernel: kernel, norm: norm, "\(scope).norm2", grid: grid)
        guard isResidual else { return builder.leakyReLU(outer) }
        let shortcut =
            try inputs == outputs && stride == [1, 1, 1]
            ? x
            : normalizedConvolution(
                x, "\(scope).conv3.conv", from: inputs, to: outputs, kernel: [1, 1, 1], stride: stride, norm: norm, "\(scope).norm3", grid: grid)
        return builder.leakyReLU(builder.add(outer, shortcut))
    }

    /// `UpsamplingBlock`: a transposed convolution to a larger size, the skip beside it, and a residual block over both.
    ///
    /// - Parameters:
    ///   - grid: the size [D, H, W] of the skip, which only group normalization needs.
    ///   - isResidual: false for two convolutions alone.
    func upsamplingBlock(
        _ x: Graph.Value, skip: Graph.Value, _ scope: String, from inputs: Int, to outputs: Int, kernel: Size3 = [3, 3, 3], stride: Size3 = [2, 2, 2],
        bias: Bool = false, norm: NormKind = .instance, grid: Size3? = nil, isResidual: Bool = true
    ) throws -> Graph.Value {
        try builder.in(scope) {
            if form == .fast, !bias, norm.isOfInstances, JoinedConvolution.saves(from: inputs, to: outputs, kernel: kernel, stride: stride) {
                return try joinedUpsamplingBlock(
                    x, skip: skip, scope, from: inputs, to: outputs, kernel: kernel, stride: stride, norm: norm, isResidual: isResidual)
            }
            let raised = try transposedConvolution(x, "\(scope).transp_conv.conv", from: inputs, to: outputs, stride: stride, bias: bias)
            return try residualBlock(
                builder.concatenated([raised, skip], axis: 1), "\(scope).conv_block", from: 2 * outputs, to: outputs, kernel: kernel, norm: norm,
                grid: grid, isResidual: isResidual)
        }
    }

    /// The same without the volume that is made larger: what it is convolved with is part of the transposed convolution.
    private func joinedUpsamplingBlock(
        _ x: Graph.Value, skip: Graph.Value, _ scope: String, from inputs: Int, to outputs: Int, kernel: Size3, stride: Size3, norm: NormKind,
        isResidual: Bool
    ) throws -> Graph.Value {
        let block = "\(scope).conv_block"
        func joined(_ name: String, _ kernel: Size3) throws -> Graph.Value {
            try JoinedConvolution(
                self, "\(scope).transp_conv.conv", "\(block).\(name).conv", from: inputs, middle: outputs, skips: outputs, to: outputs, kernel: kernel,
                stride: stride)(x, skip: skip)
        }
        let inner = builder.leakyReLU(try normalized(joined("conv1", kernel), norm, "\(block).norm1", outputs))
        let outer = try normalizedConvolution(
            inner, "\(block).conv2.conv", from: outputs, to: outputs, kernel: kernel, norm: norm, "\(block).norm2")
        guard isResidual else { return builder.leakyReLU(outer) }
        return builder.leakyReLU(builder.add(outer, try normalized(joined("conv3", [1, 1, 1]), norm, "\(block).norm3", outputs)))
    }

    /// `PreactivationBlock`: two 3×3×3 convolutions, each of a normalized and rectified volume, added to the input.
    ///
    /// - Parameters:
    ///   - keys: of the two normalizations and the two convolutions.
    ///   - grid: the size [D, H, W] of the volume.
    func preactivationBlock(
        _ x: Graph.Value, norms: (String, String), convolutions: (String, String), channels: Int, groups: Int, grid: Size3, bias: Bool = false
    ) throws -> Graph.Value {
        let inner = try convolution(
            builder.relu(normalized(x, .group(groups), norms.0, channels, grid: grid)), convolutions.0, from: channels, to: channels, bias: bias)
        let outer = try convolution(
            builder.relu(normalized(inner, .group(groups), norms.1, channels, grid: grid)), convolutions.1, from: channels, to: channels, bias: bias)
        return builder.add(outer, x)
    }

    /// `ConvolutionUnit`: a convolution, an instance normalization and a leaky ReLU, with nnU-Net's keys.
    func convolutionUnit(
        _ x: Graph.Value, _ scope: String, from inputs: Int, to outputs: Int, kernel: Size3, stride: Size3 = [1, 1, 1], bias: Bool = true,
        version: NNUNetVersion = .v2
    ) throws -> Graph.Value {
        builder.leakyReLU(
            try normalizedConvolution(
                x, "\(scope).conv", from: inputs, to: outputs, kernel: kernel, stride: stride, bias: bias, norm: .affineInstance(scale: 1),
                "\(scope).\(version.norm)"))
    }

    /// `ResidualBlock` with nnU-Net's keys and biases: the shortcut follows a stride by a mean and a change of channels by a convolution.
    func residualBlock(
        nnUNet x: Graph.Value, _ scope: String, from inputs: Int, to outputs: Int, kernel: Size3, stride: Size3
    ) throws -> Graph.Value {
        try builder.in(scope) {
            let norm = NormKind.affineInstance(scale: 1), pools = stride != [1, 1, 1]
            let inner = try convolutionUnit(x, "\(scope).conv1", from: inputs, to: outputs, kernel: kernel, stride: stride)
            let outer = try normalizedConvolution(
                inner, "\(scope).conv2.conv", from: outputs, to: outputs, kernel: kernel, bias: true, norm: norm, "\(scope).conv2.norm")
            let pooled = pools ? builder.averagePool(x, Array(stride)) : x, place = "\(scope).skip.\(pools ? 1 : 0)"
            let shortcut =
                try inputs == outputs
                ? pooled
                : normalizedConvolution(pooled, "\(place).conv", from: inputs, to: outputs, kernel: [1, 1, 1], norm: norm, "\(place).norm")
            return builder.leakyReLU(builder.add(outer, shortcut))
        }
    }

    /// `MONAIConvolution`: a convolution, then a normalization and an activation, each of which may be missing.
    func convolution(_ x: Graph.Value, _ scope: String, from inputs: Int, to outputs: Int, _ settings: UnitSettings) throws -> Graph.Value {
        let key = "\(scope).conv", norm = settings.norm
        let y =
            if settings.isTransposed {
                try transposed(x, key, from: inputs, to: outputs, settings, norm: norm, "\(scope).adn.N")
            } else if let norm {
                try normalizedConvolution(
                    x, key, from: inputs, to: outputs, kernel: settings.kernel, stride: settings.stride, bias: true, norm: norm, "\(scope).adn.N")
            } else {
                try convolution(x, key, from: inputs, to: outputs, kernel: settings.kernel, stride: settings.stride, bias: true)
            }
        return try settings.activation.map { try activated(y, $0, "\(scope).adn.A") } ?? y
    }

    /// Fills up to the stride times the size.
    private func transposed(
        _ x: Graph.Value, _ key: String, from inputs: Int, to outputs: Int, _ settings: UnitSettings, norm: NormKind?, _ normKey: String
    ) throws -> Graph.Value {
        let y = try transposedConvolution(
            x, key, from: inputs, to: outputs, kernel: settings.kernel, stride: settings.stride, padding: settings.padding,
            outputPadding: Size3 { settings.stride[$0] - 1 }, bias: true)
        return try norm.map { try normalized(y, $0, normKey, outputs) } ?? y
    }

    /// An activation, of which the learned slope stands at `key`.weight.
    private func activated(_ x: Graph.Value, _ kind: ActivationKind, _ key: String) throws -> Graph.Value {
        switch kind {
        case .relu: return builder.relu(x)
        case .leakyReLU(let slope): return builder.leakyReLU(x, slope: Float(slope))
        case .parametricReLU where form == .fast: return builder.leakyReLU(x, slope: try floats("\(key).weight", [1])[0])
        case .parametricReLU: return builder.parametricReLU(x, slope: try constant("\(key).weight", [1]))
        }
    }
}
