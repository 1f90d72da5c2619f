import UNETRGraphs
import UNETRSupport

extension UNETRConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let hidden = try VisionTransformerGraph(self, writer, "vit")(input)
        func volume(_ tokens: Graph.Value) -> Graph.Value { writer.volume(tokens, hiddenSize, grid: grid) }
        let f = featureSize, skips = skipLayers.map { volume(hidden.blocks[$0]) }
        let full = try writer.builder.in("encoder1") {
            try writer.residualBlock(input, "encoder1.layer", from: inputChannels, to: f, norm: .instance)
        }
        let half = try raised(skips[0], "encoder2", to: 2 * f, doublings: 3, writer)
        let quarter = try raised(skips[1], "encoder3", to: 4 * f, doublings: 2, writer)
        let eighth = try raised(skips[2], "encoder4", to: 8 * f, doublings: 1, writer)
        var x = try writer.upsamplingBlock(volume(hidden.last), skip: eighth, "decoder5", from: hiddenSize, to: 8 * f)
        x = try writer.upsamplingBlock(x, skip: quarter, "decoder4", from: 8 * f, to: 4 * f)
        x = try writer.upsamplingBlock(x, skip: half, "decoder3", from: 4 * f, to: 2 * f)
        x = try writer.upsamplingBlock(x, skip: full, "decoder2", from: 2 * f, to: f)
        return try writer.convolution(x, "out.conv.conv", from: f, to: classes, kernel: [1, 1, 1], bias: true)
    }

    /// `TokenUpsampling`: transposed convolutions, each but the first with a residual block behind it.
    private func raised(_ x: Graph.Value, _ scope: String, to outputs: Int, doublings: Int, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        try writer.builder.in(scope) {
            var x = try writer.transposedConvolution(x, "\(scope).transp_conv_init.conv", from: hiddenSize, to: outputs, stride: [2, 2, 2])
            for index in 0..<doublings - 1 {
                let place = "\(scope).blocks.\(index)"
                x = try writer.transposedConvolution(x, "\(place).0.conv", from: outputs, to: outputs, stride: [2, 2, 2])
                x = try writer.residualBlock(x, "\(place).1", from: outputs, to: outputs, norm: .instance)
            }
            return x
        }
    }
}

/// `VisionTransformer` as a graph, of UNETR and SETR.
struct VisionTransformerGraph {
    let configuration: UNETRConfiguration
    let writer: NetworkGraphWriter
    let scope: String

    init(_ configuration: UNETRConfiguration, _ writer: NetworkGraphWriter, _ scope: String) {
        (self.configuration, self.writer, self.scope) = (configuration, writer, scope)
    }

    /// [N, channels, D, H, W] → tokens [N, T, C] after each block, and the last ones normalized.
    func callAsFunction(_ input: Graph.Value) throws -> (blocks: [Graph.Value], last: Graph.Value) {
        let channels = configuration.hiddenSize, tokens = configuration.grid.voxels, builder = writer.builder
        let embedded = try embedding(input)
        var x = builder.add(embedded, try writer.constant("\(scope).patch_embedding.position_embeddings", [1, tokens, channels]))
        let blocks = try (0..<configuration.layers).map { layer in
            let place = "\(scope).blocks.\(layer)"
            x = try builder.in(place) {
                try writer.transformerBlock(
                    x, norms: ("\(place).norm1", "\(place).norm2"), attention: .monai("\(place).attn", bias: configuration.attentionBias),
                    feedForward: "\(place).mlp", names: ("linear1", "linear2"), channels: channels, hidden: configuration.feedForwardSize,
                    heads: configuration.heads, tokens: tokens)
            }
            return x
        }
        return (blocks, try writer.layerNorm(x, "\(scope).norm", channels))
    }

    private func embedding(_ input: Graph.Value) throws -> Graph.Value {
        let inputs = configuration.inputChannels, channels = configuration.hiddenSize, key = "\(scope).patch_embedding.patch_embeddings"
        switch configuration.embedding {
        case .convolution: return try writer.patchEmbedding(input, key, from: inputs, to: channels, block: [16, 16, 16])
        case .perceptron:
            return try writer.patchEmbedding(
                perceptron: "\(key).1", input, from: inputs, to: channels, block: [16, 16, 16], grid: configuration.grid)
        }
    }
}
