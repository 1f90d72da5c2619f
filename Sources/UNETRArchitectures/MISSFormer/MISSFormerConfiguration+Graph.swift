import UNETRGraphs
import UNETRSupport

extension MISSFormerConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder
        let maps = try bridged(encoded(input, writer), writer)
        var x = try writer.patchExpansion(maps[3], "decoder_3.layer_up", channels: channels(stage: 3), grid: grid(stage: 3), factor: 2)
        for stage in (0..<3).reversed() {
            let place = "decoder_\(stage)", channels = channels(stage: stage)
            let joined = builder.concatenated([x, maps[stage]], axis: -1)
            x = try writer.linear(joined, "\(place).concat_linear", from: decoderInputs(stage: stage), to: channels)
            for number in 1...2 { x = try block(x, "\(place).layer_former_\(number)", stage: stage, writer) }
            x = try writer.patchExpansion(x, "\(place).layer_up", channels: channels, grid: grid(stage: stage), factor: stage == 0 ? 4 : 2)
        }
        return try writer.convolution(
            writer.volume(x, channels(stage: 0), grid: patchSize), "decoder_0.last_layer", from: channels(stage: 0), to: classes, kernel: [1, 1, 1],
            bias: true)
    }

    /// The tokens of all stages, finest first.
    private func encoded(_ input: Graph.Value, _ writer: NetworkGraphWriter) throws -> [Graph.Value] {
        var map = input
        return try (0..<4).map { stage in
            let channels = channels(stage: stage), key = "backbone.patch_embed\(stage + 1)", (kernel, stride) = Self.embedding(stage: stage)
            let inputs = stage == 0 ? inputChannels : self.channels(stage: stage - 1), padding = Size3 { kernel[$0] / 2 }
            let convolved = try writer.imageConvolution(
                map, "\(key).proj", from: inputs, images: stage == 0 ? imageChannels : inputs, to: channels, kernel: kernel, stride: stride,
                padding: padding, bias: true)
            var x = try writer.layerNorm(writer.tokens(convolved, channels), "\(key).norm", channels)
            for index in 0..<depths[stage] { x = try block(x, "backbone.block\(stage + 1).\(index)", stage: stage, writer) }
            x = try writer.layerNorm(x, "backbone.norm\(stage + 1)", channels)
            map = writer.volume(x, channels, grid: grid(stage: stage))
            return x
        }
    }

    // MARK: Blocks

    /// `MISSFormerBlock`: attention with fewer keys than tokens, and linear layers, each on normalized tokens and added to them.
    private func block(_ x: Graph.Value, _ scope: String, stage: Int, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        try writer.builder.in(scope) {
            let channels = channels(stage: stage), side = Self.reductions[stage], place = "\(scope).attn", grid = grid(stage: stage)
            let normalized = try writer.layerNorm(x, "\(scope).norm1", channels)
            var keys = normalized
            if side > 1 {
                let reduced = try writer.convolution(
                    writer.volume(normalized, channels, grid: grid), "\(place).sr", from: channels, to: channels, kernel: [1, side, side],
                    stride: [1, side, side], padding: [0, 0, 0], bias: true)
                keys = try writer.layerNorm(writer.tokens(reduced, channels), "\(place).norm", channels)
            }
            let attended = try attention(
                normalized, keys: keys, place, channels: channels, heads: heads[stage], tokens: grid.voxels, ofKeys: keyGrid.voxels, writer)
            let sum = writer.builder.add(x, attended)
            return writer.builder.add(
                sum, try feedForward(writer.layerNorm(sum, "\(scope).norm2", channels), "\(scope).mlp", channels: channels, grid: grid, writer))
        }
    }

    /// `QueryAttention`: queries over the keys and values of other tokens.
    private func attention(
        _ x: Graph.Value, keys: Graph.Value, _ scope: String, channels: Int, heads: Int, tokens: Int, ofKeys: Int, _ writer: NetworkGraphWriter
    ) throws -> Graph.Value {
        let scale = 1 / Float(channels / heads).squareRoot(), isFast = writer.form == .fast
        let query = try writer.linear(x, "\(scope).q", rows: 0..<channels, of: channels, from: channels, scale: isFast ? scale : 1)
        let parts = try (0..<2).map {
            try writer.linear(keys, "\(scope).kv", rows: $0 * channels..<($0 + 1) * channels, of: 2 * channels, from: channels)
        }
        let mixed = writer.headAttention(
            isFast ? query : writer.builder.multiply(query, writer.builder.constant(scale)), parts[0], parts[1], channels: channels, heads: heads,
            queries: tokens, keys: ofKeys)
        return try writer.linear(mixed, "\(scope).proj", from: channels, to: channels)
    }

    /// `MixedFeedForward`: two linear layers with a convolution of each channel between them, added to its input and normalized.
    private func feedForward(_ x: Graph.Value, _ scope: String, channels: Int, grid: Size3, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder, hidden = Self.expansion * channels
        let inner = try writer.linear(x, "\(scope).fc1", from: channels, to: hidden)
        let mixed = try writer.convolution(
            writer.volume(inner, hidden, grid: grid), "\(scope).dwconv.dwconv", from: hidden, to: hidden, kernel: [1, 3, 3], groups: hidden, bias: true)
        let normalized = try writer.layerNorm(builder.add(writer.tokens(mixed, hidden), inner), "\(scope).norm1", hidden)
        return try writer.linear(builder.gelu(normalized), "\(scope).fc2", from: hidden, to: channels)
    }

    // MARK: Bridge

    /// The tokens of all stages after the bridge, in the same shapes.
    private func bridged(_ maps: [Graph.Value], _ writer: NetworkGraphWriter) throws -> [Graph.Value] {
        let builder = writer.builder
        let parts = (0..<4).map { builder.reshape(maps[$0], [0, bridgeTokens(stage: $0), featureSize]) }
        var x = builder.concatenated(parts, axis: 1)
        for layer in 1...layers { x = try bridge(x, "bridge.bridge_layer\(layer)", writer) }
        return (0..<4).map { map(of: x, stage: $0, writer) }
    }

    /// A stage's part of the bridge's tokens [N, T, f], as that stage's tokens.
    private func map(of tokens: Graph.Value, stage: Int, _ writer: NetworkGraphWriter) -> Graph.Value {
        let start = (0..<stage).map(bridgeTokens).reduce(0, +)
        let part = writer.builder.sliced(tokens, start..<start + bridgeTokens(stage: stage), axis: 1)
        return writer.builder.reshape(part, [0, grid(stage: stage).voxels, channels(stage: stage)])
    }

    /// `MISSFormerBridge`: a transformer block over the tokens of all stages together.
    private func bridge(_ x: Graph.Value, _ scope: String, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder
        return try builder.in(scope) {
            let normalized = try writer.layerNorm(x, "\(scope).norm1", featureSize)
            let attended = try attention(
                normalized, keys: bridgeKeys(normalized, "\(scope).attn", writer), "\(scope).attn", channels: featureSize, heads: 1,
                tokens: (0..<4).map(bridgeTokens).reduce(0, +), ofKeys: (0..<4).map(bridgeKeys(stage:)).reduce(0, +), writer)
            let sum = builder.add(x, attended), tokens = try writer.layerNorm(sum, "\(scope).norm2", featureSize)
            let parts = try (0..<4).map { stage in
                let inner = try feedForward(
                    map(of: tokens, stage: stage, writer), "\(scope).mixffn\(stage + 1)", channels: channels(stage: stage), grid: grid(stage: stage), writer)
                return builder.reshape(inner, [0, bridgeTokens(stage: stage), featureSize])
            }
            return builder.add(sum, builder.concatenated(parts, axis: 1))
        }
    }

    /// Fewer tokens for keys and values, [N, S, f].
    private func bridgeKeys(_ x: Graph.Value, _ scope: String, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder
        let parts = try (0..<4).map { stage in
            let map = map(of: x, stage: stage, writer), channels = channels(stage: stage), side = Self.reductions[stage]
            guard stage < 3 else { return builder.reshape(map, [0, bridgeKeys(stage: stage), featureSize]) }
            let reduced = try writer.convolution(
                writer.volume(map, channels, grid: grid(stage: stage)), "\(scope).scale_reduce.sr\(stage)", from: channels, to: channels,
                kernel: [1, side, side], stride: [1, side, side], padding: [0, 0, 0], bias: true)
            // As published: `featureSize` rows of the map's memory, channel by channel, are the channels.
            return builder.transpose(builder.reshape(reduced, [0, featureSize, bridgeKeys(stage: stage)]), [0, 2, 1])
        }
        return try writer.layerNorm(builder.concatenated(parts, axis: 1), "\(scope).scale_reduce.norm", featureSize)
    }
}
