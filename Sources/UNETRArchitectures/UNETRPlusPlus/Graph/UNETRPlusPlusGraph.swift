import UNETRGraphs
import UNETRSupport

/// Writes UNETR++ as a graph: the same network as `UNETRPlusPlus`, said to a file instead of to libtorch.
struct UNETRPlusPlusGraph {
    let configuration: UNETRPlusPlusConfiguration
    let writer: NetworkGraphWriter
    var builder: GraphBuilder { writer.builder }

    init(_ configuration: UNETRPlusPlusConfiguration, _ writer: NetworkGraphWriter) { (self.configuration, self.writer) = (configuration, writer) }

    /// [N, inputChannels, D, H, W] → logits [N, classes, D, H, W].
    func logits(_ input: Graph.Value) throws -> Graph.Value { try logits(input, coarse(input)) }

    /// The same → what decoder3 gives, as [N, D, H, W, C].
    func coarseChannelsLast(_ input: Graph.Value) throws -> Graph.Value { channelsLast(try coarse(input), configuration.stageChannels[0]) }

    /// [N, C, D, H, W] → [N, D, H, W, C], behind a convolution that changes nothing.
    ///
    /// OpenVINO keeps in float32 what leads to an output without a product on its way, which here would be all that blocks add to.
    private func channelsLast(_ x: Graph.Value, _ channels: Int) -> Graph.Value {
        let identity = (0..<channels * channels).map { $0.isMultiple(of: channels + 1) ? Float(1) : 0 }
        let same = builder.convolution(x, builder.constant(identity, [channels, channels, 1, 1, 1]), kernel: [1, 1, 1])
        return builder.transpose(same, [0, 2, 3, 4, 1])
    }

    /// What decoder3 gives.
    private func coarse(_ input: Graph.Value) throws -> Graph.Value {
        let channels = configuration.stageChannels
        let stages = try encoder(input)
        var x = stages[3]
        for (stage, name) in [(2, "decoder5"), (1, "decoder4"), (0, "decoder3")] {
            x = try builder.in(name) {
                try decoder(x, skip: stages[stage], stage: stage, name, from: channels[stage + 1])
            }
        }
        return x
    }

    /// The blocks at full resolution: encoder1, decoder2 and out1.
    private func logits(_ input: Graph.Value, _ coarse: Graph.Value) throws -> Graph.Value {
        let features = configuration.featureSize
        let full = try writer.residualBlock(input, "encoder1", from: configuration.inputChannels, to: features, norm: .instance)
        let fine = try builder.in("decoder2") {
            let up = try upsampled(coarse, "decoder2", from: configuration.stageChannels[0], to: features, stride: configuration.stem)
            return try writer.residualBlock(builder.add(up, full), "decoder2.decoder_block.0", from: features, to: features, norm: .instance)
        }
        return try builder.in("out1") {
            try writer.convolution(fine, "out1.conv.conv", from: features, to: configuration.classes, kernel: [1, 1, 1], bias: true)
        }
    }

    /// The outputs of the four stages, finest first.
    private func encoder(_ input: Graph.Value) throws -> [Graph.Value] {
        let channels = configuration.stageChannels
        var x = input
        return try (0..<4).map { stage in
            let scope = "unetr_pp_encoder.downsample_layers.\(stage)"
            let inputs = stage == 0 ? configuration.inputChannels : channels[stage - 1]
            let kernel = stage == 0 ? configuration.stem : [2, 2, 2]
            x = try builder.in("downsample\(stage)") {
                return try writer.normalizedConvolution(
                    x, "\(scope).0.conv", from: inputs, to: channels[stage], kernel: kernel, stride: kernel, padding: [0, 0, 0],
                    norm: .group(configuration.normGroups(stage: stage)), "\(scope).1", grid: configuration.grid(stage: stage))
            }
            for block in 0..<configuration.depths[stage] {
                x = try builder.in("stage\(stage)/block\(block)") {
                    try transformerBlock(
                        x, "unetr_pp_encoder.stages.\(stage).\(block)", stage: stage, projected: configuration.projectedTokens[stage])
                }
            }
            return x
        }
    }

    private func decoder(_ x: Graph.Value, skip: Graph.Value, stage: Int, _ name: String, from inputs: Int) throws -> Graph.Value {
        let up = try upsampled(x, name, from: inputs, to: configuration.stageChannels[stage], stride: [2, 2, 2])
        var x = builder.add(up, skip)
        for block in 0..<configuration.decoderDepth {
            x = try builder.in("block\(block)") {
                try transformerBlock(x, "\(name).decoder_block.0.\(block)", stage: stage, projected: configuration.decoderProjectedTokens)
            }
        }
        return x
    }

    private func upsampled(_ x: Graph.Value, _ scope: String, from inputs: Int, to outputs: Int, stride: Size3) throws -> Graph.Value {
        try writer.transposedConvolution(x, "\(scope).transp_conv.conv", from: inputs, to: outputs, stride: stride)
    }
}
