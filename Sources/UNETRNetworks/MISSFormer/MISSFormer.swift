public import UNETRArchitectures
public import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// MISSFormer (Huang et al., IEEE TMI 2023): transformer blocks with few keys at four resolutions of a slice, a bridge of attention over all
/// of them together, and a decoder of the same blocks. Parameters and keys are those of the published network, the code is not.
public final class MISSFormer: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: MISSFormerConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    /// A stage of the encoder.
    private struct Stage {
        let embedding: OverlappingEmbedding
        let blocks: [MISSFormerBlock]
        let norm: LayerNorm
    }

    /// A stage of the decoder; the coarsest one only expands.
    private struct DecoderStage {
        let join: Linear
        let expansion: PatchExpansion
        let blocks: [MISSFormerBlock]
    }

    private let encoder: [Stage]
    private let bridge: [MISSFormerBridge]
    /// The coarsest first.
    private let decoder: [DecoderStage]
    private let head: Convolution

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: MISSFormerConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, backbone = store.root / "backbone", channels = configuration.channels(stage:)
        let embeddings = try (0..<4).map { stage in
            try OverlappingEmbedding(
                backbone / "patch_embed\(stage + 1)", from: stage == 0 ? configuration.imageChannels : channels(stage - 1), to: channels(stage),
                MISSFormerConfiguration.embedding(stage: stage))
        }
        encoder = try embeddings.enumerated().map { stage, embedding in
            let blocks = try (0..<configuration.depths[stage]).map {
                try MISSFormerBlock(backbone / "block\(stage + 1)" / $0, configuration, stage: stage)
            }
            return Stage(embedding: embedding, blocks: blocks, norm: try LayerNorm(backbone / "norm\(stage + 1)", channels: channels(stage)))
        }
        bridge = try (1...configuration.layers).map { try MISSFormerBridge(root / "bridge" / "bridge_layer\($0)", configuration) }
        var head: Convolution?
        decoder = try (0..<4).reversed().map { stage in
            let place = root / "decoder_\(stage)"
            let join = try Linear(
                place / "concat_linear", from: configuration.decoderInputs(stage: stage), to: channels(stage), initial: .glorot)
            let expansion = try PatchExpansion(
                place / "layer_up", channels: channels(stage), factor: stage == 0 ? 4 : 2, initial: .glorot)
            if stage == 0 {
                head = try Convolution(
                    place / "last_layer", from: channels(0), to: configuration.classes, kernel: [1, 1, 1], bias: true, initial: .glorot)
            }
            let blocks = try (1...2).map {
                try MISSFormerBlock(place / "layer_former_\($0)", configuration, stage: stage, initial: .glorot)
            }
            return DecoderStage(join: join, expansion: expansion, blocks: blocks)
        }
        guard let head else { preconditionFailure("the finest stage makes the head") }
        self.head = head
    }

    /// [N, inputChannels, 1, H, W] → logits [N, classes, 1, H, W], alone in the list: there are no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try configuration.image(configuration.checked(input))
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let maps = try bridged(encode(input.contiguous(.channelsLast), pass), pass)
            var x = try pass.show("decoder_3", decoder[0].expansion(maps[3]))
            for (index, step) in decoder.enumerated().dropFirst() {
                let stage = 3 - index
                x = try step.join(Tensor.concatenated([x, maps[stage]], axis: -1))
                for block in step.blocks { x = try block(x, pass) }
                x = try pass.show("decoder_\(stage)", step.expansion(x))
            }
            return [pass.show("logits0", try head(x.channelsToFront()))]
        }
    }

    /// The tokens [N, 1, h, w, C] of all stages, finest first.
    private func encode(_ x: Tensor, _ pass: ForwardPass) throws -> [Tensor] {
        var map = x
        return try encoder.enumerated().map { stage, step in
            var tokens = try step.embedding(map, pass)
            for (index, block) in step.blocks.enumerated() {
                tokens = try pass.show("backbone.block\(stage + 1).\(index)", block(tokens, pass))
            }
            tokens = try step.norm(tokens)
            map = try tokens.channelsToFront()
            return tokens
        }
    }

    /// The tokens of all stages after the bridge, in the same shapes.
    private func bridged(_ maps: [Tensor], _ pass: ForwardPass) throws -> [Tensor] {
        let parts = try maps.map { try $0.reshaped([$0.shape[0], -1, configuration.featureSize]) }
        var tokens = try Tensor.concatenated(parts, axis: 1)
        for layer in bridge { tokens = try layer(tokens, pass) }
        return try (0..<4).map { try configuration.map(of: tokens, stage: $0) }
    }
}
