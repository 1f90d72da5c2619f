import UNETRGraphs
import UNETRSupport

extension UNETRPlusPlusGraph {
    /// [N, C, D, H, W] → the same, on the token grid of a stage.
    func transformerBlock(_ x: Graph.Value, _ scope: String, stage: Int, projected: Int) throws -> Graph.Value {
        let (channels, tokens) = (configuration.stageChannels[stage], configuration.tokens(stage: stage))
        let positions = try writer.constant("\(scope).pos_embed", [1, tokens, channels])
        let t = builder.add(asTokens(x, channels), positions)
        let normalized = try writer.layerNorm(t, "\(scope).norm", channels)
        let attended = try builder.in("attention") {
            let attention = PairedAttentionGraph(self, scope, channels: channels, tokens: tokens, projected: projected)
            return writer.form == .fast ? try attention.fromGramMatrix(normalized) : try attention.asPublished(normalized)
        }
        let volume = asVolume(builder.add(t, attended), channels, stage: stage)
        var residual = volume
        for name in ["conv51", "conv52"].prefix(configuration.residualBlocks) {
            residual = try writer.residualBlock(residual, "\(scope).\(name)", from: channels, to: channels, norm: .batch)
        }
        return builder.add(volume, try writer.convolution(residual, "\(scope).conv8.1", from: channels, to: channels, kernel: [1, 1, 1], bias: true))
    }

    /// [N, C, D, H, W] → [N, T, C].
    private func asTokens(_ x: Graph.Value, _ channels: Int) -> Graph.Value {
        guard writer.form == .fast else { return builder.transpose(builder.reshape(x, [0, channels, -1]), [0, 2, 1]) }
        // The channels split in two, because OpenVINO moves blocks of four axes several times faster than it transposes three.
        let split = builder.reshape(x, [0, channels % 4 == 0 ? 4 : 2, channels / (channels % 4 == 0 ? 4 : 2), -1])
        return builder.reshape(builder.transpose(split, [0, 3, 1, 2]), [0, -1, channels])
    }

    /// [N, T, C] → [N, C, D, H, W]. In this order of the two steps a runtime with channels-last volumes has nothing to move.
    private func asVolume(_ tokens: Graph.Value, _ channels: Int, stage: Int) -> Graph.Value {
        builder.transpose(builder.reshape(tokens, [0] + configuration.grid(stage: stage) + [channels]), [0, 4, 1, 2, 3])
    }
}
