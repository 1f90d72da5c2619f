import UNETRSupport

/// Collects the layers of a network, block by block.
struct ComplexityCounter {
    private(set) var layers: [LayerCost] = []
    /// The block that layers are being added to.
    var block = ""
    /// Whether the layers being added are left out in evaluation.
    var onlyInTraining = false

    /// Makes what holds the layer of that key the block, and returns the rest of the key.
    mutating func enterBlock(of key: String) -> String {
        let parts = key.split(separator: ".")
        block = parts.dropLast().joined(separator: ".")
        return parts.last.map(String.init) ?? ""
    }

    /// A layer of the block; with an empty name the block is the layer.
    mutating func add(_ name: String, _ kind: LayerCost.Kind, output: [Int], parameters: Int, multiplyAdds: Int = 0) {
        layers.append(
            LayerCost(
                name: name.isEmpty ? block : "\(block).\(name)", block: block, kind: kind, outputShape: output, parameters: parameters,
                multiplyAdds: multiplyAdds, onlyInTraining: onlyInTraining))
    }

    /// `grid` is the output's.
    mutating func convolution(
        _ name: String, from inputs: Int, to outputs: Int, kernel: Size3, grid: Size3, groups: Int = 1, bias: Bool = false
    ) {
        add(
            name, .convolution, output: [outputs] + grid, parameters: kernel.voxels * (inputs / groups) * outputs + (bias ? outputs : 0),
            multiplyAdds: CountingRule.convolution(kernel: kernel, inputs: inputs, outputs: outputs, outputGrid: grid, groups: groups))
    }

    /// - Parameters:
    ///   - kernel: the stride if nil.
    ///   - grid: the input's.
    ///   - output: the output's; the input's times the stride if nil.
    mutating func transposedConvolution(
        _ name: String, from inputs: Int, to outputs: Int, kernel: Size3? = nil, stride: Size3, grid: Size3, output: Size3? = nil, groups: Int = 1,
        bias: Bool = false
    ) {
        let kernel = kernel ?? stride
        add(
            name, .transposedConvolution, output: [outputs] + (output ?? grid.multiplied(by: stride)),
            parameters: kernel.voxels * inputs * (outputs / groups) + (bias ? outputs : 0),
            multiplyAdds: CountingRule.transposedConvolution(
                kernel: kernel, inputs: inputs, outputs: outputs, inputGrid: grid, groups: groups))
    }

    /// Values read between voxels; `grid` is the output's.
    mutating func interpolation(_ name: String, channels: Int, grid: Size3) {
        add(
            name, .product, output: [channels] + grid, parameters: 0,
            multiplyAdds: CountingRule.interpolation(elements: ([channels] + grid).saturatingProduct()))
    }

    /// Layers that checkpoints have and nothing is computed with.
    mutating func addUnused(_ count: (inout ComplexityCounter) -> Void) {
        var counter = ComplexityCounter()
        count(&counter)
        for layer in counter.layers {
            block = layer.block
            layers.append(
                LayerCost(name: layer.name, block: layer.block, kind: .values, outputShape: [0], parameters: layer.parameters, multiplyAdds: 0))
        }
    }

    /// Over the last axis of `rows` vectors.
    mutating func linear(_ name: String, from inputs: Int, to outputs: Int, rows: Int, bias: Bool = true) {
        add(
            name, .linear, output: [rows, outputs], parameters: inputs * outputs + (bias ? outputs : 0),
            multiplyAdds: CountingRule.product(rows: rows, inputs: inputs, outputs: outputs))
    }

    /// Layer normalization of `rows` vectors.
    mutating func layerNorm(_ name: String, channels: Int, rows: Int, affine: Bool = true) {
        add(
            name, .norm, output: [rows, channels], parameters: affine ? 2 * channels : 0,
            multiplyAdds: CountingRule.normalization(elements: rows * channels, affine: affine))
    }

    mutating func norm(_ name: String, _ norm: NormKind, channels: Int, grid: Size3) {
        let elements = channels * grid.voxels
        let (affine, multiplyAdds) =
            switch norm {
            case .batch: (true, CountingRule.batchNormalization(elements: elements))
            case .instance: (false, CountingRule.normalization(elements: elements, affine: false))
            case .affineInstance, .group: (true, CountingRule.normalization(elements: elements, affine: true))
            }
        add(name, .norm, output: [channels] + grid, parameters: affine ? 2 * channels : 0, multiplyAdds: multiplyAdds)
    }
}

// MARK: Blocks that several networks have

extension ComplexityCounter {
    /// A `ResidualBlock` with MONAI's keys; `grid` is the output's.
    mutating func residual(
        _ name: String?, from inputs: Int, to outputs: Int, kernel: Size3 = [3, 3, 3], isStrided: Bool = false, grid: Size3, norm: NormKind,
        isResidual: Bool = true
    ) {
        let prefix = name.map { "\($0)." } ?? ""
        func add(_ index: Int, from inputs: Int, kernel: Size3, to counter: inout ComplexityCounter) {
            counter.convolution("\(prefix)conv\(index).conv", from: inputs, to: outputs, kernel: kernel, grid: grid)
            counter.norm("\(prefix)norm\(index)", norm, channels: outputs, grid: grid)
        }
        add(1, from: inputs, kernel: kernel, to: &self)
        add(2, from: outputs, kernel: kernel, to: &self)
        if isResidual && (isStrided || inputs != outputs) { add(3, from: inputs, kernel: [1, 1, 1], to: &self) }
    }

    /// A `ConvolutionUnit`; `grid` is the output's.
    mutating func unit(
        _ name: String, from inputs: Int, to outputs: Int, kernel: Size3, grid: Size3, bias: Bool = true, norm key: String = "norm"
    ) {
        convolution("\(name).conv", from: inputs, to: outputs, kernel: kernel, grid: grid, bias: bias)
        norm("\(name).\(key)", .affineInstance(scale: 1), channels: outputs, grid: grid)
    }

    /// A convolution and what follows it by MONAI's names; `grid` is the output's.
    mutating func unit(_ name: String?, from inputs: Int, to outputs: Int, _ settings: UnitSettings, grid: Size3) {
        let prefix = name.map { "\($0)." } ?? ""
        if settings.isTransposed {
            transposedConvolution(
                "\(prefix)conv", from: inputs, to: outputs, kernel: settings.kernel, stride: settings.stride, grid: grid.divided(by: settings.stride),
                bias: true)
        } else {
            convolution("\(prefix)conv", from: inputs, to: outputs, kernel: settings.kernel, grid: grid, bias: true)
        }
        if let norm = settings.norm { self.norm("\(prefix)adn.N", norm, channels: outputs, grid: grid) }
        if settings.activation == .parametricReLU { add("\(prefix)adn.A", .values, output: [1], parameters: 1) }
    }

    /// A `PreactivationBlock`: normalization before each of two convolutions.
    mutating func preactivation(_ name: String?, channels: Int, groups: Int, grid: Size3) {
        let prefix = name.map { "\($0)." } ?? ""
        for index in 1...2 { norm("\(prefix)norm\(index)", .group(groups), channels: channels, grid: grid) }
        for index in 1...2 {
            convolution("\(prefix)conv\(index).conv", from: channels, to: channels, kernel: [3, 3, 3], grid: grid)
        }
    }

    /// An `UpsamplingBlock` called `name`; `grid` is the input's.
    mutating func upsampling(
        _ name: String, from inputs: Int, to outputs: Int, kernel: Size3 = [3, 3, 3], stride: Size3 = [2, 2, 2], grid: Size3, bias: Bool = false,
        norm: NormKind = .instance, isResidual: Bool = true
    ) {
        block = "\(name).transp_conv"
        transposedConvolution("conv", from: inputs, to: outputs, stride: stride, grid: grid, bias: bias)
        block = "\(name).conv_block"
        residual(
            nil, from: 2 * outputs, to: outputs, kernel: kernel, grid: grid.multiplied(by: stride), norm: norm, isResidual: isResidual)
    }

    /// A `PatchMerging` in the block; `grid` is the output's.
    mutating func patchMerging(channels: Int, neighbors: Int, grid: Size3) {
        linear("reduction", from: neighbors * channels, to: 2 * channels, rows: grid.voxels, bias: false)
        layerNorm("norm", channels: neighbors * channels, rows: grid.voxels)
    }

    /// A `PatchExpansion` in the block; `grid` is the input's.
    mutating func patchExpansion(channels: Int, factor: Int, grid: Size3) {
        let outputs = factor == 2 ? channels / 2 : channels, voxels = factor * factor
        linear("expand", from: channels, to: voxels * outputs, rows: grid.voxels, bias: false)
        layerNorm("norm", channels: outputs, rows: voxels * grid.voxels)
    }

    /// The two products of an attention in which each of `rows` queries meets `keys` keys.
    mutating func attention(_ name: String, rows: Int, keys: Int, channels: Int) {
        add(
            name, .product, output: [rows, channels], parameters: 0,
            multiplyAdds: CountingRule.product(rows: 2 * rows, inputs: channels, outputs: keys))
    }

    /// A `WindowTransformerBlock`, in which the grid is filled up to whole windows for the attention.
    mutating func windowBlock(
        channels: Int, in grid: WindowGrid, _ settings: WindowBlockSettings, givenQueries: Bool = false
    ) {
        let tokens = grid.grid.voxels, rows = grid.padded.voxels
        let names = settings.feedForwardNames, hidden = Int(Double(channels) * settings.feedForwardRatio)
        layerNorm("norm1", channels: channels, rows: givenQueries ? 2 * tokens : tokens)
        let table = settings.window.reduce(settings.heads) { $0 * (2 * $1 - 1) }
        add("attn.relative_position_bias_table", .values, output: [settings.heads, grid.tokens, grid.tokens], parameters: table)
        linear(givenQueries ? "attn.kv" : "attn.qkv", from: channels, to: (givenQueries ? 2 : 3) * channels, rows: rows)
        attention("attn.products", rows: rows, keys: grid.tokens, channels: channels)
        linear("attn.proj", from: channels, to: channels, rows: rows)
        layerNorm("norm2", channels: channels, rows: tokens)
        linear("mlp.\(names.0)", from: channels, to: hidden, rows: tokens)
        linear("mlp.\(names.1)", from: hidden, to: channels, rows: tokens)
    }
}
