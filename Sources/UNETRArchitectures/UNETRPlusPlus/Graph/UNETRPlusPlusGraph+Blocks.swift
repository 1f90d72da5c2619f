import UNETRGraphs
import UNETRSupport

extension UNETRPlusPlusGraph {
    /// [N, C, D, H, W] → the same, on the token grid of a stage.
    func transformerBlock(_ x: Graph.Value, _ scope: String, stage: Int, projected: Int) throws -> Graph.Value {
        let (channels, tokens) = (configuration.stageChannels[stage], configuration.tokens(stage: stage))
        let positions = try writer.constant("\(scope).pos_embed", [1, tokens, channels])
        let t = builder.add(writer.tokens(x, channels), positions)
        let normalized = try writer.layerNorm(t, "\(scope).norm", channels)
        let attended = try builder.in("attention") {
            let attention = PairedAttentionGraph(self, scope, channels: channels, tokens: tokens, projected: projected)
            return writer.form == .fast ? try attention.fromGramMatrix(normalized) : try attention.asPublished(normalized)
        }
        let volume = writer.volume(builder.add(t, attended), channels, grid: configuration.grid(stage: stage))
        var residual = volume
        for name in ["conv51", "conv52"].prefix(configuration.residualBlocks) {
            residual = try writer.residualBlock(residual, "\(scope).\(name)", from: channels, to: channels, norm: .batch)
        }
        return builder.add(volume, try writer.convolution(residual, "\(scope).conv8.1", from: channels, to: channels, kernel: [1, 1, 1], bias: true))
    }
}
