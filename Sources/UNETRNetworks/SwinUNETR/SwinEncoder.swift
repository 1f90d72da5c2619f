import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// Four stages of transformer blocks that look through windows, each followed by patch merging and in V2 preceded by a residual block
/// (MONAI's `SwinTransformer`).
struct SwinEncoder {
    private let configuration: SwinUNETRConfiguration
    private let embedding: PatchEmbedding
    private let stages: [SwinStage]
    /// In V2 one for each stage, else none.
    private let residuals: [ResidualBlock]

    init(_ scope: Scope, _ configuration: SwinUNETRConfiguration) throws {
        self.configuration = configuration
        embedding = try PatchEmbedding(
            convolution: scope / "patch_embed" / "proj", from: configuration.inputChannels, to: configuration.featureSize, block: [2, 2, 2])
        stages = try (0..<4).map { try SwinStage(scope / "layers\($0 + 1)" / 0, configuration, stage: $0) }
        residuals = try (configuration.v2 ? 0..<4 : 0..<0).map { stage in
            let channels = configuration.stageChannels(stage)
            return try ResidualBlock(scope / "layers\(stage + 1)c" / 0 / "layer", from: channels, to: channels, norm: .instance)
        }
    }

    /// [N, channels, D, H, W] → five tensors [N, C, d, h, w], from half to 1/32 of the size, normalized over their channels.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> [Tensor] {
        var tokens = try pass.dropped(embedding(x), configuration.dropout)
        var outputs = [try normalized(tokens)]
        for (index, stage) in stages.enumerated() {
            if configuration.v2 { tokens = try residuals[index](tokens.channelsToFront(), pass).channelsToEnd() }
            tokens = try pass.show("swin.stage\(index)", stage(tokens, pass))
            outputs.append(try normalized(tokens))
        }
        return outputs
    }

    private func normalized(_ tokens: Tensor) throws -> Tensor {
        try tokens.layerNorm([tokens.shape[4]]).channelsToFront()
    }
}

/// Transformer blocks, every second one through shifted windows, and patch merging.
struct SwinStage {
    private let configuration: SwinUNETRConfiguration
    private let blocks: [WindowTransformerBlock]
    private let merging: PatchMerging

    init(_ scope: Scope, _ configuration: SwinUNETRConfiguration, stage: Int) throws {
        self.configuration = configuration
        let channels = configuration.stageChannels(stage)
        blocks = try configuration.blocks(stage: stage).enumerated().map { index, settings in
            try WindowTransformerBlock(scope / "blocks" / index, channels: channels, settings)
        }
        merging = try PatchMerging(scope / "downsample", channels: channels, unit: [2, 2, 2], offsets: configuration.merging.offsets)
    }

    /// Tokens [N, d, h, w, C] → [N, d/2, h/2, w/2, 2C].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        var x = x
        let shape = x.shape, grid = Size3(shape[1], shape[2], shape[3])
        for (index, block) in blocks.enumerated() {
            x = try block(x, in: configuration.windows(on: grid, shifted: index % 2 == 1), pass)
        }
        return try merging(x)
    }
}
