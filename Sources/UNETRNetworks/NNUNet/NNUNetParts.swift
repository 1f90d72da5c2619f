import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// Makes the parts of nnU-Net's plain U-Net, each kind at its time: the order in which they are made is that of the state dict.
struct NNUNetParts {
    private let root: Scope
    private let configuration: NNUNetConfiguration
    private let version: NNUNetVersion

    init(_ root: Scope, _ configuration: NNUNetConfiguration, version: NNUNetVersion) {
        (self.root, self.configuration, self.version) = (root, configuration, version)
    }

    /// The convolutions of a stage of the plain encoder.
    func plainStage(_ stage: Int) throws -> [ConvolutionUnit] {
        let features = configuration.features, inputs = stage == 0 ? configuration.inputChannels : features[stage - 1]
        return try (0..<configuration.depths[stage]).map { unit in
            try ConvolutionUnit(
                root / version.encoderUnit(unit, stage: stage, of: configuration), from: unit == 0 ? inputs : features[stage], to: features[stage],
                kernel: configuration.kernels[stage], stride: unit == 0 ? configuration.strides[stage] : [1, 1, 1], version: version)
        }
    }

    /// The convolutions of the decoder's stages; this and the next two: coarsest first.
    func decoderUnits() throws -> [[ConvolutionUnit]] {
        let features = configuration.features
        return try configuration.decoderLevels.map { stage, level in
            try (0..<configuration.decoderDepths[stage]).map { unit in
                try ConvolutionUnit(
                    root / version.decoderUnit(unit, stage: stage, of: configuration), from: (unit == 0 ? 2 : 1) * features[level],
                    to: features[level], kernel: version.decoderKernel(level, of: configuration), version: version)
            }
        }
    }

    /// The transposed convolutions into the decoder's stages.
    func upsamplings() throws -> [TransposedConvolution] {
        let features = configuration.features
        return try configuration.decoderLevels.map { stage, level in
            try TransposedConvolution(
                root / version.upsampling(stage: stage), from: features[level + 1], to: features[level],
                stride: Array(configuration.strides[level + 1]), bias: version.hasBiases, initial: .heNormal)
        }
    }

    /// The outputs of the decoder's stages.
    func heads() throws -> [Convolution] {
        try configuration.decoderLevels.map { stage, level in
            try Convolution(
                root / version.head(stage: stage), from: configuration.features[level], to: configuration.classes, kernel: [1, 1, 1],
                bias: version.hasBiases, initial: .heNormal)
        }
    }
}

/// The way back to full resolution in nnU-Net's U-Nets, with an output at each stage.
struct NNUNetDecoder {
    /// All three: coarsest first.
    let units: [[ConvolutionUnit]]
    let upsamplings: [TransposedConvolution]
    let heads: [Convolution]
    /// What a stage's map is shown as, before its number.
    var name = "decoder.stage"

    /// The maps of the encoder's stages, finest first → logits, finest first.
    /// - Parameter supervised: how many outputs are computed.
    func callAsFunction(_ maps: [Tensor], _ pass: ForwardPass, supervised: Int) throws -> [Tensor] {
        var x = maps[maps.count - 1]
        var logits: [Tensor] = []
        for stage in units.indices {
            let level = units.count - 1 - stage
            x = try Tensor.concatenated([upsamplings[stage](x), maps[level]], axis: 1)
            for unit in units[stage] { x = try unit(x, pass) }
            pass.show("\(name)\(stage)", x)
            if level < supervised { logits.append(try pass.show("logits\(level)", heads[stage](x))) }
        }
        return logits.reversed()
    }
}
