public import UNETRArchitectures
public import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// CoTr (Xie et al., MICCAI 2021): a residual encoder, a transformer with deformable attention over the voxels of its two coarsest maps, and a
/// convolutional decoder. Parameters and keys are those of the published network, the code is not.
///
/// Two more forms, which the literature compares with and nobody published, are ours: `CoTrConfiguration.Form`.
public final class CoTr: ConfiguredNetwork {
    /// What it was built from.
    public let configuration: CoTrConfiguration
    /// All parameters and buffers by checkpoint key.
    public let store: ParameterStore

    /// What is between the encoder and the decoder.
    private enum Middle {
        case transformer(DeformableTransformer)
        case pyramid(AtrousPyramid)

        /// The maps of levels 2 and 3 → the same sizes.
        func callAsFunction(_ maps: [Tensor], _ pass: ForwardPass) throws -> [Tensor] {
            switch self {
            case .transformer(let transformer): try transformer(maps, pass)
            case .pyramid(let pyramid): [maps[0], try pyramid(maps[1], pass)]
            }
        }
    }

    /// Of levels 2, 1 and 0.
    private let decoder: [(upsampling: TransposedConvolution, block: CoTrPair, head: Convolution)]
    private let head: Convolution
    private let encoder: CoTrEncoder
    private let middle: Middle

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
        encoder = try CoTrEncoder(root, configuration)
        middle =
            try configuration.form == .pyramid
            ? .pyramid(AtrousPyramid(root / "aspp", configuration))
            : .transformer(DeformableTransformer(root / "encoder_Detrans", configuration, dtype: dtype))
    }

    /// [N, inputChannels, D, H, W] → logits [N, classes, …], finest first; the coarser ones only where `deepSupervision` asks for them.
    public func callAsFunction(_ input: Tensor, _ pass: ForwardPass = .evaluation, deepSupervision: Bool = true) throws -> [Tensor] {
        let input = try configuration.checked(input)
        return try withAutocast(pass.mixedPrecision, on: input.device) {
            let maps = try encoder(input.contiguous(.channelsLast), pass)
            let coarsest = try middle(maps.coarse, pass)
            let skips = maps.fine + [coarsest[0]]  // of levels 0, 1 and 2, or of level 2 alone
            var x = coarsest[1], coarse: [Tensor] = []
            for (index, step) in decoder.enumerated() {
                let level = 2 - index, raised = try step.upsampling(x)
                x = try step.block(index < skips.count ? raised + skips[skips.count - 1 - index] : raised, pass)
                pass.show("U_ResTran3D.stage\(level)_de", x)
                if deepSupervision { coarse.append(try pass.show("logits\(level + 1)", step.head(x))) }
            }
            let logits = try head(x.upsampledLinear(to: Array(configuration.patchSize)))
            return [pass.show("logits0", logits)] + coarse.reversed()
        }
    }
}
