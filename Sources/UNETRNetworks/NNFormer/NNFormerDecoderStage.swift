import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// One stage of the decoder: tokens brought to the finer grid, an attention whose queries they are and whose keys and values come from the
/// encoder (nnFormer's skip attention), then blocks as in the encoder.
struct NNFormerDecoderStage {
    private let configuration: NNFormerConfiguration
    private let stage: Int
    private let skipAttention: WindowTransformerBlock
    private let blocks: [WindowTransformerBlock]
    private let norm: LayerNorm
    private let upsampling: TransposedConvolution
    /// Slices [d, h, w] that the up-sampling does not reach, because the encoder left them out.
    private let missing: [Int]

    init(_ scope: Scope, _ configuration: NNFormerConfiguration, stage: Int) throws {
        self.configuration = configuration
        self.stage = stage
        let channels = configuration.channels(stage)
        // Rates grow from the coarsest stage to the finest.
        let rates = Array(
            StochasticDepth.rates(
                upTo: configuration.pathDropout, depths: configuration.depths.dropLast().reversed()
            ).reversed())[stage]
        func block(_ index: Int) throws -> WindowTransformerBlock {
            var settings = configuration.blocks(stage: stage, heads: configuration.decoderHeads[stage])
            settings.pathDropout = rates[index]
            return try WindowTransformerBlock(scope / "blocks" / index, channels: channels, settings, givenQueries: index == 0)
        }
        skipAttention = try block(0)
        blocks = try rates.indices.dropFirst().map(block)
        norm = try LayerNorm(scope / "Upsample" / "norm", channels: 2 * channels)
        let stride = configuration.strides[stage]
        upsampling = try TransposedConvolution(
            scope / "Upsample" / "up", from: 2 * channels, to: channels, stride: Array(stride), bias: true)
        missing = zip(configuration.grid(stage), stride).map { $0 % $1 }
    }

    /// Tokens [N, d′, h′, w′, 2C] and the encoder's [N, d, h, w, C] → [N, d, h, w, C].
    func callAsFunction(_ x: Tensor, skip: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let finer = try upsampling(norm(x).channelsToFront(), missing: missing).channelsToEnd()
        let still = configuration.windows(stage: stage, shifted: false)
        var y = try skipAttention(finer + skip, queries: finer, keys: skip, in: still, pass)
        // Unlike in the encoder all of these are shifted.
        for block in blocks { y = try block(y, in: configuration.windows(stage: stage, shifted: true), pass) }
        return pass.show("decoder.stage\(stage)", y)
    }
}
