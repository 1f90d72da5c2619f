import UNETRGraphs
import UNETRSupport

/// Where the weights of an attention stand.
struct AttentionKeys {
    /// One layer for queries, keys and values, [3C, C], or three.
    enum Projection {
        case joined(String)
        case separate(String, String, String)
    }

    let projection: Projection
    /// Of the projection.
    var bias = true
    let output: String

    /// MONAI's.
    static func monai(_ scope: String, bias: Bool) -> Self { Self(projection: .joined("\(scope).qkv"), bias: bias, output: "\(scope).out_proj") }

    /// Those of the vision transformer and of Swin.
    static func joined(_ scope: String, bias: Bool = true) -> Self { Self(projection: .joined("\(scope).qkv"), bias: bias, output: "\(scope).proj") }

    /// TransUNet's.
    static func transUNet(_ scope: String) -> Self {
        Self(projection: .separate("\(scope).query", "\(scope).key", "\(scope).value"), output: "\(scope).out")
    }
}

extension NetworkGraphWriter {
    /// Some of the outputs of a linear layer, times a factor, which the fast form has in the weights.
    func linear(
        _ x: Graph.Value, _ key: String, rows: Range<Int>, of outputs: Int, from inputs: Int, bias: Bool = true, scale: Float = 1
    ) throws -> Graph.Value {
        let weight = GraphMatrix(try floats("\(key).weight", [outputs, inputs]), rows: outputs, columns: inputs)[rows: rows]
        let place = "rows \(rows.lowerBound) to \(rows.upperBound - 1)"
        let scaled = scale == 1 ? weight : weight.rowsScaled(repeatElement(scale, count: rows.count))
        let product = builder.product(x, builder.constant(scaled.transposed.values, [inputs, rows.count], key: "\(key).weight, \(place)"))
        guard bias else { return product }
        let added = try floats("\(key).bias", [outputs])[rows].map { $0 * scale }
        return builder.add(product, builder.constant(added, [rows.count], key: "\(key).bias, \(place)"))
    }

    /// Queries, keys and values of tokens [N, …, C], in the same shape, the queries times 1/√d for heads of d channels.
    func queriesKeysValues(_ x: Graph.Value, _ keys: AttentionKeys, channels: Int, heads: Int) throws -> [Graph.Value] {
        let scale = 1 / Float(channels / heads).squareRoot()
        switch (keys.projection, form) {
        case (.joined(let key), .fast):
            return try (0..<3).map { part in
                try linear(
                    x, key, rows: part * channels..<(part + 1) * channels, of: 3 * channels, from: channels, bias: keys.bias, scale: part == 0 ? scale : 1)
            }
        case (.joined(let key), .readable):
            let joined = try linear(x, key, from: channels, to: 3 * channels, bias: keys.bias)
            let parts = (0..<3).map { builder.sliced(joined, $0 * channels..<($0 + 1) * channels, axis: -1) }
            return [builder.multiply(parts[0], builder.constant(scale)), parts[1], parts[2]]
        case (.separate(let query, let key, let value), .fast):
            return try [query, key, value].enumerated().map { part, key in
                try linear(x, key, rows: 0..<channels, of: channels, from: channels, bias: keys.bias, scale: part == 0 ? scale : 1)
            }
        case (.separate(let query, let key, let value), .readable):
            let parts = try [query, key, value].map { try linear(x, $0, from: channels, to: channels, bias: keys.bias) }
            return [builder.multiply(parts[0], builder.constant(scale)), parts[1], parts[2]]
        }
    }

    /// `HeadAttention`: soft-max(q kᵀ + …) v for each head, of scaled queries [N, T, C] and S keys and values [N, S, C] → [N, T, C].
    ///
    /// Product, soft-max and product stand as OpenVINO looks for them, which makes one operation of them and of the transpositions around.
    /// - Parameters:
    ///   - queries: T.
    ///   - keys: S.
    ///   - added: what is added to the scores [N, h, T, S].
    func headAttention(
        _ query: Graph.Value, _ key: Graph.Value, _ value: Graph.Value, channels: Int, heads: Int, queries: Int, keys: Int, added: [Graph.Value] = []
    ) -> Graph.Value {
        func split(_ x: Graph.Value, _ tokens: Int, _ order: [Int]) -> Graph.Value {
            builder.transpose(builder.reshape(x, [-1, tokens, heads, channels / heads]), order)
        }
        let products = builder.product(split(query, queries, [0, 2, 1, 3]), split(key, keys, [0, 2, 3, 1]))
        let scores = added.reduce(products) { builder.add($0, $1) }
        let mixed = builder.product(builder.softmax(scores), split(value, keys, [0, 2, 1, 3]))
        return builder.reshape(builder.transpose(mixed, [0, 2, 1, 3]), [-1, queries, channels])
    }

    /// `SelfAttention` over all tokens [N, T, C].
    func selfAttention(_ x: Graph.Value, _ keys: AttentionKeys, channels: Int, heads: Int, tokens: Int) throws -> Graph.Value {
        let parts = try queriesKeysValues(x, keys, channels: channels, heads: heads)
        let mixed = headAttention(parts[0], parts[1], parts[2], channels: channels, heads: heads, queries: tokens, keys: tokens)
        return try linear(mixed, keys.output, from: channels, to: channels)
    }

    /// A transformer block: attention and two linear layers, each on normalized tokens and added to them.
    ///
    /// - Parameters:
    ///   - scope: of the linear layers, called `names`.
    ///   - norms: keys of the two normalizations.
    ///   - shortcuts: keys of the shortcuts' factors, where they have some.
    func transformerBlock(
        _ x: Graph.Value, norms: (String, String), epsilon: Float = NetworkGraphWriter.epsilon, attention: AttentionKeys, feedForward scope: String,
        names: (String, String), shortcuts: (String, String)? = nil, channels: Int, hidden: Int, heads: Int, tokens: Int
    ) throws -> Graph.Value {
        func shortcut(_ x: Graph.Value, _ key: String?) throws -> Graph.Value {
            try key.map { builder.multiply(x, try constant($0, [channels])) } ?? x
        }
        let normalized = try layerNorm(x, norms.0, channels, epsilon: epsilon)
        let attended = builder.add(
            try shortcut(x, shortcuts?.0), try selfAttention(normalized, attention, channels: channels, heads: heads, tokens: tokens))
        let inner = try feedForward(
            layerNorm(attended, norms.1, channels, epsilon: epsilon), scope, channels: channels, hidden: hidden, names: names)
        return builder.add(try shortcut(attended, shortcuts?.1), inner)
    }

    /// `MapTransformer`: a vision transformer over the voxels of a map [N, channels, d, h, w] → [N, hiddenSize, d, h, w].
    func mapTransformer(_ x: Graph.Value, _ scope: String, _ settings: MapTransformerSettings) throws -> Graph.Value {
        let hidden = settings.hiddenSize, tokens = settings.grid.voxels
        let embedded = try patchEmbedding(x, "\(scope).embeddings.patch_embeddings", from: settings.channels, to: hidden, block: [1, 1, 1])
        var x = builder.add(embedded, try constant("\(scope).embeddings.position_embeddings", [1, tokens, hidden]))
        for layer in 0..<settings.layers {
            let place = "\(scope).encoder.layer.\(layer)"
            x = try builder.in(place) {
                try transformerBlock(
                    x, norms: ("\(place).attention_norm", "\(place).ffn_norm"), epsilon: 1e-6, attention: .transUNet("\(place).attn"),
                    feedForward: "\(place).ffn", names: ("fc1", "fc2"),
                    shortcuts: settings.scalesShortcuts ? ("\(place).ls1.gamma", "\(place).ls2.gamma") : nil, channels: hidden,
                    hidden: settings.feedForwardSize, heads: settings.heads, tokens: tokens)
            }
        }
        return volume(try layerNorm(x, "\(scope).encoder.encoder_norm", hidden, epsilon: 1e-6), hidden, grid: settings.grid)
    }
}
