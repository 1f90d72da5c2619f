import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// Paired attention and a residual convolution block over one token grid, each added to what it was made from.
struct TransformerBlock {
    let gamma: Tensor
    let positions: Tensor
    let norm: LayerNorm
    let attention: PairedAttention
    let conv51: ResidualBlock
    let conv52: ResidualBlock?
    let conv8: Convolution
    let channelDropout: Double
    let name: String

    init(
        _ scope: Scope, _ configuration: UNETRPlusPlusConfiguration, stage: Int, channels: Int, projected: Int, initial: Initializer,
        name: String
    ) throws {
        let tokens = configuration.tokens(stage: stage)
        gamma = try scope.parameter("gamma", [channels], .constant(configuration.layerScale))
        positions = try scope.parameter("pos_embed", [1, tokens, channels], .constant(0))
        norm = try LayerNorm(scope / "norm", channels: channels)
        attention = try PairedAttention(
            scope / "epa_block", configuration, tokens: tokens, channels: channels, projected: projected, initial: initial)
        conv51 = try ResidualBlock(scope / "conv51", from: channels, to: channels, norm: .batch)
        conv52 =
            try configuration.residualBlocks == 2
            ? ResidualBlock(scope / "conv52", from: channels, to: channels, norm: .batch) : nil
        conv8 = try Convolution(scope / "conv8" / "1", from: channels, to: channels, kernel: [1, 1, 1], bias: true)
        channelDropout = configuration.channelDropout
        self.name = name
    }

    /// [N, C, D, H, W] → [N, C, D, H, W].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let shape = x.shape
        // Tokens are the volume with the channels of a voxel side by side; in channels-last memory this is a view.
        let tokens = try x.permuted([0, 2, 3, 4, 1]).flattened(from: 1, to: 3) + positions  // [N, T, C]
        let attended = try pass.show("\(name).epa", attention(norm(tokens), pass))
        let sum = try tokens + attended * gamma
        let volume = try sum.reshaped([shape[0], shape[2], shape[3], shape[4], shape[1]]).permuted([0, 4, 1, 2, 3])

        var residual = try conv51(volume, pass)
        if let conv52 { residual = try conv52(residual, pass) }
        if pass.drops, channelDropout > 0 { residual = try residual.channelDropout(channelDropout, using: pass.generator) }
        return try volume + conv8(residual)
    }
}
