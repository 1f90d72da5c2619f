public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// Swin-Unet (Cao et al., ECCV Workshops 2022): attention within shifted windows in the encoder as in the decoder, over a slice.
/// Parameters and keys are those of the published network, the code is not.
public final class SwinUNet: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: SwinUNetConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let embedding: PatchEmbedding
    private let embeddingNorm: LayerNorm
    /// Stage by stage, the finest first; all but the last are followed by a merging.
    private let encoder: [(blocks: [WindowTransformerBlock], merging: PatchMerging?)]
    /// The coarsest stage first, which has no blocks; the finest has no expansion.
    private let decoder: [(blocks: [WindowTransformerBlock], expansion: PatchExpansion?)]
    /// What joins the tokens that come up with those of the encoder, for all stages of the decoder but the coarsest.
    private let joins: [Linear]
    private let norm, decoderNorm: LayerNorm
    private let expansion: PatchExpansion
    private let head: Convolution

    /// The first values of all linear layers.
    private static let initial = Initializer.truncatedNormal(deviation: 0.02)

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: SwinUNetConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, width = configuration.featureSize, channels = configuration.channels(stage:)
        embedding = try PatchEmbedding(
            convolution: root / "patch_embed" / "proj", from: configuration.imageChannels, to: width, block: Array(SwinUNetConfiguration.token))
        embeddingNorm = try LayerNorm(root / "patch_embed" / "norm", channels: width)
        func blocks(_ scope: Scope, _ stage: Int) throws -> [WindowTransformerBlock] {
            try configuration.blocks(stage: stage).enumerated().map { index, settings in
                try WindowTransformerBlock(
                    scope / "blocks" / index, channels: channels(stage), settings,
                    storingMaskOf: configuration.windows(stage: stage, shifted: index % 2 == 1), initial: Self.initial)
            }
        }
        encoder = try (0..<4).map { stage in
            let place = root / "layers" / stage
            return (
                try blocks(place, stage),
                try stage == 3
                    ? nil
                    : PatchMerging(
                        place / "downsample", channels: channels(stage), unit: SwinUNetConfiguration.merged,
                        offsets: SwinUNetConfiguration.neighbors, initial: Self.initial)
            )
        }
        decoder = try (0..<4).map { index in
            let stage = 3 - index, place = root / "layers_up" / index
            return (
                try index == 0 ? [] : blocks(place, stage),
                try stage == 0
                    ? nil
                    : PatchExpansion(index == 0 ? place : place / "upsample", channels: channels(stage), factor: 2, initial: Self.initial)
            )
        }
        joins = try (1..<4).map { index in
            try Linear(root / "concat_back_dim" / index, from: 2 * channels(3 - index), to: channels(3 - index), initial: Self.initial)
        }
        norm = try LayerNorm(root / "norm", channels: channels(3))
        decoderNorm = try LayerNorm(root / "norm_up", channels: width)
        expansion = try PatchExpansion(root / "up", channels: width, factor: 4, initial: Self.initial)
        head = try Convolution(root / "output", from: width, to: configuration.classes, kernel: [1, 1, 1])
    }

    /// [N, inputChannels, 1, H, W] → logits [N, classes, 1, H, W], alone in the list: there are no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try configuration.image(configuration.checked(input))
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let embedded = try pass.show("patch_embed", embeddingNorm(embedding(input.contiguous(.channelsLast))))
            var x = try pass.dropped(embedded, configuration.dropout), skips: [Tensor] = []
            for (stage, step) in encoder.enumerated() {
                skips.append(x)
                x = try run(step.blocks, on: x, stage: stage, "layers.\(stage)", pass)
                if let merging = step.merging { x = try pass.show("layers.\(stage)", merging(x)) }
            }
            x = try pass.show("norm", norm(x))
            for (index, step) in decoder.enumerated() {
                let stage = 3 - index
                if index > 0 { x = try joins[index - 1](Tensor.concatenated([x, skips[stage]], axis: -1)) }
                x = try run(step.blocks, on: x, stage: stage, "layers_up.\(index)", pass)
                if let expansion = step.expansion { x = try pass.show("layers_up.\(index)", expansion(x)) }
            }
            let fine = try pass.show("up", expansion(pass.show("norm_up", decoderNorm(x))))
            return [pass.show("logits0", try head(fine.channelsToFront()))]
        }
    }

    private func run(_ blocks: [WindowTransformerBlock], on x: Tensor, stage: Int, _ name: String, _ pass: ForwardPass) throws -> Tensor {
        var x = x
        for (index, block) in blocks.enumerated() {
            x = try pass.show(
                "\(name).blocks.\(index)", block(x, in: configuration.windows(stage: stage, shifted: index % 2 == 1), pass))
        }
        return x
    }
}
