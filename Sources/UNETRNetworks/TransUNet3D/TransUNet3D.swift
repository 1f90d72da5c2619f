public import UNETRArchitectures
public import UNETRLayers
public import UNETRTorch

/// 3D TransUNet (Chen et al., 2023) with a transformer in the encoder: the plain U-Net of nnU-Net, version 1, whose coarsest map goes through
/// a vision transformer. Parameters and keys are those of the published code.
public final class TransUNet3D: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: TransUNet3DConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    private let encoder: [[ConvolutionUnit]]
    private let decoder: NNUNetDecoder
    private let transformer: MapTransformer
    private let reduction: Convolution

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: TransUNet3DConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root, parts = NNUNetParts(root, configuration.unet, version: .v1)
        let heads = try parts.heads(), units = try parts.decoderUnits()
        encoder = try configuration.features.indices.map { try parts.plainStage($0) }
        decoder = NNUNetDecoder(units: units, upsamplings: try parts.upsamplings(), heads: heads, name: "conv_blocks_localization.")
        let hidden = configuration.hiddenSize, channels = configuration.features[configuration.features.count - 1]
        reduction = try Convolution(root / "conv_more", from: hidden, to: channels, kernel: [1, 1, 1], bias: true)
        let place = root / "transformer"
        transformer = try MapTransformer(
            place, configuration.transformer, positions: MapTransformer.positions(place, configuration.transformer))
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, …], finest first; the coarser ones only where `deepSupervision` asks for them.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = true) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            var x = try input.contiguous(.channelsLast)
            var maps = try encoder.enumerated().map { index, units in
                x = try units.reduce(x) { try $1($0, pass) }
                return pass.show("conv_blocks_context.\(index)", x)
            }
            maps[maps.count - 1] = try pass.show("conv_more", reduction(transformer(x, pass)))
            return try decoder(maps, pass, supervised: deepSupervision ? configuration.outputSizes.count : 1)
        }
    }
}
