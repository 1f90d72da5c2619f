public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// SETR (Zheng et al., CVPR 2021) in 3-D: a vision transformer over blocks of 16³ voxels and a plain decoder. The keys are those of MONAI's
/// transformer and of the published decoders.
public final class SETR: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: SETRConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let transformer: VisionTransformer
    private let decoder: any SETRDecoder

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: SETRConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        transformer = try VisionTransformer(store.root / "vit", configuration.encoder)
        let place = store.root / "decode_head"
        decoder =
            switch configuration.decoder {
            case .naive, .progressive: try SETRPlainDecoder(place, configuration)
            case .multiLevel: try SETRMultiLevelDecoder(place, configuration)
            }
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, D, H, W], alone in the list: there are no coarser outputs.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = false) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let hidden = try transformer(input, pass).hidden
            let logits = try decoder(configuration.featureLayers.map { hidden[$0] }, pass)
            return [pass.show("logits0", pass.show("decode_head", logits))]
        }
    }
}

/// What makes logits [N, classes, D, H, W] of the tokens [N, T, C] after some blocks, the first of them first.
private protocol SETRDecoder {
    func callAsFunction(_ tokens: [Tensor], _ pass: ForwardPass) throws -> Tensor
}

/// The naive and the progressive decoder.
private struct SETRPlainDecoder: SETRDecoder {
    let configuration: SETRConfiguration
    let norm: LayerNorm
    let units: [BatchUnit]
    let head: Convolution

    init(_ scope: Scope, _ configuration: SETRConfiguration) throws {
        self.configuration = configuration
        let steps = configuration.decoder == .naive ? 1 : 4, kernel = configuration.decoder == .naive ? [1, 1, 1] : [3, 3, 3]
        let width = configuration.decoderChannels
        norm = try LayerNorm(scope / "norm", channels: configuration.hiddenSize, epsilon: 1e-6)
        // The keys have all convolutions before all normalizations.
        let convolutions = try (0..<steps).map {
            try Convolution(
                scope / "conv_\($0)", from: $0 == 0 ? configuration.hiddenSize : width, to: width, kernel: kernel, bias: true)
        }
        head = try Convolution(scope / "conv_\(steps)", from: width, to: configuration.classes, kernel: [1, 1, 1], bias: true)
        units = try convolutions.enumerated().map { BatchUnit($1, norm: try BatchNorm(scope / "syncbn_fc_\($0)", channels: width)) }
    }

    func callAsFunction(_ tokens: [Tensor], _ pass: ForwardPass) throws -> Tensor {
        var x = try volume(norm(tokens[0]), configuration)
        for (index, unit) in units.enumerated() {
            x = try unit(x, pass, shownAs: "decode_head.conv_\(index)")
            if index < units.count - 1 { x = try x.upsampledLinear(to: x.shape.dropFirst(2).map { 2 * $0 }) }
        }
        return try head(x).upsampledLinear(to: Array(configuration.patchSize))
    }
}

/// The multi-level decoder: maps of four depths, each with those of later ones added, and a head for each.
private struct SETRMultiLevelDecoder: SETRDecoder {
    let configuration: SETRConfiguration
    /// All of these: from the first depth to the last.
    let norms: [LayerNorm]
    let reductions, maps: [BatchUnit]
    let heads: [(BatchUnit, BatchUnit)]
    let last: Convolution

    init(_ scope: Scope, _ configuration: SETRConfiguration) throws {
        self.configuration = configuration
        let width = configuration.decoderChannels, narrow = configuration.headChannels
        norms = try (0..<4).map { try LayerNorm(scope / "norm_\($0)", channels: configuration.hiddenSize, epsilon: 1e-6) }
        reductions = try (2...5).map {
            try BatchUnit(scope / "mla" / "mla_p\($0)_1x1", from: configuration.hiddenSize, to: width, kernel: [1, 1, 1])
        }
        maps = try (2...5).map { try BatchUnit(scope / "mla" / "mla_p\($0)", from: width, to: width, kernel: [3, 3, 3]) }
        heads = try (2...5).map {
            let place = scope / "mlahead" / "head\($0)"
            return (
                try BatchUnit(place, from: width, to: narrow, kernel: [3, 3, 3]),
                try BatchUnit(place, place: 3, from: narrow, to: narrow, kernel: [3, 3, 3])
            )
        }
        last = try Convolution(scope / "cls", from: 4 * narrow, to: configuration.classes, kernel: [3, 3, 3], bias: true)
    }

    func callAsFunction(_ tokens: [Tensor], _ pass: ForwardPass) throws -> Tensor {
        var sums = try (0..<4).map { try reductions[$0](volume(norms[$0](tokens[$0]), configuration), pass) }
        for index in (0..<3).reversed() { sums[index] = try sums[index] + sums[index + 1] }
        let quarter = configuration.grid.map { 4 * $0 }
        let raised = try (0..<4).map { index in
            let map = try pass.show("decode_head.mla.mla_p\(index + 2)", maps[index](sums[index], pass))
            return try heads[index].1(heads[index].0(map, pass), pass).upsampledLinear(to: quarter, aligningCorners: true)
        }
        return try last(Tensor.concatenated(raised, axis: 1)).upsampledLinear(to: Array(configuration.patchSize))
    }
}

/// Tokens [N, T, C] as [N, C, d, h, w], in channels-last memory.
private func volume(_ tokens: Tensor, _ configuration: SETRConfiguration) throws -> Tensor {
    try tokens.reshaped([tokens.shape[0]] + configuration.grid + [configuration.hiddenSize]).channelsToFront()
}
