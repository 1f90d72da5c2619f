public import UNETRArchitectures
public import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// CoTr (Xie et al., MICCAI 2021): a residual encoder, a transformer with deformable attention over the voxels of its two coarsest maps, and a
/// convolutional decoder. Parameters and keys are those of the published network, the code is not.
public final class CoTr: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: CoTrConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    /// Of levels 2, 1 and 0.
    private let decoder: [(upsampling: TransposedConvolution, block: CoTrPair, head: Convolution)]
    private let head: Convolution
    private let stem: ConvolutionUnit
    /// Of levels 1, 2 and 3.
    private let stages: [[CoTrBlock]]
    private let maps: TokenMaps
    private let positions: Tensor
    /// What tells the maps apart, [maps, C].
    private let levels: Tensor
    private let layers: [CoTrLayer]

    /// A network of that configuration, its parameters new (or unset, to be filled from a file).
    /// - Throws: `ConfigurationError` for impossible settings.
    public init(
        _ configuration: CoTrConfiguration = .init(), device: Device = .cpu, dtype: DType = .float32,
        values: ParameterStore.Values = .random, generator: Generator? = nil
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        store = ParameterStore(device: device, dtype: dtype, values: values, generator: generator)
        let root = store.root / "U_ResTran3D", levels = Array((0..<3).reversed()), channels = configuration.channels
        // The keys lie apart: all up-samplings, then all blocks, then all heads.
        let upsamplings = try levels.map { level in
            try TransposedConvolution(
                root / "transposeconv_stage\(level)", from: channels(level + 1), to: channels(level), stride: [2, 2, 2], initial: .heNormalBackward)
        }
        let blocks = try levels.map { try CoTrPair(root / "stage\($0)_de", channels: channels($0)) }
        func head(_ name: String, from inputs: Int) throws -> Convolution {
            try Convolution(root / name, from: inputs, to: configuration.classes, kernel: [1, 1, 1], bias: true, initial: .heNormalBackward)
        }
        let heads = try levels.map { try head("ds\($0)_cls_conv", from: channels($0)) }
        decoder = levels.indices.map { (upsamplings[$0], blocks[$0], heads[$0]) }
        self.head = try head("cls_conv", from: channels(0))
        let backbone = root / "backbone"
        stem = try ConvolutionUnit(
            coTr: (backbone / "conv1", backbone / "norm1"), from: configuration.inputChannels, to: channels(0), kernel: [7, 7, 7], stride: [1, 2, 2])
        stages = try CoTrConfiguration.depths.enumerated().map { index, depth in
            try (0..<depth).map { block in
                try CoTrBlock(
                    backbone / "layer\(index + 1)" / block, from: channels(block == 0 ? index : index + 1), to: channels(index + 1),
                    isFirst: block == 0)
            }
        }
        let maps = try TokenMaps(grids: configuration.grids, dtype: dtype, device: device), place = root / "encoder_Detrans"
        self.levels = try place.parameter("level_embed", [configuration.grids.count, configuration.hiddenSize], .truncatedNormal(deviation: 1))
        layers = try (0..<configuration.layers).map { try CoTrLayer(place / "encoder" / "layers" / $0, configuration, maps: maps) }
        positions = try maps.positions(channels: configuration.hiddenSize)
        self.maps = maps
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, …], finest first; the coarser ones only where `deepSupervision` asks for them.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = true) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            var skips = [try stem(input.contiguous(.channelsLast), pass)]
            for (index, blocks) in stages.enumerated() {
                let map = try blocks.reduce(skips[index]) { try $1($0, pass) }
                skips.append(pass.show("U_ResTran3D.backbone.layer\(index + 1)", map))
            }
            let tokenLevels = CoTrConfiguration.tokenLevels
            let tokens = try transformed(tokenLevels.map { skips[$0] }, pass)
            for (index, level) in tokenLevels.enumerated() {
                skips[level] = try maps.tokens(tokens, of: index).reshaped([input.shape[0]] + maps.grids[index] + [configuration.hiddenSize])
                    .channelsToFront()
            }
            var x = skips[3], coarse: [Tensor] = []
            for (index, step) in decoder.enumerated() {
                let level = 2 - index
                x = try step.block(step.upsampling(x) + skips[level], pass)
                pass.show("U_ResTran3D.stage\(level)_de", x)
                if deepSupervision { coarse.append(try pass.show("logits\(level + 1)", step.head(x))) }
            }
            let logits = try head(x.upsampledLinear(to: Array(configuration.patchSize)))
            return [pass.show("logits0", logits)] + coarse.reversed()
        }
    }

    /// The maps as tokens [N, T, C] through the transformer.
    private func transformed(_ volumes: [Tensor], _ pass: ForwardPass) throws -> Tensor {
        let tokens = try Tensor.concatenated(volumes.map { try $0.channelsToEnd().flattened(from: 1, to: 3) }, axis: 1)
        let ofLevels = try maps.grids.enumerated().map { map, grid in
            try levels.narrowed(0, map..<(map + 1)).expanded([grid.voxels, configuration.hiddenSize])
        }
        let code = try positions + Tensor.concatenated(ofLevels, axis: 0)
        return try pass.show("U_ResTran3D.encoder_Detrans", layers.reduce(tokens) { try $1($0, positions: code, pass) })
    }
}
