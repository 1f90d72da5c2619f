import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// Where CoTr's maps come from.
enum CoTrEncoder {
    /// A convolution and residual stages, of levels 1, 2 and 3.
    case convolutions(ConvolutionUnit, [[CoTrBlock]], path: String)
    /// Linear maps of the scan's blocks, of the levels whose voxels are tokens.
    case patches([Convolution])

    init(_ scope: Scope, _ configuration: CoTrConfiguration) throws {
        let channels = configuration.channels, inputs = configuration.inputChannels
        guard configuration.form != .patches else {
            self = .patches(
                try CoTrConfiguration.tokenLevels.map { level in
                    let block = Array(configuration.block(level))
                    return try Convolution(
                        scope / "patches" / level, from: inputs, to: channels(level), kernel: block, stride: block, padding: [0, 0, 0], bias: true)
                })
            return
        }
        let place = scope / "backbone"
        let stem = try ConvolutionUnit(
            coTr: (place / "conv1", place / "norm1"), from: inputs, to: channels(0), kernel: [7, 7, 7], stride: [1, 2, 2])
        let stages = try CoTrConfiguration.depths.enumerated().map { index, depth in
            try (0..<depth).map { block in
                try CoTrBlock(
                    place / "layer\(index + 1)" / block, from: channels(block == 0 ? index : index + 1), to: channels(index + 1), isFirst: block == 0)
            }
        }
        self = .convolutions(stem, stages, path: place.path)
    }

    /// [N, inputs, D, H, W] → the maps of levels 0 and 1, or none, and those of levels 2 and 3.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> (fine: [Tensor], coarse: [Tensor]) {
        switch self {
        case .patches(let embeddings): return ([], try embeddings.map { try $0(x) })
        case .convolutions(let stem, let stages, let path):
            var maps = [try stem(x, pass)]
            for (index, blocks) in stages.enumerated() {
                maps.append(try pass.show("\(path).layer\(index + 1)", blocks.reduce(maps[index]) { try $1($0, pass) }))
            }
            return (Array(maps[..<2]), Array(maps[2...]))
        }
    }
}
