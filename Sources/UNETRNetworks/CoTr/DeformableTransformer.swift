import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// A transformer with deformable attention over the voxels of several maps (CoTr's DeTrans encoder).
struct DeformableTransformer {
    private let maps: TokenMaps
    private let positions: Tensor
    /// What tells the maps apart, [maps, C].
    private let levels: Tensor
    private let layers: [DeformableLayer]
    private let path: String

    init(_ scope: Scope, _ configuration: CoTrConfiguration, dtype: DType) throws {
        let channels = configuration.hiddenSize, maps = try TokenMaps(grids: configuration.grids, dtype: dtype, device: scope.device)
        levels = try scope.parameter("level_embed", [maps.grids.count, channels], .truncatedNormal(deviation: 1))
        layers = try (0..<configuration.layers).map { try DeformableLayer(scope / "encoder" / "layers" / $0, configuration, maps: maps) }
        positions = try maps.positions(channels: channels)
        (self.maps, path) = (maps, scope.path)
    }

    /// Maps [N, C, d, h, w], finest first → the same.
    func callAsFunction(_ volumes: [Tensor], _ pass: ForwardPass) throws -> [Tensor] {
        let tokens = try Tensor.concatenated(volumes.map { try $0.channelsToEnd().flattened(from: 1, to: 3) }, axis: 1)
        let ofLevels = try maps.grids.enumerated().map { map, grid in
            try levels.narrowed(0, map..<(map + 1)).expanded([grid.voxels, levels.shape[1]])
        }
        let code = try positions + Tensor.concatenated(ofLevels, axis: 0)
        let last = try pass.show(path, layers.reduce(tokens) { try $1($0, positions: code, pass) })
        return try maps.grids.enumerated().map { map, grid in
            try maps.tokens(last, of: map).reshaped([last.shape[0]] + grid + [last.shape[2]]).channelsToFront()
        }
    }
}

/// Deformable attention and two linear layers, each added to the tokens, which are normalized then.
private struct DeformableLayer {
    private let attention: DeformableAttention
    private let norm1, norm2: LayerNorm
    private let feedForward: FeedForward
    private let dropout: Double
    private let path: String

    init(_ scope: Scope, _ configuration: CoTrConfiguration, maps: TokenMaps) throws {
        let channels = configuration.hiddenSize
        attention = try DeformableAttention(scope / "self_attn", channels: channels, heads: configuration.heads, maps: maps)
        norm1 = try LayerNorm(scope / "norm1", channels: channels)
        feedForward = try FeedForward(scope, channels: channels, hidden: configuration.feedForwardSize, dropout: configuration.dropout)
        norm2 = try LayerNorm(scope / "norm2", channels: channels)
        (dropout, path) = (configuration.dropout, scope.path)
    }

    /// [N, T, C] → [N, T, C].
    /// - Parameter positions: what is added to the tokens where they ask, [T, C].
    func callAsFunction(_ x: Tensor, positions: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let found = try pass.show("\(path).self_attn", attention(query: x + positions, x))
        let attended = try norm1(x + pass.dropped(found, dropout))
        return try pass.show(path, norm2(attended + feedForward(attended, pass)))
    }
}
