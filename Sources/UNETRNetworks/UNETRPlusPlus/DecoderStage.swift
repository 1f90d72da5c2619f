import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// One stage of the decoder: a transposed convolution to the finer grid, the encoder's output there added, then blocks.
struct DecoderStage {
    private enum Blocks {
        case transformer([TransformerBlock])
        case residual(ResidualBlock)
    }

    private let upsampling: TransposedConvolution
    private let blocks: Blocks
    private let name: String

    /// A stage of transformer blocks on the token grid of encoder stage `stage`.
    init(_ scope: Scope, _ configuration: UNETRPlusPlusConfiguration, stage: Int, name: String) throws {
        let channels = configuration.stageChannels
        upsampling = try TransposedConvolution(
            scope / "transp_conv" / "conv", from: channels[stage + 1], to: channels[stage], stride: [2, 2, 2])
        blocks = .transformer(
            try (0..<configuration.decoderDepth).map { block in
                try TransformerBlock(
                    scope / "decoder_block" / 0 / block, configuration, stage: stage, channels: channels[stage],
                    projected: configuration.decoderProjectedTokens, initial: .kaiming, name: "\(name).block\(block)")
            })
        self.name = name
    }

    /// The last stage, at full resolution, where tokens would be too many: a residual convolution block.
    init(fullResolution scope: Scope, _ configuration: UNETRPlusPlusConfiguration, name: String) throws {
        let features = configuration.featureSize
        upsampling = try TransposedConvolution(
            scope / "transp_conv" / "conv", from: configuration.stageChannels[0], to: features, stride: Array(configuration.stem))
        blocks = .residual(try ResidualBlock(scope / "decoder_block" / 0, from: features, to: features, norm: .instance))
        self.name = name
    }

    /// The skip is computed when it is added and freed right after: at full resolution it is a good part of the memory.
    func callAsFunction(_ x: Tensor, skip: @autoclosure () throws -> Tensor, _ pass: ForwardPass) throws -> Tensor {
        var x = try upsampling(x) + skip()
        switch blocks {
        case .transformer(let blocks): for block in blocks { x = try block(x, pass) }
        case .residual(let block): x = try block(x, pass)
        }
        return pass.show(name, x)
    }
}
