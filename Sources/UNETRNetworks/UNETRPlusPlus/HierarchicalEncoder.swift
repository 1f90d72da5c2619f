import UNETRArchitectures
import UNETRLayers
import UNETRTorch

/// Four stages of transformer blocks, each after a convolution that makes the grid coarser.
struct HierarchicalEncoder {
    private struct Downsampling {
        let convolution: Convolution
        let norm: GroupNorm
    }

    private let downsamplings: [Downsampling]
    private let stages: [[TransformerBlock]]

    init(_ scope: Scope, _ configuration: UNETRPlusPlusConfiguration) throws {
        let channels = configuration.stageChannels
        downsamplings = try (0..<4).map { stage in
            let scope = scope / "downsample_layers" / stage
            let inputs = stage == 0 ? configuration.inputChannels : channels[stage - 1]
            let kernel = stage == 0 ? Array(configuration.stem) : [2, 2, 2]
            return Downsampling(
                convolution: try Convolution(scope / "0" / "conv", from: inputs, to: channels[stage], kernel: kernel, stride: kernel),
                norm: try GroupNorm(scope / "1", channels: channels[stage], groups: configuration.normGroups(stage: stage)))
        }
        stages = try (0..<4).map { stage in
            try (0..<configuration.depths[stage]).map { block in
                try TransformerBlock(
                    scope / "stages" / stage / block, configuration, stage: stage, channels: channels[stage],
                    projected: configuration.projectedTokens[stage], initial: .truncatedNormal(deviation: 0.02),
                    name: "encoder.stage\(stage).block\(block)")
            }
        }
    }

    /// [N, channels, D, H, W] → the outputs of the four stages, finest first.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> [Tensor] {
        var x = x
        return try zip(downsamplings, stages).enumerated().map { stage, parts in
            x = try parts.0.norm(parts.0.convolution(x))
            pass.show("encoder.downsample\(stage)", x)
            for block in parts.1 { x = try block(x, pass) }
            return pass.show("encoder.stage\(stage)", x)
        }
    }
}
