import UNETRArchives
import UNETRGraphs
import UNETRSupport

/// Writes UNETR++ as a graph: the same network as `UNETRPlusPlus`, said to a file instead of to libtorch.
struct UNETRPlusPlusGraph {
    let configuration: UNETRPlusPlusConfiguration
    let weights: StateDictionary
    let form: GraphForm
    let builder = GraphBuilder(name: "UNETR++")

    /// That of every normalization in the network.
    static let epsilon: Float = 1e-5

    init(_ configuration: UNETRPlusPlusConfiguration, _ weights: StateDictionary, _ form: GraphForm) throws {
        try configuration.validate()
        self.configuration = configuration
        self.weights = weights
        self.form = form
    }

    func graph(_ extent: GraphExtent, batch: Int?) throws -> Graph {
        builder.note("network", "UNETR++, \(form.rawValue) form")
        let input = builder.input("input", [batch, configuration.inputChannels] + Array(configuration.patchSize))
        let coarse = try coarse(input)
        switch extent {
        case .coarse:
            let channels = configuration.stageChannels[0]
            builder.output("coarse", channelsLast(coarse, channels), [batch] + Array(configuration.grid(stage: 0)) + [channels])
        case .whole:
            builder.output("logits", try logits(input, coarse), [batch, configuration.classes] + Array(configuration.patchSize))
        }
        return builder.graph
    }

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
        let full = try instanceResidual(input, "encoder1", from: configuration.inputChannels, to: features)
        let fine = try builder.in("decoder2") {
            let up = try upsampled(coarse, "decoder2", from: configuration.stageChannels[0], to: features, stride: configuration.stem)
            return try instanceResidual(builder.add(up, full), "decoder2.decoder_block.0", from: features, to: features)
        }
        return try builder.in("out1") {
            builder.convolution(
                fine, try constant("out1.conv.conv.weight", [configuration.classes, features, 1, 1, 1]),
                bias: try constant("out1.conv.conv.bias", [configuration.classes]), kernel: [1, 1, 1])
        }
    }

    /// The outputs of the four stages, finest first.
    private func encoder(_ input: Graph.Value) throws -> [Graph.Value] {
        let channels = configuration.stageChannels
        var x = input
        return try (0..<4).map { stage in
            let scope = "unetr_pp_encoder.downsample_layers.\(stage)"
            let inputs = stage == 0 ? configuration.inputChannels : channels[stage - 1]
            let kernel = stage == 0 ? Array(configuration.stem) : [2, 2, 2]
            x = try builder.in("downsample\(stage)") {
                let weight = try constant("\(scope).0.conv.weight", [channels[stage], inputs] + kernel)
                let coarser = builder.convolution(x, weight, kernel: kernel, stride: kernel)
                let groups = UNETRPlusPlusConfiguration.normGroups(inputs, channels[stage])
                return try groupNorm(coarser, "\(scope).1", channels[stage], groups: groups, grid: configuration.grid(stage: stage))
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
        let weight = try constant("\(scope).transp_conv.conv.weight", [inputs, outputs] + stride)
        return builder.transposedConvolution(x, weight, stride: Array(stride))
    }

    /// A weight as it is in the checkpoint, under its own key.
    func constant(_ key: String, _ shape: [Int]) throws -> Graph.Value { builder.constant(try weights.floats(key, shape), shape, key: key) }
}
