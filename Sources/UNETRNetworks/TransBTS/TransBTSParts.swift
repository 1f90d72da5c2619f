import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// The convolutions down to an eighth of the size.
struct TransBTSEncoder {
    private let first: Convolution
    private let levels: [(downsampling: Convolution?, blocks: [(name: String, block: PreactivationBlock)])]

    init(_ scope: Scope, _ configuration: TransBTSConfiguration) throws {
        first = try Convolution(
            scope / "InitConv" / "conv", from: configuration.inputChannels, to: configuration.featureSize, kernel: [3, 3, 3], bias: true)
        levels = try TransBTSConfiguration.blocks.enumerated().map { level, names in
            let channels = configuration.channels(level)
            let downsampling =
                try level == 0
                ? nil
                : Convolution(
                    scope / "EnDown\(level)" / "conv", from: channels / 2, to: channels, kernel: [3, 3, 3], stride: [2, 2, 2], bias: true)
            return (
                downsampling,
                try names.map {
                    ("\(scope.path).\($0)", try PreactivationBlock(transBTS: scope / $0, channels: channels, groups: TransBTSConfiguration.groups))
                }
            )
        }
    }

    /// [N, inputs, D, H, W] → the maps of all levels, finest first.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> [Tensor] {
        var x = try first(x)
        return try levels.map { level in
            if let downsampling = level.downsampling { x = try downsampling(x) }
            for (name, block) in level.blocks { x = try pass.show(name, block(x, pass)) }
            return x
        }
    }
}

/// Self-attention and two linear layers, each on normalized tokens and added to them.
struct TransBTSLayer {
    private let norm1, norm2: LayerNorm
    private let attention: SelfAttention
    private let feedForward: FeedForward
    private let dropout: Double
    private let path: String

    /// - Parameter index: the published list holds attentions at even places and linear layers at odd ones.
    init(_ scope: Scope, _ configuration: TransBTSConfiguration, index: Int) throws {
        let channels = configuration.hiddenSize, one = scope / (2 * index) / "fn", two = scope / (2 * index + 1) / "fn"
        norm1 = try LayerNorm(one / "norm", channels: channels)
        attention = try SelfAttention(
            one / "fn", channels: channels, heads: configuration.heads, bias: false, dropout: configuration.dropout,
            attentionDropout: configuration.attentionDropout, keys: .visionTransformer)
        norm2 = try LayerNorm(two / "norm", channels: channels)
        feedForward = try FeedForward(
            two / "fn", channels: channels, hidden: configuration.feedForwardSize, names: ("net.0", "net.3"), dropout: configuration.dropout)
        dropout = configuration.dropout
        path = (scope / (2 * index)).path
    }

    /// [N, T, C] → [N, T, C].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let attended = try pass.show(path, x + pass.dropped(attention(norm1(x), pass), dropout))
        return try attended + feedForward(norm2(attended), pass)
    }
}

/// Two convolutions, each with batch normalization and ReLU, and where it is residual the input added.
struct TransBTSPair {
    private let convolutions: [Convolution]
    private let norms: [BatchNorm]
    private let isResidual: Bool

    /// - Parameter keys: the four parts in the order of the state dict, which differs from block to block.
    init(_ scope: Scope, from inputs: Int, to outputs: Int, isResidual: Bool, keys: [String]) throws {
        var convolutions: [Convolution] = [], norms: [BatchNorm] = []
        for key in keys {
            if key.hasPrefix("bn") {
                norms.append(try BatchNorm(scope / key, channels: outputs))
            } else {
                convolutions.append(
                    try Convolution(scope / key, from: convolutions.isEmpty ? inputs : outputs, to: outputs, kernel: [3, 3, 3], bias: true))
            }
        }
        (self.convolutions, self.norms, self.isResidual) = (convolutions, norms, isResidual)
    }

    /// [N, inputs, D, H, W] → [N, outputs, D, H, W].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        try inSafePrecision(x, pass, parameters: convolutions[0].weight.dtype) { x in
            let y = try zip(convolutions, norms).reduce(x) { x, layer in
                let y = try layer.1(layer.0(x), pass)
                try y.reluInPlace()
                return y
            }
            return try isResidual ? y + x : y
        }
    }
}
