import UNETRGraphs
import UNETRSupport

extension NNUNetConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let graph = NNUNetGraph(self, .v2, writer)
        var x = try encoder == .plain ? input : writer.convolutionUnit(input, "encoder.stem.convs.0", from: inputChannels, to: features[0], kernel: kernels[0])
        let maps = try features.indices.map { stage in
            x = try writer.builder.in("encoder/stage\(stage)") {
                encoder == .plain ? try graph.plainStage(x, stage) : try residualStage(x, stage, writer)
            }
            return x
        }
        return try graph.head(graph.decoded(maps))
    }

    private func residualStage(_ x: Graph.Value, _ stage: Int, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        try (0..<depths[stage]).reduce(x) { x, index in
            try writer.residualBlock(
                nnUNet: x, "encoder.stages.\(stage).blocks.\(index)", from: features[index == 0 ? max(stage - 1, 0) : stage], to: features[stage],
                kernel: kernels[stage], stride: index == 0 ? strides[stage] : [1, 1, 1])
        }
    }
}

/// The parts of nnU-Net's plain U-Net as a graph, for all networks that have them.
struct NNUNetGraph {
    private let configuration: NNUNetConfiguration
    private let version: NNUNetVersion
    private let writer: NetworkGraphWriter

    init(_ configuration: NNUNetConfiguration, _ version: NNUNetVersion, _ writer: NetworkGraphWriter) {
        (self.configuration, self.version, self.writer) = (configuration, version, writer)
    }

    /// A stage of the plain encoder.
    func plainStage(_ x: Graph.Value, _ stage: Int) throws -> Graph.Value {
        let features = configuration.features, inputs = stage == 0 ? configuration.inputChannels : features[stage - 1]
        return try (0..<configuration.depths[stage]).reduce(x) { x, unit in
            try writer.convolutionUnit(
                x, version.encoderUnit(unit, stage: stage, of: configuration), from: unit == 0 ? inputs : features[stage], to: features[stage],
                kernel: configuration.kernels[stage], stride: unit == 0 ? configuration.strides[stage] : [1, 1, 1], version: version)
        }
    }

    /// The maps of the encoder's stages, finest first → that of the finest stage of the decoder.
    func decoded(_ maps: [Graph.Value]) throws -> Graph.Value {
        let features = configuration.features
        return try configuration.decoderLevels.reduce(maps[maps.count - 1]) { x, place in
            let (stage, level) = place
            return try writer.builder.in("decoder/stage\(stage)") {
                let raised = try writer.transposedConvolution(
                    x, version.upsampling(stage: stage), from: features[level + 1], to: features[level], stride: configuration.strides[level + 1],
                    bias: version.hasBiases)
                let joined = writer.builder.concatenated([raised, maps[level]], axis: 1)
                return try (0..<configuration.decoderDepths[stage]).reduce(joined) { x, unit in
                    try writer.convolutionUnit(
                        x, version.decoderUnit(unit, stage: stage, of: configuration), from: (unit == 0 ? 2 : 1) * features[level], to: features[level],
                        kernel: version.decoderKernel(level, of: configuration), version: version)
                }
            }
        }
    }

    /// The map of the decoder's finest stage → the finest logits.
    func head(_ x: Graph.Value) throws -> Graph.Value {
        try writer.convolution(
            x, version.head(stage: configuration.features.count - 2), from: configuration.features[0], to: configuration.classes, kernel: [1, 1, 1],
            bias: version.hasBiases)
    }
}
