import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

extension MISSFormerConfiguration {
    /// The part of the bridge's tokens [N, T, f] that is a stage's, as that stage's tokens [N, 1, h, w, C].
    ///
    /// The channels of one token become several of the bridge's, one after the other.
    func map(of tokens: Tensor, stage: Int) throws -> Tensor {
        let start = (0..<stage).map(bridgeTokens).reduce(0, +)
        let part = try tokens.narrowed(1, start..<(start + bridgeTokens(stage: stage)))
        return try part.reshaped([tokens.shape[0]] + grid(stage: stage) + [channels(stage: stage)])
    }
}

/// A transformer block over the tokens of all stages together, cut to pieces of the finest stage's width.
struct MISSFormerBridge {
    private let configuration: MISSFormerConfiguration
    private let norm1, norm2, keyNorm: LayerNorm
    private let attention: QueryAttention
    /// Of all stages but the coarsest.
    private let reductions: [Convolution]
    private let feedForwards: [MixedFeedForward]
    private let path: String

    init(_ scope: Scope, _ configuration: MISSFormerConfiguration) throws {
        self.configuration = configuration
        path = scope.path
        let width = configuration.featureSize, place = scope / "attn"
        norm1 = try LayerNorm(scope / "norm1", channels: width)
        attention = try QueryAttention(place, channels: width, heads: 1)
        reductions = try (0..<3).map { stage in
            let channels = configuration.channels(stage: stage), side = MISSFormerConfiguration.reductions[stage]
            return try Convolution(
                place / "scale_reduce" / "sr\(stage)", from: channels, to: channels, kernel: [1, side, side], stride: [1, side, side], bias: true)
        }
        keyNorm = try LayerNorm(place / "scale_reduce" / "norm", channels: width)
        norm2 = try LayerNorm(scope / "norm2", channels: width)
        feedForwards = try (0..<4).map { try MixedFeedForward(scope / "mixffn\($0 + 1)", channels: configuration.channels(stage: $0)) }
    }

    /// [N, T, f] → the same.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let normalized = try norm1(x)
        let attended = try x + pass.show("\(path).attn", attention(normalized, keys: keys(normalized, pass), pass))
        let tokens = try norm2(attended)
        let parts = try feedForwards.enumerated().map { stage, feedForward in
            try feedForward(configuration.map(of: tokens, stage: stage), pass).reshaped([x.shape[0], -1, configuration.featureSize])
        }
        return try pass.show(path, attended + Tensor.concatenated(parts, axis: 1))
    }

    /// Fewer tokens for keys and values, [N, S, f].
    private func keys(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let width = configuration.featureSize
        let parts = try (0..<4).map { stage in
            let map = try configuration.map(of: x, stage: stage)
            guard stage < reductions.count else { return try map.reshaped([x.shape[0], -1, width]) }
            let reduced = try inSafePrecision(map.channelsToFront(), pass, parameters: reductions[stage].weight.dtype) { try reductions[stage]($0) }
            // As published: not the channels of one place become several tokens, but `width` rows of the map's memory, channel by channel, are
            // the channels.
            return try reduced.reshaped([x.shape[0], width, -1]).transposed(1, 2)
        }
        return try keyNorm(Tensor.concatenated(parts, axis: 1))
    }
}
