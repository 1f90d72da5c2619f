import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// Convolutions that make tokens, and four stages of blocks with strided convolutions between them.
struct NNFormerEncoder {
    private let configuration: NNFormerConfiguration
    private let embedding: NNFormerEmbedding
    private let stages: [(blocks: [WindowTransformerBlock], downsampling: NNFormerDownsampling?)]
    private let norms: [LayerNorm]

    init(_ scope: Scope, _ configuration: NNFormerConfiguration) throws {
        self.configuration = configuration
        embedding = try NNFormerEmbedding(scope / "patch_embed", configuration)
        let rates = StochasticDepth.rates(upTo: configuration.pathDropout, depths: configuration.depths)
        stages = try (0..<4).map { stage in
            let place = scope / "layers" / stage
            let blocks = try rates[stage].enumerated().map { index, rate in
                var settings = configuration.blocks(stage: stage, heads: configuration.heads[stage])
                settings.pathDropout = rate
                return try WindowTransformerBlock(place / "blocks" / index, channels: configuration.channels(stage), settings)
            }
            let downsampling = try stage < 3 ? NNFormerDownsampling(place / "downsample", configuration, stage: stage) : nil
            return (blocks, downsampling)
        }
        norms = try (0..<4).map { try LayerNorm(scope / "norm\($0)", channels: configuration.channels($0)) }
    }

    /// [N, channels, D, H, W] → the normalized tokens [N, d, h, w, C] of each stage, finest first.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> [Tensor] {
        var tokens = try pass.dropped(embedding(x), configuration.dropout)
        return try stages.enumerated().map { stage, parts in
            for (index, block) in parts.blocks.enumerated() {
                tokens = try block(tokens, in: configuration.windows(stage: stage, shifted: index % 2 == 1), pass)
            }
            let output = try norms[stage](tokens)
            if let downsampling = parts.downsampling { tokens = try downsampling(tokens) }
            return pass.show("encoder.stage\(stage)", output)
        }
    }
}

/// Four convolutions that turn blocks of the stem's size into tokens (nnFormer's `PatchEmbed`).
struct NNFormerEmbedding {
    /// Each followed by a GELU, except for the last, and a norm.
    private let steps: [(convolution: Convolution, norm: LayerNorm)]

    init(_ scope: Scope, _ configuration: NNFormerConfiguration) throws {
        let full = configuration.embeddingSize, half = full / 2
        // A stem of 4 is two strides of 2, one of 2 the first of them.
        let first = configuration.stem.map { min($0, 2) }
        let second = zip(configuration.stem, first).map { $0 / $1 }
        func convolution(_ place: Scope, _ inputs: Int, _ outputs: Int, _ stride: [Int]) throws -> Convolution {
            try Convolution(place, from: inputs, to: outputs, kernel: [3, 3, 3], stride: stride, padding: [1, 1, 1], bias: true)
        }
        // Made in the order of the keys.
        let one = scope / "proj1", two = scope / "proj2"
        let outer = try convolution(one / "conv1", configuration.inputChannels, half, first)
        let outer2 = try convolution(one / "conv2", half, half, [1, 1, 1])
        let outerNorm = try LayerNorm(one / "norm1", channels: half), outerNorm2 = try LayerNorm(one / "norm2", channels: half)
        let inner = try convolution(two / "conv1", half, full, second)
        let inner2 = try convolution(two / "conv2", full, full, [1, 1, 1])
        let innerNorm = try LayerNorm(two / "norm1", channels: full), lastNorm = try LayerNorm(scope / "norm", channels: full)
        steps = [(outer, outerNorm), (outer2, outerNorm2), (inner, innerNorm), (inner2, lastNorm)]
    }

    /// [N, channels, D, H, W] → tokens [N, d, h, w, C].
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        var x = x
        for (index, step) in steps.enumerated() {
            x = try step.convolution(x).channelsToEnd()
            if index < 3 { x = try x.gelu() }
            x = try step.norm(x).channelsToFront()
        }
        return try x.channelsToEnd()
    }
}

/// GELU, normalization and a strided convolution to the next stage (nnFormer's `PatchMerging`).
struct NNFormerDownsampling {
    private let reduction: Convolution
    private let norm: LayerNorm

    init(_ scope: Scope, _ configuration: NNFormerConfiguration, stage: Int) throws {
        let channels = configuration.channels(stage), stride = configuration.strides[stage]
        reduction = try Convolution(
            scope / "reduction", from: channels, to: 2 * channels, kernel: stride.map { $0 == 2 ? 3 : 1 }, stride: Array(stride),
            padding: Array(configuration.reductionPadding(stage)), bias: true)
        norm = try LayerNorm(scope / "norm", channels: channels)
    }

    /// Tokens [N, d, h, w, C] → [N, d′, h′, w′, 2C].
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        try reduction(norm(x.gelu()).channelsToFront()).channelsToEnd()
    }
}
